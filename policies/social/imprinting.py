"""Imprinting: weights of the kind of what is heard first, which then stay. For random features that fit their inputs.

Tapson, de Chazal, van Schaik 2015, "Explicit computation of input weights in extreme learning machines" (arXiv 1406.2889): random
combinations of training samples are better random weights than independent numbers. Here they are those of the first round only,
so that nothing is stored or changed later; for continual learning it is our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking

ROUNDING = 64
"""Deviations below this many units of rounding of an input count as none, so that a constant input gives no direction."""


@dataclass(frozen=True)
class Imprinting(Wrapper):
    """Weights become random combinations of the inputs of the first round, and are frozen from then on.

    In its first round a neuron draws a normal number for each sample of the batch. It adds up the inputs, minus their mean, times
    these numbers: a random direction with the covariance of the inputs. Its weights become this direction, with the given
    length; they stay as they are if no input varies. The learning rate cancels: it is exact under plain steps. The bias stays.
    Output neurons adapt as the wrapped policy does, and so do neurons without listeners.

    Args:
        policy: The wrapped policy, which makes the demands.
        length: Euclidean length of the weights, above 0. Fresh weights of a relu neuron have a length of about 1.4.

    Raises:
        ConfigurationError: The length is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    length: float = 2.0

    own_stochastic = True
    own_needs = frozenset({"synapse_mask", "synapses"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("length", self.length, 0, above=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """1 once the neuron has imprinted, (J,)."""
        return {"imprinted": "J"}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the step to the imprinted weights, per unit of learning rate, then 0; outputs follow the wrapped policy."""
        xp, change = obs.xp, super().adapt(response, obs, memory)
        direction = (xp.matrix_transpose(obs.draws.normal("imprint", "BJ")) @ self._deviations(obs)) * obs.synapse_mask[..., :-1]
        norm = xp.linalg.vector_norm(direction, axis=-1, keepdims=True)
        target = self.length * direction / xp.where(norm > 0, norm, xp.ones_like(norm))
        imprints = xp.astype(norm > 0, norm.dtype) * (1.0 - memory["imprinted"][..., None]) / obs.learning_rate
        step = xp.concat([imprints * (target - obs.synapses[..., :-1]), xp.zeros_like(change[..., :1])], axis=-1)
        return xp.where(obs.has_listeners()[..., None], step, change)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return that the neuron has imprinted."""
        return {**super().remember(change, response, obs, memory), "imprinted": obs.xp.ones_like(memory["imprinted"])}

    def _deviations(self, obs: Observation) -> Array:
        """Return the inputs minus their mean over the batch, (..., B, I); 0 where that is rounding."""
        xp, heard = obs.xp, obs.speaker_activity
        deviations = heard - xp.mean(heard, axis=-2, keepdims=True)
        size = xp.max(xp.abs(heard), axis=-2, keepdims=True)
        return xp.where(xp.abs(deviations) > ROUNDING * xp.finfo(heard.dtype).eps * size, deviations, xp.zeros_like(deviations))

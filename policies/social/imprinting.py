"""Imprinting: random weights of the kind of what is heard first, which then stay. For random features that fit their inputs.

Tapson, de Chazal, van Schaik 2015, "Explicit computation of input weights in extreme learning machines" (arXiv 1406.2889): random
combinations of training samples are better random weights than independent numbers. Here they are those of the first rounds only,
so that nothing is stored or changed later; for continual learning it is our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Imprinting(Wrapper):
    """Weights grow in the first rounds by random combinations of the inputs, and are frozen from then on.

    In an imprinting round a neuron draws a normal number for each sample of the batch. It adds up the inputs, minus their mean,
    times these numbers. The sum is scaled to the length `strength / rounds` and added to the weights: a random direction with the
    covariance of the inputs. The learning rate cancels: it is exact under plain steps. The bias stays. Output neurons adapt
    as the wrapped policy does, and so do neurons without listeners.

    Args:
        policy: The wrapped policy, which makes the demands.
        strength: Length of what is added to the weights in all rounds, 0 or more; at 0 it is a free rider.
        rounds: Number of imprinting rounds, 1 or more.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    strength: float = 2.0
    rounds: int = 1

    own_stochastic = True
    own_needs = frozenset({"synapse_mask"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)
        check_number("rounds", self.rounds, 1, whole=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Number of rounds so far, counted up to `rounds`, (J,)."""
        return {"imprinted": "J"}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return what is added, per unit of learning rate, and 0 later; output neurons follow the wrapped policy."""
        xp, heard = obs.xp, obs.speaker_activity
        change = super().adapt(response, obs, memory)
        centred = heard - xp.mean(heard, axis=-2, keepdims=True)
        mixed = (xp.matrix_transpose(obs.draws.normal("imprint", "BJ")) @ centred) * obs.synapse_mask[..., :-1]
        length = xp.linalg.vector_norm(mixed, axis=-1, keepdims=True)
        fresh = xp.astype(memory["imprinted"] < self.rounds, mixed.dtype)[..., None]
        scale = fresh * self.strength / (self.rounds * obs.learning_rate)
        added = scale * mixed / xp.where(length > 0, length, xp.ones_like(length))
        imprint = xp.concat([added, xp.zeros_like(added[..., :1])], axis=-1)
        return xp.where(obs.has_listeners()[..., None], imprint, change)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the number of rounds so far."""
        xp, count = obs.xp, memory["imprinted"]
        return {**super().remember(change, response, obs, memory), "imprinted": xp.where(count < self.rounds, count + 1.0, count)}

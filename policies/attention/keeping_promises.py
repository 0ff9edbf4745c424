"""Keeping promises: continual learning that keeps past input-output mappings. Our own, from "forgetting less" in docs/theory.md.

A change along the directions of earlier inputs would alter the answers to them, and lose the attention that these answers earned.
Updates are therefore projected away from the span of earlier inputs. The recursion is recursive least squares, as in orthogonal
weights modification (Zeng, Chen, Cui, Yu 2019, "Continual learning of context-dependent processing in neural networks"), here
without tasks, boundaries, or a mean over the batch: it runs from the first round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class KeepingPromises(Wrapper):
    """Online orthogonal weight modification: recursive least squares without task boundaries (after Zeng et al. 2019).

    Let x be a neuron's input at one of the first samples of a batch, with 1 for the bias, and C the sum of x x^T over all such
    samples so far. A change of weights is multiplied by `(1 + kappa C)^-1`: it is removed along frequent and large inputs, and
    unchanged along new ones. The memory is the projector `1 - (1 + kappa C)^-1`, updated by one sample after another without an
    inverse. All neurons of a layer share it, so all of them must hear the whole layer below. It uses no fields besides those of
    the wrapped policy and the neuron's input.

    Args:
        policy: The wrapped policy.
        kappa: Strength of the projection, 0 or more: the weight of a round in C, divided among its samples; per squared activity.
        samples: Number of samples of each batch that enter C, 1 or more; all of the batch if it has fewer.
        fading: Share of the projector that is lost in a round, 0 to below 1, so that long streams leave directions to learn.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    kappa: float = 0.01
    samples: int = 1
    fading: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("kappa", self.kappa, 0)
        check_number("samples", self.samples, 1, whole=True)
        check_number("fading", self.fading, 0, 1, below=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Projector shared by the neurons of the layer, (S, S)."""
        return {"projector": "SS"}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the part of the wrapped policy's change that is orthogonal to earlier inputs."""
        change = super().adapt(response, obs, memory)
        return change - change @ memory["projector"]

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the projector, updated with the samples of this round."""
        xp, projector = obs.xp, memory["projector"]
        if self.fading:
            projector = (1.0 - self.fading) * projector
        inputs = obs.speaker_activity[..., : self.samples, :]
        inputs = xp.concat([inputs, xp.ones_like(inputs[..., :1])], axis=-1)
        weight = self.kappa / inputs.shape[-2]
        for number in range(inputs.shape[-2]):
            sample = inputs[..., number, :, None]
            residual = sample - projector @ sample
            row = xp.matrix_transpose(residual)
            projector = projector + residual @ (weight * row / (1.0 + weight * (row @ sample)))
        return {**super().remember(change, response, obs, memory), "projector": projector}

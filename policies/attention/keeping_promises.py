"""Keeping promises: continual learning that keeps past input-output mappings. Our own, from "forgetting less" in docs/theory.md.

A change along the directions of earlier inputs would alter the answers to them, and lose the attention that these answers earned.
Updates are therefore projected away from the span of earlier inputs. The recursion is recursive least squares, as in orthogonal
weights modification (Zeng, Chen, Cui, Yu 2019, "Continual learning of context-dependent processing in neural networks"), here
without tasks, boundaries, or a mean over the batch: it runs from the first round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Projection, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class KeepingPromises(Wrapper):
    """Online orthogonal weight modification: recursive least squares without task boundaries (after Zeng et al. 2019).

    Let x be a neuron's input at one of the first samples of a batch, with 1 for the bias, and C the sum of x x^T over all such
    samples so far. A change of weights is multiplied by `(1 + kappa C)^-1`: it is removed along frequent and large inputs, and
    unchanged along new ones. The memory is the projector `1 - (1 + kappa C)^-1`, updated by all samples of a round at once
    without an inverse of its size. All neurons of a layer share it, so all of them must hear the whole layer below. It uses no
    fields besides those of the wrapped policy and the neuron's input.

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

    @property
    def projection(self) -> Projection | None:
        """How the change is projected; None where the wrapped policy has factors, a change or a memory of its own."""
        if self.policy.hooks & {"scales", "adapt", "remember"}:
            return None
        return Projection("projector", 1.0 - self.fading, self._rows)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the part of the wrapped policy's change that is orthogonal to earlier inputs."""
        change = super().adapt(response, obs, memory)
        return change - change @ memory["projector"]

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the projector, updated with the samples of this round."""
        rows, projector = self._rows(obs, memory), memory["projector"]
        kept = (1.0 - self.fading) * projector if self.fading else projector  # 1 times it would be a copy
        return {
            **super().remember(change, response, obs, memory),
            "projector": kept + obs.xp.matrix_transpose(rows) @ rows,
        }

    def _rows(self, obs: Observation, memory: Memory) -> Array:
        """Return rows (..., n, S) whose outer products are added to the faded projector P.

        With the samples X (n, S), their residuals `R = X - X P`, and the weight w of a sample, the matrix `1 - P` becomes
        `1 - P - R^T (1 / w + R X^T)^-1 R` (Woodbury). The inverse is divided between both sides by a root, along the axes of
        `R X^T`. An axis with a value of rounding has no row: all of it is remembered, and its row would grow with kappa.
        """
        xp, inputs = obs.xp, obs.speaker_activity[..., : self.samples, :]
        inputs = xp.concat([inputs, xp.ones_like(inputs[..., :1])], axis=-1)
        weight = self.kappa / inputs.shape[-2]
        kept = inputs @ memory["projector"]
        residuals = inputs - ((1.0 - self.fading) * kept if self.fading else kept)
        values = overlap = residuals @ xp.matrix_transpose(inputs)
        if inputs.shape[-2] > 1:
            values, axes = xp.linalg.eigh(overlap)
            values, residuals = values[..., None], xp.matrix_transpose(axes) @ residuals
        rounding = xp.finfo(values.dtype).eps * xp.max(xp.sum(inputs**2, axis=-1), axis=-1)[..., None, None]
        shares = weight / (1.0 + weight * xp.clip(values, 0.0, None))
        return residuals * xp.sqrt(xp.where(values > rounding, shares, xp.zeros_like(shares)))

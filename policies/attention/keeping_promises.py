"""Keeping promises: what was said on an occasion is said again on the like. Our own, from "forgetting less" in docs/theory.md.

A neuron that changes along the directions of all that it ever heard would answer old occasions in a new way, and lose the
attention that its old answers have earned. The recursion is that of recursive least squares, as in orthogonal weights
modification (Zeng, Chen, Cui, Yu 2019, "Continual learning of context-dependent processing in neural networks"), here without
tasks, boundaries, or a mean over the batch: it runs from the first round on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class KeepingPromises(Wrapper):
    """Follows another policy, but hardly changes its reply to what it has heard before.

    Of every batch the first samples are witnesses. With x all that a neuron heard from its speakers at a witness and, last, 1 for
    its bias, and C the sum of x x^T over all witnesses so far, a change of attention is multiplied by `(1 + kappa C)^-1`: nothing
    is left of it along what was heard often and loudly, all of it along what is new. What is kept is `promised = 1 - (1 + kappa
    C)^-1`, brought up to date by one witness after another without an inverse. All neurons of a layer hear the same and keep it
    in common, so the layer below must be heard by all of them. Sees nothing besides the held policy but what it hears.

    Args:
        policy: The policy that is followed.
        kappa: How firmly promises are kept, 0 or more: the weight of a round in C, shared out among its witnesses; per squared
            activity.
        samples: Samples of each batch that are remembered, 1 or more; all of the batch if it has fewer.

    Raises:
        NeuroNetError: A parameter is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    kappa: float = 0.01
    samples: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"keeping-promises wraps a policy, got {self.policy!r}")
        check_number("kappa", self.kappa, 0)
        check_number("samples", self.samples, 1, whole=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:  # type: ignore[override]
        """What the neurons of the layer have promised, (S, S)."""
        return {"projector": "SS"}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's change, without what would break a promise."""
        change = super().adapt(response, obs, memory)
        return change - change @ memory["projector"]

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """What has been promised so far, the witnesses of this round included."""
        xp, projector = obs.xp, memory["projector"]
        inputs = obs.speaker_activity[..., : self.samples, :]
        inputs = xp.concat([inputs, xp.ones_like(inputs[..., :1])], axis=-1)
        weight = self.kappa / inputs.shape[-2]
        for number in range(inputs.shape[-2]):
            sample = inputs[..., number, :, None]
            new = sample - projector @ sample
            across = xp.matrix_transpose(new)
            projector = projector + new @ (weight * across / (1.0 + weight * (across @ sample)))
        return {**super().remember(change, response, obs, memory), "projector": projector}

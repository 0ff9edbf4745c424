"""Greedy: please only those who already pay you most. The limit p to infinity of attention-seeking (docs/theory.md)."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory, reaches
from neuronet.core.errors import check_number
from neuronet.core.policy import LinearPolicy, Observation


@dataclass(frozen=True)
class Greedy(LinearPolicy):
    """Follows only the listeners that pay most attention, each in proportion to what it pays.

    Args:
        top: How many listeners to follow, 1 or more; listeners who pay as much as the last of them, but for rounding, are
            followed too.

    Raises:
        NeuroNetError: top is no whole number of 1 or more.
    """

    top: int = 1

    def __post_init__(self) -> None:
        check_number("top", self.top, 1, whole=True)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """The attention of the `top` strongest listeners, 0 for the others."""
        if self.top >= obs.attention.shape[-2]:
            return obs.attention
        xp = obs.xp
        paid = xp.abs(obs.attention)
        if self.top == 1:
            least = xp.max(paid, axis=-2, keepdims=True)
        else:  # sorting along the last axis is many times quicker
            least = xp.sort(xp.matrix_transpose(paid), axis=-1)[..., -self.top][..., None, :]
        return obs.attention * xp.astype(reaches(xp, paid, least), paid.dtype)

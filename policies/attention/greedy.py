"""Greedy: follow only the strongest listeners. The limit p to infinity of attention-seeking (docs/theory.md)."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, FeedbackForm, LinearPolicy, Memory, Observation, check_number, reaches


@dataclass(frozen=True)
class Greedy(LinearPolicy):
    """Top-k sparse backpropagation: feedback from the listeners with the largest weights alone (limit p to infinity).

    Each of these listeners counts in proportion to its weight.

    Args:
        top: Number of listeners to follow, 1 or more; listeners tied with the last of them, up to rounding, count too.

    Raises:
        ConfigurationError: top is not an integer of 1 or more.
    """

    top: int = 1

    def __post_init__(self) -> None:
        check_number("top", self.top, 1, whole=True)

    @property
    def form(self) -> FeedbackForm | None:
        """The attention of the strongest listener; None for more than one."""
        return FeedbackForm(attention=1.0, strongest=True) if self.top == 1 else None

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the attention of the `top` strongest listeners, 0 for the others."""
        if self.top >= obs.attention.shape[-2]:
            return obs.attention
        xp = obs.xp
        size = xp.abs(obs.attention)
        if self.top == 1:
            threshold = xp.max(size, axis=-2, keepdims=True)
        else:  # sorting along the last axis is many times faster
            threshold = xp.sort(xp.matrix_transpose(size), axis=-1)[..., -self.top][..., None, :]
        return obs.attention * xp.astype(reaches(xp, size, threshold), size.dtype)

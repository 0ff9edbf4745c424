"""Contrarian: gradient descent on received attention. The opposite of attention-seeking, for mixed populations."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, FeedbackForm, LinearPolicy, Memory, Observation


@dataclass(frozen=True)
class Contrarian(LinearPolicy):
    """Gradient descent on received attention `w^2 / 2`: the negative of the backpropagated feedback (our own).

    Where all other neurons follow error backpropagation, a contrarian neuron increases the loss.
    """

    @property
    def form(self) -> FeedbackForm:
        """The attention, negative."""
        return FeedbackForm(attention=-1.0)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return `-w_kj`."""
        return -obs.attention

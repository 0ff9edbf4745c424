"""Contrarian: move where it loses you most attention. The opposite of attention-seeking, for mixing with others."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.policy import LinearPolicy, Observation


@dataclass(frozen=True)
class Contrarian(LinearPolicy):
    """Descends the attention `w^2 / 2` that a neuron gets: answers its listeners the opposite of what they demand.

    Where everybody else performs error backpropagation, it climbs the loss.
    """

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """`-w_kj`."""
        return -obs.attention

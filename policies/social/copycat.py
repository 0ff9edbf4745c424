"""Copycat: say what your favourite says. Imitation by the only measure of success a neuron has of others: its own attention."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory, reaches
from neuronet.core.policy import Observation, Policy


@dataclass(frozen=True)
class Copycat(Policy):
    """Wants its activity to be that of the speaker to whom it pays most attention, and hears no demand.

    A neuron sees neither the others of its layer nor what they are paid: the neighbours it can imitate are those it hears, and
    the attention it can compare is what it pays them itself. If several are paid alike it follows their mean; who hears nobody
    wants to be silent.
    """

    @property
    def needs(self) -> frozenset[str]:
        """The attention that it pays, and to whom."""
        return frozenset({"synapses", "synapse_mask"})

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """`a_i - a_j` for the favourite speaker i."""
        if not obs.speaker_activity.shape[-1]:
            return -obs.activity
        xp = obs.xp
        there = obs.synapse_mask[..., :-1]
        paid = xp.abs(obs.synapses[..., :-1])
        favourites = there * xp.astype(reaches(xp, paid, xp.max(paid, axis=-1, keepdims=True)), paid.dtype)
        count = xp.sum(favourites, axis=-1, keepdims=True)
        share = favourites / xp.maximum(count, xp.ones_like(count))
        return obs.speaker_activity @ xp.matrix_transpose(share) - obs.activity

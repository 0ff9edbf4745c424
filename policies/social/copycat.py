"""Copycat: imitate the speaker with the largest weight, the only measure of success of others that a neuron has."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, Memory, Observation, Policy, reaches


@dataclass(frozen=True)
class Copycat(Policy):
    """Imitation: moves its activity towards that of the speaker with the largest weight (our own).

    A neuron sees neither the other neurons of its layer nor their income. It can therefore imitate its speakers alone, and
    compare them by its own weights. If several weights are equally large, it follows the mean; without speakers its target is
    0. It uses no demands.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Its own weights, and the connections."""
        return frozenset({"synapses", "synapse_mask"})

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return `a_i - a_j` for the speaker i with the largest weight."""
        if not obs.speaker_activity.shape[-1]:
            return -obs.activity
        xp = obs.xp
        mask = obs.synapse_mask[..., :-1]
        size = xp.abs(obs.synapses[..., :-1])
        favourites = mask * xp.astype(reaches(xp, size, xp.max(size, axis=-1, keepdims=True)), size.dtype)
        count = xp.sum(favourites, axis=-1, keepdims=True)
        share = favourites / xp.maximum(count, xp.ones_like(count))
        return obs.speaker_activity @ xp.matrix_transpose(share) - obs.activity

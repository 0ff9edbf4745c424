"""Hebbian: listen more to those who speak when you do, whatever is demanded.

Sources: Hebb 1949, "The organization of behavior"; with the decay of Oja 1982, "A simplified neuron model as a principal
component analyzer" (Journal of Mathematical Biology 15), `dw_i ~ a (x_i - a w_i)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import check_number
from neuronet.core.policy import Observation, Policy


@dataclass(frozen=True)
class Hebbian(Policy):
    """Adapts by Oja's rule: wants nothing, asks nothing of its speakers, and hears no demand.

    A linear neuron turns towards the first principal component of what it hears, with weights of length 1. Nothing keeps the
    neurons of a layer from finding the same one. Output neurons, and whoever has no listener, follow their payoff as usual.

    Args:
        rate: How fast, in units of the learning rate, above 0. Oja's rule is stable while learning rate, rate and the neuron's
            mean squared activity multiply to less than about 1.

    Raises:
        NeuroNetError: rate is out of range.
    """

    rate: float = 0.01

    def __post_init__(self) -> None:
        check_number("rate", self.rate, 0, above=True)

    @property
    def needs(self) -> frozenset[str]:
        """Its own synapses."""
        return frozenset({"synapses"})

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """None: 0."""
        return obs.xp.zeros_like(obs.activity)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """`rate * mean_x a_j (a_i - a_j w_ji)`; the bias stays."""
        xp, activity = obs.xp, obs.activity
        together = xp.matrix_transpose(activity) @ obs.speaker_activity / activity.shape[-2]
        power = xp.mean(activity * activity, axis=-2)[..., None]
        change = self.rate * (together - power * obs.synapses[..., :-1])
        change = xp.concat((change, xp.zeros_like(power)), axis=-1)
        has_listeners = xp.any(obs.listener_mask != 0, axis=-2)[..., None]
        return xp.where(has_listeners, change, response)

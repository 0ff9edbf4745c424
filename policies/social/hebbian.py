"""Hebbian: strengthen the weights of speakers that are active together with the neuron.

Sources: Hebb 1949, "The organization of behavior"; with the decay of Oja 1982, "A simplified neuron model as a principal
component analyzer" (Journal of Mathematical Biology 15), `dw_i ~ a (x_i - a w_i)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, Memory, Observation, Policy, check_number


@dataclass(frozen=True)
class Hebbian(Policy):
    """Hebbian learning with Oja's decay: feedback-free, converges to the first principal component (Oja 1982).

    It ignores its listeners' demands and sends no feedback; its bias is not updated. A linear neuron converges to the first
    principal component of its input, with weights of length 1. Several neurons of a layer can converge to the same component.
    Output neurons, and neurons without listeners, follow their payoff.

    Args:
        rate: Rate in units of the learning rate, above 0. Oja's rule is stable while the product of learning rate, rate and the
            neuron's mean squared activity is less than about 1.

    Raises:
        ConfigurationError: rate is out of range.
    """

    rate: float = 0.01

    def __post_init__(self) -> None:
        check_number("rate", self.rate, 0, above=True)

    @property
    def needs(self) -> frozenset[str]:
        """Its own synapses."""
        return frozenset({"synapses"})

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return 0."""
        return obs.xp.zeros_like(obs.activity)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return `rate * mean_x a_j (a_i - a_j w_ji)`; 0 for the bias."""
        xp, activity = obs.xp, obs.activity
        correlation = xp.matrix_transpose(activity) @ obs.speaker_activity / activity.shape[-2]
        power = xp.mean(activity * activity, axis=-2)[..., None]
        change = self.rate * (correlation - power * obs.synapses[..., :-1])
        change = xp.concat((change, xp.zeros_like(power)), axis=-1)
        has_listeners = obs.has_listeners()[..., None]
        return xp.where(has_listeners, change, response)

"""Forms of a policy's feedback and of its changes, which engines can compute without calling the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory, Namespace, reaches
from neuronet.core.observation import Observation


@dataclass(frozen=True)
class FeedbackForm:
    """Feedback weights that are the attention, its sign, a mask of it, or fixed; with noise, and with neurons that do not adapt.

    A policy that declares a form promises that its hooks compute this and nothing else. `neuronet.testing.check_policy` compares
    the two.

    Attributes:
        attention: Factor of each listener's weight.
        sign: Factor of the sign of each listener's weight.
        shared: Whether the factor of the sign is divided by the root of the number of listeners.
        strongest: Whether only the listeners with the largest weights count, those tied with them up to rounding included.
        fixed: Whether the weights are `feedback_weights` at any time, since these depend on memory alone; other factors are 0.
        noise: Standard deviation of the noise that is added to the feedback, in root mean squares of the feedback over the batch.
        draw: Name of that noise, as the policy draws it with the axes BJ.
        adapts: Whether neurons with listeners change their synapses.
    """

    attention: float = 0.0
    sign: float = 0.0
    shared: bool = False
    strongest: bool = False
    fixed: bool = False
    noise: float = 0.0
    draw: str = ""
    adapts: bool = True

    @property
    def is_attention(self) -> bool:
        """Whether the feedback weights are the attention itself, and neurons adapt."""
        return self == FeedbackForm(attention=1.0)

    def weights(self, xp: Namespace, attention: Array, listener_mask: Array) -> Array:
        """Return the feedback weights for some attention, (..., K, J), unless they are fixed.

        Args:
            xp: The namespace of the arrays.
            attention: (..., K, J).
            listener_mask: (..., K, J), 1 where a listener listens.
        """
        factor: float | Array = self.sign
        if self.shared:
            listeners = xp.sum(listener_mask, axis=-2, keepdims=True)
            factor = self.sign / xp.sqrt(xp.maximum(listeners, xp.ones_like(listeners)))
        weights = self.attention * attention + factor * xp.sign(attention)
        if not self.strongest:
            return weights
        size = xp.abs(attention)
        return weights * xp.astype(reaches(xp, size, xp.max(size, axis=-2, keepdims=True)), size.dtype)


@dataclass(frozen=True, eq=False)
class Projection:
    """A projector P (S, S), shared by a layer: it is taken from every change, and a round adds a few outer products to it.

    A policy that declares a projection promises that `adapt` returns `response - response @ P`, and that `remember` returns
    `keep * P + rows.T @ rows` and nothing else. An engine may then project what the layer hears, instead of its change, and
    update P in place. `neuronet.testing.check_policy` compares the two.

    Attributes:
        name: Name of P in the policy's memory, with the axes SS.
        keep: Factor of P in each round.
        rows: Returns the rows (..., n, S) of a round, given the observation and the memory.
    """

    name: str
    keep: float
    rows: Callable[[Observation, Memory], Array]

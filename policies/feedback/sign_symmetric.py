"""Sign-symmetric feedback: feedback weights with the signs of the listeners' weights, and one common size.

Source: Liao, Leibo and Poggio 2016, "How important is weight symmetry in backpropagation?" (arXiv 1510.05067): their uniform
sign-concordant feedback, uSF, `V = sign(W)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, FeedbackForm, LinearPolicy, Memory, Observation, check_number


@dataclass(frozen=True)
class SignSymmetric(LinearPolicy):
    """Uniform sign-concordant feedback: the sign of each listener's weight (Liao, Leibo and Poggio 2016).

    The paper bounds the size of the changes by normalising batches and changes. Here each sign is divided by the root of the
    number of listeners, so that a neuron's feedback is about as large as one demand. `AttentionSeeking(p=1)` is the same
    without this constant.

    Args:
        scale: Factor on the feedback, above 0.

    Raises:
        ConfigurationError: scale is out of range.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, 0, above=True)

    @property
    def form(self) -> FeedbackForm:
        """The sign, divided by the root of the number of listeners."""
        return FeedbackForm(sign=self.scale, shared=True)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return `scale * sign(w_kj) / sqrt(listeners of j)`."""
        xp = obs.xp
        listeners = xp.sum(obs.listener_mask, axis=-2, keepdims=True)
        return xp.sign(obs.attention) * (self.scale / xp.sqrt(xp.maximum(listeners, xp.ones_like(listeners))))

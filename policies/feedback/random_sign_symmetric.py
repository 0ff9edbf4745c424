"""Random sign-symmetric feedback: feedback weights with the signs of the listeners' weights, and random magnitudes.

Source: Liao, Leibo and Poggio 2016, "How important is weight symmetry in backpropagation?" (arXiv 1510.05067): their batch-wise
and fixed random magnitude sign-concordant feedback, brSF and frSF, `V = |M| * sign(W)`. Moskovitz, Litwin-Kumar and Abbott 2018,
"Feedback alignment in deep convolutional networks" (arXiv 1812.06488), have them in convolutional networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core import Array, Birth, LinearPolicy, Memory, Observation, check_flag, check_number


@dataclass(frozen=True)
class RandomSignSymmetric(LinearPolicy):
    """Random sign-concordant feedback: signs of the listeners' weights and random magnitudes (Liao, Leibo and Poggio 2016).

    Magnitudes are uniform from 0 to `scale * sqrt(3 / listeners)`. Their root mean square is `scale / sqrt(listeners)`, the one
    magnitude of `SignSymmetric`, so that a neuron's feedback is about as large as one demand.

    Args:
        scale: Factor on the feedback, above 0.
        fixed: Whether magnitudes are drawn once, at birth (frSF), instead of in every round (brSF).

    Raises:
        ConfigurationError: scale is out of range, or fixed is not a boolean.
    """

    scale: float = 1.0
    fixed: bool = False

    def __post_init__(self) -> None:
        check_number("scale", self.scale, 0, above=True)
        check_flag("fixed", self.fixed)

    @property
    def stochastic(self) -> bool:
        """True if magnitudes are drawn in every round."""
        return not self.fixed

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """A magnitude for each listener, if they are fixed."""
        return {"magnitude": "JK"} if self.fixed else {}

    def initial_memory(self, birth: Birth) -> Memory:
        """Return numbers that are uniform on [0, 1), if magnitudes are fixed."""
        return {"magnitude": birth.draws.uniform("magnitude", "JK")} if self.fixed else {}

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return `scale * sqrt(3 / listeners of j) * m_kj * sign(w_kj)`, with m_kj uniform on [0, 1)."""
        xp = obs.xp
        magnitude = memory["magnitude"] if self.fixed else obs.draws.uniform("magnitude", "JK")
        listeners = xp.sum(obs.listener_mask, axis=-2, keepdims=True)
        largest = self.scale * (3 / xp.maximum(listeners, xp.ones_like(listeners))) ** 0.5
        return xp.sign(obs.attention) * xp.matrix_transpose(magnitude) * largest

"""Attention-seeking: move your activity where it gains you most attention.

The idea is that of Soltani Moakhar et al. 2023 (arXiv 2310.09952), of which we have the abstract alone; the formula is our own
derivation, equation (1) of docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.arrays import Array, Memory
from neuronet.errors import check_number
from neuronet.policy import LinearPolicy, Observation
from neuronet.utility import Power


@dataclass(frozen=True)
class AttentionSeeking(LinearPolicy):
    """Climbs the attention that a neuron gets from the next layer.

    Args:
        p: Exponent of the measure of attention `|w|^p / p`, 1 or more; 2 is error backpropagation.
        foresight: How much of the listeners' coming response the neuron reckons with, 0 (none: myopic) to 1 (all of it).

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    p: float = 2.0
    foresight: float = 0.0

    def __post_init__(self) -> None:
        Power(self.p)  # refuses what is no exponent
        check_number("foresight", self.foresight, 0, 1)

    @property
    def needs(self) -> frozenset[str]:
        """The listeners' response, if the neuron looks ahead."""
        return frozenset({"response"}) if self.foresight else frozenset()

    def weighing(self, seen: Observation, memory: Memory) -> Array:
        """The measure's slope at the attention expected: `phi'(w + foresight * eta * c)`."""
        expected = seen.attention
        if self.foresight:
            expected = expected + self.foresight * seen.learning_rate * seen.response
        return Power(self.p).slope(seen.xp, expected)

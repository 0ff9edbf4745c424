"""Attention-seeking: move your activity where it gains you most attention.

The idea is that of Soltani Moakhar et al. 2023 (arXiv 2310.09952), of which we have the abstract alone; the formula is our own
derivation, equation (1) of docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import LinearPolicy, Observation
from neuronet.core.utility import Measure, parse_measure


@dataclass(frozen=True)
class AttentionSeeking(LinearPolicy):
    """Climbs the attention that a neuron gets from the next layer.

    Scaled attention is `std(a_j) w_kj`, with the standard deviation of the neuron's activity over the batch. It stays as it was
    when a neuron speaks c times as loudly to listeners who pay 1 / c as much, so that this gains the neuron nothing, and its
    synapses move by the same part of themselves. The standard deviation is a yardstick, held fixed in the slope of the utility: a
    neuron that reckoned with it would gain most by simply speaking louder (docs/policies.md has the whole slope).

    Args:
        p: Exponent of the measure of attention `|w|^p / p`, 1 or more; 2 is error backpropagation. A Measure has its own.
        foresight: How much of the listeners' coming response the neuron reckons with, 0 (none: myopic) to 1 (all of it).
        measure: What attention is worth: "power", "log" (of the total), "saturating" (listener by listener), or a Measure.
        scaled: Whether attention counts in units of what the neuron has to say, `std(a_j) w_kj`.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    p: float = 2.0
    foresight: float = 0.0
    measure: str | Measure = "power"
    scaled: bool = False

    def __post_init__(self) -> None:
        check_number("foresight", self.foresight, 0, 1)
        if not isinstance(self.scaled, bool):
            raise NeuroNetError(f"scaled must be true or false, got {self.scaled!r}")
        if isinstance(self.measure, Measure):
            if self.p != 2:
                raise NeuroNetError(f"p={self.p} goes with a measure's name: give {self.measure!r} its exponent itself")
        elif not isinstance(self.measure, str):
            raise NeuroNetError(f"measure must be a name or a Measure, got {self.measure!r}")
        _ = self.worth  # refuses what is no exponent

    @property
    def needs(self) -> frozenset[str]:
        """The listeners' response, if the neuron looks ahead."""
        return frozenset({"response"}) if self.foresight else frozenset()

    @cached_property
    def worth(self) -> Measure:
        """The measure that is meant."""
        return self.measure if isinstance(self.measure, Measure) else parse_measure(self.measure, self.p)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """The measure's slope at the attention expected: `phi'(w + foresight * eta * c)`; scaled, `std phi'(std (w + ...))`."""
        expected = obs.attention
        if self.foresight:
            expected = expected + self.foresight * obs.learning_rate * obs.response
        if not self.scaled:
            return self.worth.slope(obs.xp, expected)
        volume = obs.xp.std(obs.activity, axis=-2, keepdims=True)
        return volume * self.worth.slope(obs.xp, volume * expected)

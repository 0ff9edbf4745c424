"""Attention-seeking: gradient ascent on the attention that a neuron receives.

The idea is from the abstract of Soltani Moakhar et al. 2023 (arXiv 2310.09952); the formula is our own derivation, equation (1)
of docs/theory.md. The first author's code has another rule, in which attention is scarce: see budgeted.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from neuronet.core import (
    Array,
    ConfigurationError,
    FeedbackForm,
    LinearPolicy,
    Measure,
    Memory,
    Observation,
    Power,
    check_flag,
    check_number,
    parse_measure,
)


@dataclass(frozen=True)
class AttentionSeeking(LinearPolicy):
    """Gradient ascent on received attention; with p = 2, error backpropagation (after Soltani Moakhar et al. 2023).

    With `scaled`, attention counts as `std(a_j) w_kj`, where std is the standard deviation of the neuron's activity over the
    batch. Scaled attention does not change if a neuron's activity grows by c and its listeners' weights fall by 1 / c. The
    slope of the utility treats std as a constant; otherwise a neuron would gain most by increasing its activity
    (docs/policies.md has the full slope).

    Args:
        p: Exponent of the measure of attention `|w|^p / p`, 1 or more; 2 is error backpropagation. A Measure has its own.
        foresight: Share of the listeners' next response that the neuron anticipates, 0 (none: myopic) to 1 (all of it).
        measure: Utility of attention: "power", "log" (of the total), "saturating" (for each listener), or a Measure.
        scaled: Whether attention is measured in units of the neuron's activity, `std(a_j) w_kj`.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    p: float = 2.0
    foresight: float = 0.0
    measure: str | Measure = "power"
    scaled: bool = False

    def __post_init__(self) -> None:
        check_number("foresight", self.foresight, 0, 1)
        check_flag("scaled", self.scaled)
        if isinstance(self.measure, Measure):
            if self.p != 2:
                raise ConfigurationError(f"p={self.p} applies to a measure's name: give {self.measure!r} its exponent instead")
        elif not isinstance(self.measure, str):
            raise ConfigurationError(f"measure must be a name or a Measure, got {self.measure!r}")
        _ = self.worth  # checks name and exponent

    @property
    def needs(self) -> frozenset[str]:
        """The listeners' response, if foresight is above 0."""
        return frozenset({"response"}) if self.foresight else frozenset()

    @cached_property
    def worth(self) -> Measure:
        """The measure of attention as an object."""
        return self.measure if isinstance(self.measure, Measure) else parse_measure(self.measure, self.p)

    @property
    def form(self) -> FeedbackForm | None:
        """The attention for p = 2, its sign for p = 1; None for other measures, with foresight, and for scaled attention."""
        if self.foresight or self.scaled or type(self.worth) is not Power:
            return None
        return {2.0: FeedbackForm(attention=1.0), 1.0: FeedbackForm(sign=1.0)}.get(float(self.worth.p))

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the measure's slope at expected attention: `phi'(w + foresight eta c)`; scaled, `std phi'(std (w + ...))`."""
        expected = obs.attention
        if self.foresight:
            expected = expected + self.foresight * obs.learning_rate * obs.response
        if not self.scaled:
            return self.worth.slope(obs.xp, expected)
        std = obs.xp.std(obs.activity, axis=-2, keepdims=True)
        return std * self.worth.slope(obs.xp, std * expected)

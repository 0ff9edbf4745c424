"""Which configurations a method tries: as many for each, spread evenly over the ranges of what it may choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from neuronet.continual.methods.base import Method, Range
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Adam, LearningRule, Momentum, rule_named

RATES: Range = (0.001, 1.0)
"""Learning rates of the plain rule."""

USUAL_RATE = 0.1
"""Of the plain rule, where nothing is tuned."""

BASES = (2, 3, 5, 7)

WIDER = 10.0
"""By how much a range is widened where the best is at its edge."""


@dataclass(frozen=True)
class Configuration:
    """What is tried.

    Attributes:
        method: With its parameters.
        learning_rate: eta.
        chosen: What tuning chose of the method's parameters, by name.
        at_edge: Whether nothing that is tried has a lower, or a higher, value of something that is chosen.
    """

    method: Method
    learning_rate: float
    chosen: dict[str, float]
    at_edge: bool = False

    @property
    def values(self) -> dict[str, float]:
        """Everything that is chosen, by name."""
        return {"learning_rate": self.learning_rate, **self.chosen}


def scale_of(rule: LearningRule) -> float:
    """What learning rates are multiplied by, so that steps are about as long under each learning rule."""
    return 1 - rule.momentum if isinstance(rule, Momentum) else 0.01 if isinstance(rule, Adam) else 1.0


def untuned(method: Method, rule: str, learning_rate: float | None) -> Configuration:
    """The method as it is, with this learning rate or the usual one of its learning rule."""
    usual = USUAL_RATE * scale_of(rule_named(method.rule or rule))
    return Configuration(method, usual if learning_rate is None else learning_rate, {})


def configurations(method: Method, rule: str, count: int) -> list[Configuration]:
    """As many configurations as are asked for, the first points of a Halton sequence (1960) on logarithmic scales.

    Args:
        method: Whose free parameters are chosen, and its learning rate.
        rule: The study's learning rule.
        count: How many.
    """
    found = Search(method, rule).more(count)
    return [replace(each, at_edge=bool(edges(each, found))) for each in found]


def edges(chosen: Configuration, tried: Sequence[Configuration]) -> dict[str, tuple[bool, bool]]:
    """What has the lowest or the highest value of all that were tried, by name: whether the lowest, whether the highest."""
    found = {}
    for name, value in chosen.values.items():
        others = [each.values[name] for each in tried]
        if value in (ends := (min(others), max(others))):
            found[name] = (value == ends[0], value == ends[1])
    return found


class Search:
    """What a method tries: points of a Halton sequence on logarithmic scales, each call of `more` going on with it.

    Args:
        method: Whose free parameters are chosen, and its learning rate.
        rule: The study's learning rule.

    Attributes:
        spans: Between which values, by name.
        tried: All so far.
    """

    def __init__(self, method: Method, rule: str) -> None:
        scale = scale_of(rule_named(method.rule or rule))
        self._method = method
        self.spans: dict[str, Range] = {"learning_rate": (RATES[0] * scale, RATES[1] * scale), **method.free()}
        self.tried: list[Configuration] = []

    def more(self, count: int, best: Configuration | None = None) -> list[Configuration]:
        """The next configurations to try.

        Args:
            count: How many.
            best: Of all so far. Where one of its values is the lowest or highest that was tried, that range is widened by WIDER,
                as far as the method takes such values, and all new values are between this one and the new end.
        """
        spans = dict(self.spans)
        for name, (lowest, highest) in (edges(best, self.tried) if best else {}).items():
            low, high = self.spans[name]
            wide = self._allowed(name, low, 1 / WIDER) if lowest else low, self._allowed(name, high, WIDER) if highest else high
            here = best.values[name] if best else low
            self.spans[name] = wide
            spans[name] = (wide[0] if lowest else here, wide[1] if highest else here)
        first = len(self.tried) + 1
        found = [self._at(number, spans) for number in range(first, first + count)]
        self.tried += found
        return found

    def _at(self, number: int, spans: dict[str, Range]) -> Configuration:
        parts = [halton(number, base) for base in BASES[: len(spans)]]
        values = {name: _between(span, part) for (name, span), part in zip(spans.items(), parts, strict=True)}
        rate = values.pop("learning_rate")
        return Configuration(self._method.tuned(values), rate, values)

    def _allowed(self, name: str, end: float, factor: float) -> float:
        """The end of a range moved by a factor, or as it is where the method refuses such a value."""
        if name != "learning_rate":
            try:
                self._method.tuned({name: end * factor})
            except NeuroNetError:
                return end
        return end * factor


def _between(span: Range, part: float) -> float:
    """A value of two digits, so that it can be given again by hand."""
    low, high = (math.log(end) for end in span)
    return float(f"{math.exp(low + part * (high - low)):.2g}")


def halton(number: int, base: int) -> float:
    """The number, from 1, with its digits in this base mirrored at the point: evenly spread within 0 to 1."""
    part, weight = 0.0, 1.0
    while number:
        weight /= base
        number, digit = divmod(number, base)
        part += digit * weight
    return part

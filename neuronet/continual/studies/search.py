"""Which configurations a method tries: as many for each, spread evenly over the ranges of what it may choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from neuronet.continual.methods.base import Method, Range
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import learning_rate_scale
from neuronet.registry import parse_optimizer

LEARNING_RATE_RANGE: Range = (0.001, 1.0)
"""Learning rates of SGD."""

DEFAULT_LEARNING_RATE = 0.1
"""Of SGD, where nothing is tuned."""

HALTON_BASES = (2, 3, 5, 7)

RANGE_FACTOR = 10.0
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


def default_configuration(method: Method, optimizer: str, learning_rate: float | None) -> Configuration:
    """The method as it is, with this learning rate or the usual one of its optimizer."""
    default_rate = DEFAULT_LEARNING_RATE * learning_rate_scale(parse_optimizer(method.optimizer or optimizer))
    return Configuration(method, default_rate if learning_rate is None else learning_rate, {})


def configurations(method: Method, optimizer: str, count: int) -> list[Configuration]:
    """As many configurations as are asked for, the first points of a Halton sequence (1960) on logarithmic scales.

    Args:
        method: Whose free parameters are chosen, and its learning rate.
        optimizer: The study's optimizer.
        count: How many.
    """
    found = HaltonSearch(method, optimizer).ask(count)
    return [replace(each, at_edge=bool(edges(each, found))) for each in found]


def edges(chosen: Configuration, trials: Sequence[Configuration]) -> dict[str, tuple[bool, bool]]:
    """What has the lowest or the highest value of all that were tried, by name: whether the lowest, whether the highest."""
    found = {}
    for name, value in chosen.values.items():
        others = [each.values[name] for each in trials]
        if value in (ends := (min(others), max(others))):
            found[name] = (value == ends[0], value == ends[1])
    return found


class HaltonSearch:
    """What a method tries: points of a Halton sequence on logarithmic scales, each call of `ask` going on with it.

    Args:
        method: Whose free parameters are chosen, and its learning rate.
        optimizer: The study's optimizer.

    Attributes:
        ranges: Between which values, by name.
        trials: All so far.
    """

    def __init__(self, method: Method, optimizer: str) -> None:
        scale = learning_rate_scale(parse_optimizer(method.optimizer or optimizer))
        self._method = method
        self.ranges: dict[str, Range] = {
            "learning_rate": (LEARNING_RATE_RANGE[0] * scale, LEARNING_RATE_RANGE[1] * scale),
            **method.tunable_ranges(),
        }
        self.trials: list[Configuration] = []

    def ask(self, count: int, best: Configuration | None = None) -> list[Configuration]:
        """The next configurations to try.

        Args:
            count: How many.
            best: Of all so far. Where one of its values is the lowest or highest that was tried, that range is widened by
                RANGE_FACTOR, as far as the method takes such values, and all new values are between this one and the new end.
        """
        ranges = dict(self.ranges)
        for name, (lowest, highest) in (edges(best, self.trials) if best else {}).items():
            low, high = self.ranges[name]
            wide = (
                self._extended_end(name, low, 1 / RANGE_FACTOR) if lowest else low,
                self._extended_end(name, high, RANGE_FACTOR) if highest else high,
            )
            best_value = best.values[name] if best else low
            self.ranges[name] = wide
            ranges[name] = (wide[0] if lowest else best_value, wide[1] if highest else best_value)
        first = len(self.trials) + 1
        found = [self._configuration_at(number, ranges) for number in range(first, first + count)]
        self.trials += found
        return found

    def _configuration_at(self, number: int, ranges: dict[str, Range]) -> Configuration:
        parts = [halton(number, base) for base in HALTON_BASES[: len(ranges)]]
        values = {name: _interpolate_log(span, part) for (name, span), part in zip(ranges.items(), parts, strict=True)}
        rate = values.pop("learning_rate")
        return Configuration(self._method.with_parameters(values), rate, values)

    def _extended_end(self, name: str, end: float, factor: float) -> float:
        """The end of a range moved by a factor, or as it is where the method refuses such a value."""
        if name != "learning_rate":
            try:
                self._method.with_parameters({name: end * factor})
            except NeuroNetError:
                return end
        return end * factor


def _interpolate_log(span: Range, part: float) -> float:
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

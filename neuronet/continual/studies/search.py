"""Search of a method's configurations: the same number for each method, spread evenly over the ranges of its parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.methods import Method, Range
from neuronet.core import NeuroNetError, Optimizer, learning_rate_scale

LEARNING_RATE_RANGE: Range = (0.001, 1.0)
"""Range of the learning rate for SGD."""

RANGE_FACTOR = 10.0
"""Factor by which a range is extended where the best configuration is at its edge."""


@dataclass(frozen=True)
class Configuration:
    """Method with the values that one trial uses.

    Attributes:
        method: The method with its parameters.
        learning_rate: Learning rate (> 0).
        chosen: Parameters of the method that tuning chose, by name.
        at_edge: Whether a chosen value is the lowest or highest of all trials.
    """

    method: Method
    learning_rate: float
    chosen: dict[str, float]
    at_edge: bool = False

    @property
    def values(self) -> dict[str, float]:
        """Learning rate and chosen parameters, by name."""
        return {"learning_rate": self.learning_rate, **self.chosen}

    def __str__(self) -> str:
        """Return the values as words of a log line."""
        parameters = "".join(f", {name} {value:g}" for name, value in self.chosen.items())
        return f"learning rate {self.learning_rate:g}{parameters}"


def edges(best: Configuration, trials: Sequence[Configuration]) -> dict[str, tuple[bool, bool]]:
    """Return the values of a configuration that are extreme among all trials, by name: whether lowest, whether highest."""
    extremes = {}
    for name, value in best.values.items():
        tried = [trial.values[name] for trial in trials]
        is_lowest, is_highest = value == min(tried), value == max(tried)
        if is_lowest or is_highest:
            extremes[name] = (is_lowest, is_highest)
    return extremes


class HaltonSearch:
    """Sequence of configurations from the points of a Halton sequence (1960) on logarithmic scales.

    Args:
        method: The method; its tunable parameters are chosen besides the learning rate.
        optimizer: The study's optimizer.

    Attributes:
        ranges: Lower and upper bound of each value, by name.
        trials: All configurations so far.
    """

    def __init__(self, method: Method, optimizer: Optimizer) -> None:
        from scipy.stats import qmc

        scale = learning_rate_scale(method.own_optimizer or optimizer)
        self._method = method
        self.ranges: dict[str, Range] = {
            "learning_rate": (LEARNING_RATE_RANGE[0] * scale, LEARNING_RATE_RANGE[1] * scale),
            **method.tunable_ranges(),
        }
        self.trials: list[Configuration] = []
        self._points = qmc.Halton(len(self.ranges), scramble=False).fast_forward(1)  # the first point is the origin

    def ask(self, count: int, best: Configuration | None = None) -> list[Configuration]:
        """Return the next configurations to try.

        Args:
            count: Number of configurations.
            best: Best configuration so far. Where one of its values is the lowest or highest of all trials, that range is
                extended by RANGE_FACTOR, as far as the method accepts, and all new values lie between it and the new end.
        """
        ranges = dict(self.ranges)
        if best is not None:
            for name, at_ends in edges(best, self.trials).items():
                ranges[name] = self._extend_range(name, best.values[name], *at_ends)
        new = [self._configuration_at(point, ranges) for point in self._points.random(count)]
        self.trials += new
        return new

    def _extend_range(self, name: str, best_value: float, at_low: bool, at_high: bool) -> Range:
        """Extend a range, and return the part of it beyond the best value."""
        low, high = self.ranges[name]
        low = self._extended_end(name, low, 1 / RANGE_FACTOR) if at_low else low
        high = self._extended_end(name, high, RANGE_FACTOR) if at_high else high
        self.ranges[name] = (low, high)
        return (low if at_low else best_value, high if at_high else best_value)

    def _extended_end(self, name: str, end: float, factor: float) -> float:
        """Return the end of a range times a factor, or unchanged if the method refuses such a value."""
        if name != "learning_rate":
            try:
                self._method.with_parameters({name: end * factor})
            except NeuroNetError:
                return end
        return end * factor

    def _configuration_at(self, point: NDArray[np.float64], ranges: dict[str, Range]) -> Configuration:
        values = {name: _interpolate_log(span, part) for (name, span), part in zip(ranges.items(), point.tolist(), strict=True)}
        rate = values.pop("learning_rate")
        return Configuration(self._method.with_parameters(values), rate, values)

    def mark_edge(self, best: Configuration) -> Configuration:
        """Return a configuration with `at_edge` set according to all trials."""
        return replace(best, at_edge=bool(edges(best, self.trials)))


def _interpolate_log(span: Range, part: float) -> float:
    """Return a value on a logarithmic scale, rounded to two digits so that it can be typed."""
    low, high = (math.log(end) for end in span)
    return float(f"{math.exp(low + part * (high - low)):.2g}")

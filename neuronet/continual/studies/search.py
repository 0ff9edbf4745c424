"""Search of a method's configurations: evenly spread points first, then brackets around the best, on logarithmic scales.

The brackets are the polls of a compass search (Kolda, Lewis, Torczon 2003, "Optimization by direct search"), whose steps are
factors. Every method tries the same number of configurations, with the same seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.methods import Method, Range
from neuronet.core import NeuroNetError, Optimizer, learning_rate_scale

LEARNING_RATE_RANGE: Range = (0.001, 1.0)
"""Range of the learning rate for SGD, in which the first points are."""

BRACKET_FACTOR = 10**0.5
"""Factor between the best configuration and the one that is tried beyond it."""

MAX_DRAWS = 1000
"""Evenly spread points that are drawn at most at a time, most of which were tried where a method has little to choose."""

SMALLEST_FACTOR = 1.3
"""Factor from which on a bracket is no longer narrowed."""

Point = tuple[Optimizer | None, tuple[tuple[str, float], ...]]
"""Optimizer and values of a configuration, which tell whether it was tried."""


@dataclass(frozen=True)
class Configuration:
    """Method with the values that one trial uses.

    Attributes:
        method: The method with its parameters.
        learning_rate: Learning rate (> 0); nan for a method without one.
        chosen: Parameters of the method that tuning chose, by name.
        at_edge: Whether the best value of the learning rate or a parameter may lie beyond those that were tried.
        optimizer: Optimizer that tuning chose; None for the method's own, or the study's.
    """

    method: Method
    learning_rate: float
    chosen: dict[str, float]
    at_edge: bool = False
    optimizer: Optimizer | None = None

    @property
    def values(self) -> dict[str, float]:
        """Learning rate, if the method has one, and chosen parameters, by name."""
        rate = {} if math.isnan(self.learning_rate) else {"learning_rate": self.learning_rate}
        return {**rate, **self.chosen}

    @property
    def point(self) -> Point:
        """Optimizer and values."""
        return self.optimizer, tuple(self.values.items())

    @property
    def settings(self) -> dict[str, float | str]:
        """Chosen parameters and optimizer, as they are recorded."""
        return {**self.chosen, **({} if self.optimizer is None else {"optimizer": type(self.optimizer).__name__.lower()})}

    def __str__(self) -> str:
        """Return the values as words of a log line."""
        values = {name.replace("_", " "): f"{value:g}" for name, value in self.values.items()}
        values |= {} if self.optimizer is None else {"optimizer": type(self.optimizer).__name__.lower()}
        return ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing to choose"


class BracketSearch:
    """Search that spreads its first points evenly, and then brackets the best one until it lies inside.

    The first points are those of a Halton sequence (1960). A bracket has a value on both sides of the best one, with all other
    values equal. It goes on outwards while an outer value is better, and is then narrowed.

    Args:
        method: The method; its tunable parameters are chosen besides the learning rate.
        optimizers: Optimizers to choose among, in turn for the first points; a method with one of its own has that.

    Attributes:
        ranges: Lower and upper bound of each value among the first points, by name; of the learning rate for SGD.
        trials: All configurations so far.
    """

    def __init__(self, method: Method, optimizers: Sequence[Optimizer]) -> None:
        from scipy.stats import qmc

        self._method = method
        self._optimizers = list(optimizers) if method.own_optimizer is None and method.uses_learning_rate else []
        self._scale_of = method.own_optimizer or optimizers[0]
        rates = {"learning_rate": LEARNING_RATE_RANGE} if method.uses_learning_rate else {}
        self.ranges: dict[str, Range] = {**rates, **method.tunable_ranges()}
        self.trials: list[Configuration] = []
        dimensions = max(1, len(self.ranges))
        self._points = qmc.Halton(dimensions, scramble=False).fast_forward(1)  # the first point is the origin

    def ask(self, count: int, best: Configuration | None = None) -> list[Configuration]:
        """Return the next configurations to try, none of them twice.

        Fewer are returned only if nothing is left to choose, as for a method without parameters.

        Args:
            count: Number of configurations.
            best: Best configuration so far, which they bracket; None for evenly spread points. Places that the brackets do not
                need have further evenly spread points.
        """
        tried = {trial.point for trial in self.trials}
        new: list[Configuration] = []
        proposals = self._proposals(best)
        while len(new) < count and (configuration := next(proposals, None)) is not None:
            if configuration.point not in tried:
                tried.add(configuration.point)
                new.append(configuration)
        self.trials += new
        return new

    def _proposals(self, best: Configuration | None) -> Iterator[Configuration]:
        if best is not None:
            yield from self._brackets(best)
        for number in range(len(self.trials), len(self.trials) + MAX_DRAWS):
            optimizer = self._optimizers[number % len(self._optimizers)] if len(self._optimizers) > 1 else None
            yield self._spread(self._points.random(1)[0], optimizer)

    def _spread(self, point: NDArray[np.float64], optimizer: Optimizer | None) -> Configuration:
        scale = learning_rate_scale(optimizer or self._scale_of)
        values = {}
        for (name, (low, high)), part in zip(self.ranges.items(), point.tolist(), strict=False):
            factor = scale if name == "learning_rate" else 1.0
            values[name] = _interpolate_log((low * factor, high * factor), part)
        return self._configuration(values, optimizer)

    def _configuration(self, values: Mapping[str, float], optimizer: Optimizer | None) -> Configuration:
        chosen = {name: value for name, value in values.items() if name != "learning_rate"}
        method = self._method.with_parameters(chosen)
        return Configuration(method, values.get("learning_rate", math.nan), chosen, optimizer=optimizer)

    def _brackets(self, best: Configuration) -> Iterator[Configuration]:
        """Yield the missing ends of all brackets around the best configuration, and then narrower ones."""
        inner: list[tuple[float, Configuration]] = []
        for name, value in best.values.items():
            for side in (1, -1):
                end = self._neighbour(best, name, side)
                if end is None:
                    beyond = self._beyond(best, name, side)
                    if beyond is not None:
                        yield beyond
                elif (gap := (end / value) ** side) > SMALLEST_FACTOR:
                    middle = _rounded(math.sqrt(end * value))
                    inner.append((gap, self._configuration({**best.values, name: middle}, best.optimizer)))
        yield from (configuration for _, configuration in sorted(inner, key=lambda item: -item[0]))

    def _neighbour(self, best: Configuration, name: str, side: int, factor: float = 1.0) -> float | None:
        """Return the nearest value that was tried on a side (1: above, -1: below) of the best one.

        Only trials count whose other values are within a factor of the best ones.
        """
        others = {key: value for key, value in best.values.items() if key != name}
        near = [
            trial.values[name]
            for trial in self.trials
            if trial.optimizer == best.optimizer
            and all(is_near(trial.values[key], value, factor) for key, value in others.items())
        ]
        beyond = [value for value in near if side * value > side * best.values[name]]
        return min(beyond, key=lambda value: side * value, default=None)

    def _beyond(self, best: Configuration, name: str, side: int) -> Configuration | None:
        """Return the configuration beyond the best one on a side; None where the method takes no such value."""
        value, end = best.values[name], self.ranges[name][side > 0]
        for candidate in (_rounded(value * BRACKET_FACTOR**side), end):
            if side * candidate > side * value:
                try:
                    return self._configuration({**best.values, name: candidate}, best.optimizer)
                except NeuroNetError:
                    continue
        return None

    def mark_edge(self, best: Configuration) -> Configuration:
        """Return a configuration with `at_edge` set: whether a side of a value has no trial, and could have one.

        A trial counts whose other values are within BRACKET_FACTOR of the best ones.
        """
        sides = [(name, side) for name in best.values for side in (1, -1)]
        unknown = [side for side in sides if self._neighbour(best, *side, BRACKET_FACTOR) is None]
        return replace(best, at_edge=any(self._beyond(best, *side) is not None for side in unknown))


def is_near(value: float, other: float, factor: float) -> bool:
    """Return whether two values are within a factor of each other, but for rounding to two digits."""
    return value == other or abs(math.log(value / other)) < 1.1 * math.log(factor)


def _interpolate_log(span: Range, part: float) -> float:
    """Return a value on a logarithmic scale."""
    low, high = (math.log(end) for end in span)
    return _rounded(math.exp(low + part * (high - low)))


def _rounded(value: float) -> float:
    """Return a value with two digits, so that it can be typed."""
    return float(f"{value:.2g}")

"""Frontier of final against learning accuracy of one method over its learning rates, with its value at equal learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frontier:
    """Accuracies of one method at each of its learning rates.

    Attributes:
        rates: Learning rates in ascending order, (N,).
        learning: Learning accuracy (0 to 1) of each seed at each rate, (R, N).
        final: Final accuracy (0 to 1), (R, N).
    """

    rates: Floats
    learning: Floats
    final: Floats

    @classmethod
    def from_records(cls, records: pd.DataFrame) -> Frontier:
        """Return the frontier of a method's records, with the columns learning_rate, seed, learning and final."""
        tables = [records.pivot(index="seed", columns="learning_rate", values=name) for name in ("learning", "final")]
        learning, final = (table.sort_index(axis=0).sort_index(axis=1) for table in tables)
        return cls(learning.columns.to_numpy(dtype=np.float64), learning.to_numpy(), final.to_numpy())

    def best(self) -> Best:
        """Return the accuracies at the best rate for final accuracy, cross-fitted.

        Seeds at even places choose the rate of those at odd places, and the other way round. So no seed has a part in the
        choice of its own rate, and the mean has no bias of selection.
        """
        even = np.arange(len(self.final)) % 2 == 0
        halves = (even, ~even) if len(self.final) > 1 else (even, even)
        chosen = [int(np.argmax(self.final[half].mean(axis=0))) for half in halves]
        columns = np.where(even, chosen[1], chosen[0])
        rows = np.arange(len(self.final))
        edges = (0, len(self.rates) - 1)
        rates = tuple(float(self.rates[column]) for column in dict.fromkeys(chosen))
        return Best(rates, any(c in edges for c in chosen), self.learning[rows, columns], self.final[rows, columns])

    def at_learning(self, level: float) -> Floats | None:
        """Return each seed's contribution to the final accuracy at a mean learning accuracy, (R,); None if it is not reached.

        The mean final accuracy is interpolated between the two lowest neighbouring rates whose mean learning accuracies
        enclose the level. With the weight w of the upper rate and the slope b of final against learning accuracy between the
        two, a seed contributes `final - b (learning - level)`, both interpolated with w. The mean of the contributions is the
        interpolated value, and their spread is that of the estimate (the delta method): w depends on the seeds, too.
        """
        means = self.learning.mean(axis=0)
        enclosing = np.flatnonzero((means[:-1] <= level) & (level <= means[1:]))
        if not len(enclosing):
            return None
        low = int(enclosing[0])
        width = means[low + 1] - means[low]
        part = (level - means[low]) / width if width > 0 else 0.0
        weights = np.array([1.0 - part, part])
        learning, final = (table[:, low : low + 2] for table in (self.learning, self.final))
        slope = (final[:, 1] - final[:, 0]).mean() / width if width > 0 else 0.0
        return np.asarray(final @ weights - slope * (learning @ weights - level))


@dataclass(frozen=True, eq=False)
class Best:
    """Accuracies at a method's best learning rate, cross-fitted.

    Attributes:
        rates: The chosen learning rates, one or two.
        at_edge: Whether a chosen rate is at an edge of what was tried.
        learning: Learning accuracy of each seed, (R,).
        final: Final accuracy of each seed, (R,).
    """

    rates: tuple[float, ...]
    at_edge: bool
    learning: Floats
    final: Floats

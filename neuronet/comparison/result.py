"""The result of a comparison: means, intervals, and paired differences to error backpropagation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.recording import draw
from neuronet.registry import BASELINE
from neuronet.statistics import interval
from neuronet.training import RunConfig

TABLE_COLUMNS = (
    "policy",
    "learning_rate",
    "at_edge",
    "seeds",
    "mean",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Result of a comparison.

    Attributes:
        config: Configuration that all candidates share.
        measure: Measure of `mean` and `difference`, on the test samples after the last epoch: "accuracy" (0 to 1) or, where
            targets are values, "loss".
        table: A row for each candidate: policy, learning_rate, at_edge (whether the best rate is at the edge of the grid), seeds,
            mean with its 95% interval low to high, and mean difference to backprop from the same seed, with its interval.
        curves: A row for each candidate, seed and epoch: policy, learning_rate, seed, epoch, train_loss (mean over the epoch,
            while learning), test_loss, test_accuracy.
        tuning: The same for the runs that chose the learning rates, where validation samples take the place of test samples.
        seconds: Duration of this process's part.
        folder: Folder with the record; None if the comparison is not recorded.
    """

    config: RunConfig
    measure: str
    table: pd.DataFrame
    curves: pd.DataFrame
    tuning: pd.DataFrame
    seconds: float
    folder: Path | None

    def plot(self, path: str | Path) -> Path:
        """Draw the learning curves with their bands to a .png, .svg or .pdf file."""
        return draw("comparison", self.curves, path, measure=self.measure)

    def plot_result(self, path: str | Path) -> Path:
        """Draw the table, means and paired differences with their 95% intervals, to a .png, .svg or .pdf file."""
        return draw("comparison-result", self.table, path, measure=self.measure)

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data, as `neuronet compare --json` prints it."""
        rows = self.table.to_dict("records")
        return {
            "environment": self.config.environment,
            "measure": self.measure,
            "epochs": self.config.epochs,
            "tuned": not self.tuning.empty,
            "policies": [{str(name): _plain(value) for name, value in row.items()} for row in rows],
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def build_table(curves: pd.DataFrame, measure: str, at_edge: Mapping[str, bool]) -> pd.DataFrame:
    """Return the table of a comparison from its learning curves: the baseline first, then the best candidate.

    Args:
        curves: Learning curves as in Comparison.
        measure: "accuracy" or "loss".
        at_edge: For each candidate, whether its learning rate is at the edge of the grid.
    """
    last = curves[curves["epoch"] == curves["epoch"].max()]
    by_seed = last.pivot(index="seed", columns="policy", values=f"test_{measure}")
    baseline = by_seed[BASELINE].to_numpy()
    rows = []
    for policy in dict.fromkeys(curves["policy"]):
        values = by_seed[policy].to_numpy()
        rate = float(last.loc[last["policy"] == policy, "learning_rate"].iloc[0])
        differences = interval(values - baseline) if policy != BASELINE else (math.nan,) * 3
        rows.append((policy, rate, at_edge.get(policy, False), len(values), *interval(values), *differences))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    rank = table["mean"] * (-1 if measure == "accuracy" else 1)
    return (
        table.assign(rank=rank.where(table["policy"] != BASELINE, -math.inf))
        .sort_values("rank", kind="stable")[list(TABLE_COLUMNS)]
        .reset_index(drop=True)
    )

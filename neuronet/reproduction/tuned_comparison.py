"""Comparisons of learning rules whose learning rates are tuned in the same way, as parts of a reproduction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.comparison import BASELINE, compare
from neuronet.reproduction.findings import Finding, difference
from neuronet.reproduction.study import RunOptions
from neuronet.statistics import interval, paired

RULES = ("budgeted", "budgeted(budget=0.5,relative=true)", "sign-symmetric", "random-feedback", "direct-feedback")
"""Rules that are compared with error backpropagation: two forms of the budget, uSF, FA and DFA."""


@dataclass(frozen=True)
class ComparisonSetting:
    """Conditions that the rules of one comparison share.

    Attributes:
        name: Name in tables.
        environment: Spec of the environment.
        hidden: Neurons in each hidden layer.
        batch_size: Samples a round.
        epochs: Epochs; the learning rate falls linearly.
        seeds: Number of seeds, from 0.
        rules: Specs of the rules, besides error backpropagation.
    """

    name: str
    environment: str
    hidden: tuple[int, ...]
    batch_size: int
    epochs: int
    seeds: int
    rules: tuple[str, ...] = RULES

    def describe(self) -> str:
        """Return the setting in one line."""
        sizes = ",".join(map(str, self.hidden))
        return f"{self.environment}, hidden {sizes}, {self.epochs} epochs of batches of {self.batch_size}, {self.seeds} seeds"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each rule and seed: setting, method, learning_rate, at_edge, seed, accuracy (%) on test samples."""
        result = compare(
            self.environment,
            list(self.rules),
            seeds=self.seeds,
            tune=True,
            out=options.subfolder(self.name),
            log=lambda line: options.log(f"{self.name}: {line}"),
            hidden=self.hidden,
            batch_size=self.batch_size,
            epochs=self.epochs,
            optimizer="sgd",
            device="cpu",
        )
        last = result.curves[result.curves["epoch"] == self.epochs]
        edges = dict(zip(result.table["policy"], result.table["at_edge"], strict=True))
        return pd.DataFrame(
            {
                "setting": self.name,
                "method": last["policy"].to_numpy(),
                "learning_rate": last["learning_rate"].to_numpy(),
                "at_edge": [bool(edges[name]) for name in last["policy"]],
                "seed": last["seed"].to_numpy(),
                "accuracy": 100 * last["test_accuracy"].fillna(0.0).to_numpy(),
            }
        )


def accuracy_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each setting and method: mean accuracy (%) and paired difference to error backpropagation."""
    rows = []
    for setting, part in records.groupby("setting", sort=False):
        for name, own in part.groupby("method", sort=False):
            gap = (np.nan,) * 3 if name == BASELINE else _gap(part, str(name))
            first = (setting, name, own["learning_rate"].iloc[0], bool(own["at_edge"].iloc[0]), len(own))
            rows.append((*first, *interval(own["accuracy"].to_numpy()), *gap))
    spans = [f"{name}{end}" for name in ("accuracy", "difference") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["setting", "method", "learning_rate", "at_edge", "seeds", *spans])


def differences_to_backprop(records: pd.DataFrame, methods: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the difference of each method's accuracy to error backpropagation's in each setting, in points."""
    for setting, part in records.groupby("setting", sort=False):
        for method in methods:
            if method in set(part["method"]):
                yield difference(str(setting), f"test accuracy: {method} - BP", _differences(part, method))


def _differences(part: pd.DataFrame, method: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    by_seed = part.pivot(index="seed", columns="method", values="accuracy")
    return np.asarray((by_seed[method] - by_seed[BASELINE]).to_numpy(dtype=np.float64))


def _gap(part: pd.DataFrame, method: str) -> tuple[float, float, float]:
    summary = paired(_differences(part, method))
    return summary.mean, summary.low, summary.high

"""Comparisons of learning rules whose learning rates are tuned in the same way, as parts of a reproduction."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from neuronet.registry import BASELINE
from neuronet.reproduction.findings import Finding, differences_to
from neuronet.reproduction.study import RunOptions

RULES = ("budgeted", "budgeted(budget=0.5,relative=true)", "sign-symmetric", "random-feedback", "direct-feedback")
"""Rules that are compared with error backpropagation: two forms of the budget, uSF, FA and DFA."""

COLUMNS = {
    "setting": "object",
    "method": "object",
    "learning_rate": "duration",
    "at_edge": "bool",
    "depth": "index",
    "seed": "index",
    "accuracy": "percentage",
}
"""Columns of the records of a comparison, with their types."""


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
        """Return a row for each rule and seed: setting, method, learning_rate, at_edge, depth, seed and accuracy.

        Depth counts the hidden layers. Accuracy is in percent of the test samples, 0 for a run that diverged.
        """
        from neuronet.comparison import compare  # loads torch

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
        )
        last = result.curves[result.curves["epoch"] == self.epochs]
        edges = dict(zip(result.table["policy"], result.table["at_edge"], strict=True))
        return pd.DataFrame(
            {
                "setting": self.name,
                "method": last["policy"].to_numpy(),
                "learning_rate": last["learning_rate"].to_numpy(),
                "at_edge": [bool(edges[name]) for name in last["policy"]],
                "depth": len(self.hidden),
                "seed": last["seed"].to_numpy(),
                "accuracy": 100 * last["test_accuracy"].fillna(0.0).to_numpy(),
            }
        )


def accuracy_table(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return `accuracy`: a row for each setting and method, with means (%) and paired differences to error backpropagation."""
    from neuronet.comparison import build_table  # loads torch

    tables = []
    for setting, part in records.groupby("setting", sort=False):
        curves = part.rename(columns={"method": "policy", "accuracy": "test_accuracy"}).assign(epoch=0)
        table = build_table(curves, "accuracy", dict(zip(part["method"], part["at_edge"], strict=True)))
        tables.append(table.assign(setting=setting))
    names = {"policy": "method", "mean": "accuracy", "low": "accuracy_low", "high": "accuracy_high"}
    return {"accuracy": pd.concat(tables, ignore_index=True).rename(columns=names)}


def differences_to_backprop(records: pd.DataFrame) -> list[Finding]:
    """Return the difference of each method's accuracy to error backpropagation's in each setting, in points."""
    return differences_to(BASELINE, records, "accuracy", "test accuracy: METHOD - BP")

"""Reproduction of the claim of learning capacity: budgeted neurons beside other rules, with rates tuned in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from neuronet.reproduction.findings import Finding
from neuronet.reproduction.study import Reproduction, RunOptions
from neuronet.reproduction.tuned_comparison import RULES, ComparisonSetting, accuracy_table, differences_to_backprop


@dataclass(frozen=True)
class BudgetedCapacity(Reproduction):
    """Accuracy of each rule on several sets of data, with networks of four hidden layers as in the authors' code.

    Attributes:
        settings: Settings of each size.
    """

    title: str = "Do budgeted neurons learn as well as error backpropagation?"
    source: str = "arXiv 2310.09952, abstract (three sets of data); its first author's code has settings, no figures are at hand"
    figure: str = "reproduction-accuracy"
    settings: Mapping[str, Sequence[ComparisonSetting]] = field(
        default_factory=lambda: {
            "small": (ComparisonSetting("digits", "digits", (32,) * 4, 64, 5, 2),),
            "medium": (
                ComparisonSetting("digits", "digits", (64,) * 4, 32, 30, 10),
                ComparisonSetting("mnist5k", "mnist5k", (256,) * 4, 64, 10, 5),
                ComparisonSetting("fashion-mnist", "fashion-mnist", (128,) * 4, 128, 2, 3),
            ),
            "full": (
                ComparisonSetting("mnist", "mnist", (2000,) * 4, 256, 200, 5),
                ComparisonSetting("fashion-mnist", "fashion-mnist", (2000,) * 4, 256, 200, 5),
            ),
        }
    )

    @property
    def sizes(self) -> Mapping[str, str]:
        """Settings of each size."""
        return {size: "; ".join(setting.describe() for setting in settings) for size, settings in self.settings.items()}

    def play(self, size: str, options: RunOptions) -> pd.DataFrame:
        """Compare all rules on each set of data."""
        return pd.concat([setting.play(options) for setting in self.settings[size]], ignore_index=True)

    def find(self, records: pd.DataFrame) -> list[Finding]:
        """Return the difference of each rule to error backpropagation on each set of data."""
        return list(differences_to_backprop(records, RULES))

    def tables(self, records: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return `accuracy`, the accuracy of each rule on each set of data."""
        return {"accuracy": accuracy_table(records)}

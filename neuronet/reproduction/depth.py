"""Reproduction of the study of depth: in how many hidden layers does each rule still learn?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from neuronet.reproduction.findings import Finding
from neuronet.reproduction.study import Reproduction, RunOptions
from neuronet.reproduction.tuned_comparison import RULES, ComparisonSetting, accuracy_table, differences_to_backprop


def settings_by_depth(
    depths: Sequence[int], environment: str, width: int, batch_size: int, epochs: int, seeds: int
) -> tuple[ComparisonSetting, ...]:
    """Return a setting for each number of hidden layers, named after it."""
    return tuple(
        ComparisonSetting(f"depth-{depth}", environment, (width,) * depth, batch_size, epochs, seeds) for depth in depths
    )


@dataclass(frozen=True)
class BudgetedDepth(Reproduction):
    """Accuracy of each rule by the number of hidden layers; rates are tuned at each depth.

    Attributes:
        settings: Settings of each size.
    """

    title: str = "How deep do budgeted neurons learn, and other rules?"
    source: str = "the depth study of arXiv 2310.09952's first author (ckodser/greedyneuron); no figures of it are at hand"
    figure: str = "reproduction-depth"
    settings: Mapping[str, Sequence[ComparisonSetting]] = field(
        default_factory=lambda: {
            "small": settings_by_depth((1, 4), "digits", 32, 64, 5, 2),
            "medium": settings_by_depth((1, 2, 4, 6, 8, 12), "mnist5k", 128, 64, 5, 5),
            "full": settings_by_depth(range(1, 13), "mnist", 2000, 1024, 50, 5),
        }
    )

    @property
    def sizes(self) -> Mapping[str, str]:
        """Settings of each size."""
        return {
            size: f"{len(settings)} depths up to {len(settings[-1].hidden)}; {settings[0].describe()}"
            for size, settings in self.settings.items()
        }

    def play(self, size: str, options: RunOptions) -> pd.DataFrame:
        """Compare all rules at each depth."""
        tables = [setting.play(options).assign(depth=len(setting.hidden)) for setting in self.settings[size]]
        return pd.concat(tables, ignore_index=True)

    def find(self, records: pd.DataFrame) -> list[Finding]:
        """Return the difference of each rule to error backpropagation at each depth."""
        return list(differences_to_backprop(records, RULES))

    def tables(self, records: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return `accuracy`, the accuracy of each rule at each depth."""
        return {"accuracy": accuracy_table(records)}

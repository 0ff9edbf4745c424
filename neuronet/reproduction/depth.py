"""Reproduction of the study of depth: in how many hidden layers does each rule still learn?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from neuronet.reproduction.study import Reproduction, RunOptions
from neuronet.reproduction.tuned_comparison import COLUMNS, RULES, ComparisonSetting, accuracy_table, differences_to_backprop


@dataclass(frozen=True)
class DepthSetting:
    """Conditions that networks of several depths share.

    Attributes:
        environment: Spec of the environment.
        depths: Numbers of hidden layers.
        width: Neurons in each hidden layer.
        batch_size: Samples a round.
        epochs: Epochs; the learning rate falls linearly.
        seeds: Number of seeds, from 0.
        rules: Specs of the rules, besides error backpropagation.
    """

    environment: str
    depths: tuple[int, ...]
    width: int
    batch_size: int
    epochs: int
    seeds: int
    rules: tuple[str, ...] = RULES

    def describe(self) -> str:
        """Return the setting in one line."""
        layers = f"{', '.join(map(str, self.depths))} hidden layers of {self.width}"
        return f"{self.environment}, {layers}, {self.epochs} epochs of batches of {self.batch_size}, {self.seeds} seeds"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Compare all rules at each depth, and return the rows of ComparisonSetting."""
        common = (self.batch_size, self.epochs, self.seeds, self.rules)
        settings = [ComparisonSetting(f"depth-{n}", self.environment, (self.width,) * n, *common) for n in self.depths]
        return pd.concat([setting.play(options) for setting in settings], ignore_index=True)


DEPTH = Reproduction(
    "How deep do budgeted neurons learn, and other rules?",
    "the depth study of arXiv 2310.09952's first author (ckodser/greedyneuron); no figures of it are at hand",
    "reproduction-depth",
    {
        "small": (DepthSetting("digits", (1, 4), 32, 64, 5, 5),),
        "medium": (DepthSetting("mnist5k", (1, 2, 4, 6, 8, 12), 128, 64, 5, 5),),
        "full": (DepthSetting("mnist", tuple(range(1, 13)), 2000, 1024, 50, 5),),
    },
    differences_to_backprop,
    accuracy_table,
    COLUMNS,
)
"""Accuracy of each rule by the number of hidden layers; rates are tuned at each depth."""

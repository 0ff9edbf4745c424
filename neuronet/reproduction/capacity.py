"""Reproduction of the claim of learning capacity: budgeted neurons beside other rules, with rates tuned in the same way."""

from __future__ import annotations

from neuronet.reproduction.study import Reproduction
from neuronet.reproduction.tuned_comparison import COLUMNS, ComparisonSetting, accuracy_table, differences_to_backprop

CAPACITY = Reproduction(
    "Do budgeted neurons learn as well as error backpropagation?",
    "arXiv 2310.09952, abstract (three sets of data); its first author's code has settings, no figures are at hand",
    "reproduction-accuracy",
    {
        "small": (ComparisonSetting("digits", "digits", (32,) * 4, 64, 5, 5),),
        "medium": (
            ComparisonSetting("digits", "digits", (64,) * 4, 32, 30, 10),
            ComparisonSetting("mnist5k", "mnist5k", (256,) * 4, 64, 10, 5),
            ComparisonSetting("fashion-mnist", "fashion-mnist", (128,) * 4, 128, 2, 3),
        ),
        "full": (
            ComparisonSetting("mnist", "mnist", (2000,) * 4, 256, 200, 5),
            ComparisonSetting("fashion-mnist", "fashion-mnist", (2000,) * 4, 256, 200, 5),
        ),
    },
    differences_to_backprop,
    accuracy_table,
    COLUMNS,
)
"""Accuracy of each rule on several sets of data, with networks of four hidden layers as in the authors' code."""

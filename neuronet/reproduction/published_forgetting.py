"""Reproduction of a published table of forgetting on split MNIST, on 5,000 images of it or on all."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.registry import BASELINE
from neuronet.reproduction.continual import MEASURES, measured
from neuronet.reproduction.findings import Finding, Published, differences_to
from neuronet.reproduction.study import Reproduction, RunOptions
from neuronet.statistics import interval

PRESET = "vandeven-split"

SCENARIOS = ("task", "domain", "class")

STRENGTHS = {"EWC": {"task": "1e5", "domain": "1e10", "class": "1e9"}, "SI": {"task": "10", "domain": "5e4", "class": "5e3"}}
"""Strength of each penalty in each scenario, from the code of van de Ven, Tuytelaars and Tolias 2022."""

NONE = "none"
"""Name of error backpropagation in the published table."""

SOURCE = "van de Ven and Tolias 2018 (arXiv 1809.10635), table 3; EWC: van de Ven and Tolias 2019 (arXiv 1904.07734)"

ACCURACY = {
    "task": {"none": (85.15, 1.00), "EWC": (98.64, 0.22), "SI": (99.14, 0.11), "LwF": (99.60, 0.03), "joint": (99.64, 0.03)},
    "domain": {"none": (57.33, 1.66), "EWC": (63.95, 1.90), "SI": (63.77, 1.18), "LwF": (71.02, 1.26), "joint": (98.41, 0.06)},
    "class": {"none": (19.90, 0.02), "EWC": (20.01, 0.06), "SI": (20.04, 0.08), "LwF": (24.17, 0.51), "joint": (97.93, 0.04)},
}
"""Published final accuracy (%) with its standard error over 20 seeds, by scenario and method."""

EWC_AGAINST = {"domain": 59.21, "class": 19.90}
"""Accuracy (%) without a method in the version that EWC's figures are from, where it is known; its error is as in 2018."""

COLUMNS = {
    "setting": "object",
    "method": "object",
    "seed": "index",
    **dict.fromkeys(MEASURES, "float64"),
    "accuracy": "percentage",
    "seconds": "duration",
    "bytes": "duration",
}
"""Columns of the records, with their types."""


@dataclass(frozen=True)
class PublishedForgettingSetting:
    """Conditions of one scenario of the published table.

    Attributes:
        scenario: One of SCENARIOS.
        environment: Spec of the environment.
        iterations: Rounds a task (>= 1).
        seeds: Number of seeds, from 0.
        hidden: Neurons in each hidden layer; None for the preset's.
    """

    scenario: str
    environment: str
    iterations: int
    seeds: int
    hidden: tuple[int, ...] | None = None

    @property
    def methods(self) -> dict[str, str]:
        """Spec of each method, by its name in the published table."""
        penalties = {name: f"{name.lower()}(strength={of[self.scenario]})" for name, of in STRENGTHS.items()}
        return {NONE: BASELINE, **penalties, "LwF": "lwf", "joint": "joint"}

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"{self.environment}, {self.scenario}"

    def describe(self) -> str:
        """Return the setting in one line."""
        return f"split-{self.scenario} of {self.environment}, {self.iterations:,} rounds of 128 a task, {self.seeds} seeds"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each run: setting, method, seed, measures of forgetting, accuracy (final; in %), seconds, bytes."""
        from neuronet.continual import continual_study  # loads torch

        result = continual_study(
            f"split-{self.scenario}",
            self.environment,
            list(self.methods.values()),
            jobs=options.jobs,
            out=options.subfolder(self.name.replace(", ", "-")),
            log=lambda line: options.log(f"{self.name}: {line}"),
            seeds=self.seeds,
            preset=PRESET,
            iterations=self.iterations,
            hidden=self.hidden,
        )
        tables = []
        for name, spec in self.methods.items():
            tables.append(pd.DataFrame({"setting": self.name, "method": name, **measured(result, spec)}))
        return pd.concat(tables, ignore_index=True)


def _scenario(setting: Hashable) -> str:
    return str(setting).rpartition(", ")[2]


def _published_gap(setting: str, method: str) -> Published:
    """Return the published difference of a method to none, in points."""
    scenario = _scenario(setting)
    value, error = ACCURACY[scenario][method]
    none, none_error = ACCURACY[scenario][NONE]
    if method == "EWC":
        none = EWC_AGAINST.get(scenario, none)
    gap = round(value - none, 2)
    return Published(gap, f"{gap:+.2f} ({value:.2f} against {none:.2f})", SOURCE, math.hypot(error, none_error))


def _find(records: pd.DataFrame) -> list[Finding]:
    """Return how far each method is from none in each scenario, in points of final accuracy, beside the published difference."""
    return differences_to(NONE, records, "accuracy", f"final accuracy: METHOD - {NONE}", _published_gap)


def _tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return `methods`: a row for each setting and method, with means and 95% intervals (%) and the published accuracy."""
    rows = []
    for (setting, method), part in records.groupby(["setting", "method"], sort=False):
        spans = [number for name in ("accuracy", "learning") for number in interval(part[name].to_numpy(dtype=np.float64))]
        rows.append((setting, method, *spans, *ACCURACY[_scenario(setting)][method]))
    spans_of = [f"{name}{end}" for name in ("accuracy", "learning") for end in ("", "_low", "_high")]
    return {"methods": pd.DataFrame(rows, columns=["setting", "method", *spans_of, "published", "published_error"])}


def _settings(environment: str, iterations: int, seeds: int) -> tuple[PublishedForgettingSetting, ...]:
    return tuple(PublishedForgettingSetting(scenario, environment, iterations, seeds) for scenario in SCENARIOS)


ROUNDS = 2000
"""Rounds a task of the publication, as in its preset: about 21 epochs of the 12,000 images of a task."""

ROUNDS_OF_5000 = 133
"""Rounds a task that are as many epochs of the 800 images of a task of mnist5k."""

PUBLISHED_FORGETTING = Reproduction(
    "Do penalties, distillation and joint training keep earlier tasks as published?",
    SOURCE,
    "reproduction-accuracy",
    {
        "small": (PublishedForgettingSetting("domain", "mnist5k", ROUNDS_OF_5000, 3, (100, 100)),),
        "medium": _settings("mnist5k", ROUNDS_OF_5000, 20),
        "full": _settings("mnist", ROUNDS, 20),
    },
    _find,
    _tables,
    COLUMNS,
)

"""Reproduction of the claim that budgeted neurons forget less than error backpropagation, with the controls that it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from neuronet.registry import parse_environment
from neuronet.reproduction.findings import Finding
from neuronet.reproduction.forgetting.analysis import best_table, equal_table, find, frontiers
from neuronet.reproduction.forgetting.methods import DOUBLED, LOWEST_RATE, MAIN_METHODS, MOST_RETAINED
from neuronet.reproduction.study import Reproduction, RunOptions

STEPS = (0, 1, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8)
"""Rates over four decades, denser where methods learn well and still keep something."""

COLUMNS = {
    "setting": "object",
    "method": "object",
    "learning_rate": "duration",
    "seed": "index",
    "final": "share",
    "learning": "share",
    "seconds": "duration",
}
"""Columns of the records, with their types."""


@dataclass(frozen=True)
class ForgettingSetting:
    """Conditions that the methods of one comparison share.

    Attributes:
        name: Name in tables.
        environment: Spec of the environment; its classes are split into five tasks of two, told apart by one head of two.
        hidden: Neurons in each hidden layer.
        batch_size: Samples a round.
        iterations: Rounds a task (>= 1); the learning rate is divided by 10 at half of them.
        seeds: Number of seeds, from `seed` on.
        methods: Specs of the methods.
        steps: Rates of each method, in half decades above its lowest one.
        seed: First seed (>= 0).
    """

    name: str
    environment: str
    hidden: tuple[int, ...]
    batch_size: int
    iterations: int
    seeds: int
    methods: tuple[str, ...] = MAIN_METHODS
    steps: tuple[float, ...] = STEPS
    seed: int = 0

    def plan(self) -> Iterator[tuple[str, float]]:
        """Yield each method with each of its learning rates."""
        for method in self.methods:
            for step in self.steps:
                yield method, float(f"{10 ** (LOWEST_RATE[method] + step / 2):.3g}")

    def describe(self) -> str:
        """Return the setting in one line."""
        sizes = ",".join(map(str, self.hidden))
        rounds = f"{self.iterations:,} rounds of {self.batch_size} a task"
        first = f" from {self.seed}" if self.seed else ""
        return f"{self.environment}, hidden {sizes}, {rounds}, {len(self.methods)} methods, {self.seeds} seeds{first}"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each run: setting, method, learning_rate, seed, final, learning (0 to 1) and seconds of learning."""
        from neuronet.continual import (  # loads torch
            Configuration,
            ContinualConfig,
            StudyRun,
            final_accuracy,
            learning_accuracy,
            parse_method,
            parse_protocol,
        )

        config = ContinualConfig(
            optimizer="sgd",
            iterations=self.iterations,
            batch_size=self.batch_size,
            hidden=self.hidden,
            late_lr_factor=0.1,
            seeds=self.seeds,
            seed=self.seed,
        )
        experiment = config.experiment(parse_protocol("split-domain"), parse_environment(self.environment))
        study_run = StudyRun(experiment, options.subfolder(self.name), options.log, options.jobs)
        study_run.begin(self.environment)
        plan = {f"{method} at {rate:g}": (method, rate) for method, rate in self.plan()}
        chosen = {name: Configuration(parse_method(method), rate, {}) for name, (method, rate) in plan.items()}
        rows = []
        for name, results in study_run.run_final(chosen, config.final_seeds).items():
            for seed, result in zip(config.final_seeds, results, strict=True):
                accuracies = (float(metric(result.accuracy)) for metric in (final_accuracy, learning_accuracy))
                rows.append((self.name, *plan[name], seed, *accuracies, result.seconds))
        return pd.DataFrame(rows, columns=list(COLUMNS))


SMALL = (ForgettingSetting("mnist5k-batch64", "mnist5k", (256, 256), 64, 62, 8, MAIN_METHODS, (1, 2, 3, 4, 5, 6)),)
MEDIUM = (
    ForgettingSetting("mnist5k-batch64", "mnist5k", (256, 256), 64, 62, 30, tuple(LOWEST_RATE)),
    ForgettingSetting("mnist5k-batch512", "mnist5k", (256, 256), 512, 8, 30, MAIN_METHODS[:4], (3, 4, 5, 6, 7, 8)),
    ForgettingSetting("fashion-batch64", "fashion-mnist", (256, 256), 64, 188, 10, MAIN_METHODS, (0, 1, 2, 2.5, 3, 3.5, 4, 5)),
)
NEW_SEEDS = (
    ForgettingSetting(
        "new-seeds", "mnist5k", (256, 256), 64, 62, 30, (*MOST_RETAINED, DOUBLED), (1, 2, 2.5, 3, 3.5, 4, 5, 6), 1000
    ),
)
"""What kept more than error backpropagation in MEDIUM, with new seeds."""

WIDE = (
    ForgettingSetting("wide", "mnist5k", (1000, 1000), 64, 62, 10, (*MOST_RETAINED, DOUBLED), (1, 2, 2.5, 3, 3.5, 4, 5), 3000),
)
"""The same in larger networks."""

LARGE = (ForgettingSetting("large", "mnist5k", (1000, 1000), 64, 310, 10, MOST_RETAINED, (1, 2, 2.5, 3, 3.5, 4, 5), 2000),)
"""Larger networks that learn five times as long."""

FULL = (
    ForgettingSetting("mnist-batch64", "mnist", (2000,) * 4, 64, 25 * 188, 100, MAIN_METHODS),
    ForgettingSetting("mnist-batch512", "mnist", (2000,) * 4, 512, 25 * 24, 100, MAIN_METHODS),
)


def _find(records: pd.DataFrame) -> list[Finding]:
    return find(frontiers(records))


def _tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return `best`, each method at its best rate, and `equal`, final accuracies at equal learning."""
    fronts = frontiers(records)
    return {"best": best_table(fronts), "equal": equal_table(fronts)}


FORGETTING = Reproduction(
    "Does a budget of attention forget less than error backpropagation?",
    "arXiv 2310.09952, abstract, and its first author's code (ckodser/greedyneuron, branch neurips)",
    "reproduction-frontier",
    {"small": SMALL, "medium": MEDIUM, "new-seeds": NEW_SEEDS, "wide": WIDE, "large": LARGE, "full": FULL},
    _find,
    _tables,
    COLUMNS,
)
"""Split domain-incremental learning: does the attention budget forget less, and which part of it?"""

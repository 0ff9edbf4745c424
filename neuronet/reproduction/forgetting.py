"""Reproduction of the claim that budgeted neurons forget less than error backpropagation, with the controls that it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from neuronet.continual import (
    Configuration,
    ContinualConfig,
    StudyRun,
    final_accuracy,
    learning_accuracy,
    parse_method,
    parse_protocol,
)
from neuronet.registry import parse_environment
from neuronet.reproduction.findings import Finding
from neuronet.reproduction.forgetting_analysis import best_table, equal_table, find, frontiers
from neuronet.reproduction.forgetting_methods import LOWEST_RATE, MAIN_METHODS
from neuronet.reproduction.study import Reproduction, RunOptions

STEPS = (0, 1, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8)
"""Rates over four decades, denser where methods learn well and still keep something."""


@dataclass(frozen=True)
class Setting:
    """Conditions that the methods of one comparison share.

    Attributes:
        name: Name in tables.
        environment: Spec of the environment; its classes are split into five tasks of two, told apart by one head of two.
        hidden: Neurons in each hidden layer.
        batch_size: Samples a round.
        iterations: Rounds a task; the learning rate is divided by 10 at half of them.
        seeds: Number of seeds, from 0.
        methods: Specs of the methods.
        steps: Rates of each method, in half decades above its lowest one.
    """

    name: str
    environment: str
    hidden: tuple[int, ...]
    batch_size: int
    iterations: int
    seeds: int
    methods: tuple[str, ...] = MAIN_METHODS
    steps: tuple[float, ...] = STEPS

    def plan(self) -> Iterator[tuple[str, float]]:
        """Yield each method with each of its learning rates."""
        for method in self.methods:
            for step in self.steps:
                yield method, float(f"{10 ** (LOWEST_RATE[method] + step / 2):.3g}")

    def describe(self) -> str:
        """Return the setting in one line."""
        sizes = ",".join(map(str, self.hidden))
        rounds = f"{self.iterations:,} rounds of {self.batch_size} a task"
        return f"{self.environment}, hidden {sizes}, {rounds}, {len(self.methods)} methods, {self.seeds} seeds"


SMALL = (Setting("mnist5k-batch64", "mnist5k", (256, 256), 64, 62, 8, MAIN_METHODS, (1, 2, 3, 4, 5, 6)),)
MEDIUM = (
    Setting("mnist5k-batch64", "mnist5k", (256, 256), 64, 62, 30, tuple(LOWEST_RATE)),
    Setting("mnist5k-batch512", "mnist5k", (256, 256), 512, 8, 30, MAIN_METHODS[:4], (3, 4, 5, 6, 7, 8)),
    Setting("fashion-batch64", "fashion-mnist", (256, 256), 64, 188, 10, MAIN_METHODS, (0, 1, 2, 2.5, 3, 3.5, 4, 5)),
)
FULL = (
    Setting("mnist-batch64", "mnist", (2000,) * 4, 64, 25 * 188, 100, MAIN_METHODS),
    Setting("mnist-batch512", "mnist", (2000,) * 4, 512, 25 * 24, 100, MAIN_METHODS),
)


@dataclass(frozen=True)
class BudgetedForgetting(Reproduction):
    """Split domain-incremental learning: does the attention budget forget less, and which part of it?

    Attributes:
        settings: Settings of each size.
    """

    title: str = "Does a budget of attention forget less than error backpropagation?"
    source: str = "arXiv 2310.09952, abstract, and its first author's code (ckodser/greedyneuron, branch neurips)"
    figure: str = "reproduction-frontier"
    settings: Mapping[str, Sequence[Setting]] = field(default_factory=lambda: {"small": SMALL, "medium": MEDIUM, "full": FULL})

    @property
    def sizes(self) -> Mapping[str, str]:
        """Settings of each size."""
        return {size: "; ".join(setting.describe() for setting in settings) for size, settings in self.settings.items()}

    def play(self, size: str, options: RunOptions) -> pd.DataFrame:
        """Learn all tasks with every method, rate and seed of each setting."""
        tables = [play_setting(setting, options) for setting in self.settings[size]]
        return pd.concat(tables, ignore_index=True)

    def find(self, records: pd.DataFrame) -> list[Finding]:
        """Return the claims as measured in each setting, and across batch sizes as in the authors' comparison."""
        return find(frontiers(records))

    def tables(self, records: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return `best`, each method at its best rate, and `equal`, final accuracies at equal learning."""
        fronts = frontiers(records)
        return {"best": best_table(fronts), "equal": equal_table(fronts)}


def play_setting(setting: Setting, options: RunOptions) -> pd.DataFrame:
    """Return a row for each run: setting, method, learning_rate, seed, final, learning (0 to 1) and seconds of learning."""
    config = ContinualConfig(
        optimizer="sgd",
        iterations=setting.iterations,
        batch_size=setting.batch_size,
        hidden=setting.hidden,
        late_lr_factor=0.1,
        device="cpu",
        seeds=setting.seeds,
    )
    experiment = config.experiment(parse_protocol("split-domain"), parse_environment(setting.environment))
    study_run = StudyRun(experiment, options.subfolder(setting.name), options.log, options.jobs)
    study_run.begin(setting.environment)
    plan = {f"{method} at {rate:g}": (method, rate) for method, rate in setting.plan()}
    chosen = {name: Configuration(parse_method(method), rate, {}) for name, (method, rate) in plan.items()}
    rows = []
    for name, results in study_run.run_final(chosen, config.final_seeds).items():
        for seed, result in zip(config.final_seeds, results, strict=True):
            accuracies = (float(metric(result.accuracy)) for metric in (final_accuracy, learning_accuracy))
            rows.append((setting.name, *plan[name], seed, *accuracies, result.seconds))
    return pd.DataFrame(rows, columns=["setting", "method", "learning_rate", "seed", "final", "learning", "seconds"])

"""Comparison in progress: the parts that train each candidate, and the folder that keeps them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd

from neuronet.comparison.contestant import CURVE_COLUMNS, Candidate
from neuronet.core import Environment, Policy, learning_rate_scale
from neuronet.engines.base import Setup
from neuronet.execution import Executor
from neuronet.recording import StudyStore
from neuronet.training import (
    EngineChoice,
    RunConfig,
    hash_samples,
)

TUNING_SEEDS = 3
"""Number of seeds for the search of learning rates; the results come from other seeds."""

GRID = tuple(10.0 ** (power / 2) for power in range(-4, 2))
"""Initial grid of learning rates for SGD: six over two and a half decades."""

GRID_STEP = 10.0**0.5

MAX_GRID_EXTENSIONS = 4
"""Steps by which the grid is extended, at most, on either side."""

CURVE_TYPES = {**dict.fromkeys(CURVE_COLUMNS, "float64"), "seed": "index", "epoch": "count", "test_accuracy": "share"}

UNUSED_OPTIONS = ("alignment", "checkpoint_every", "interventions", "monitor", "patience", "trace")
"""Fields of RunConfig that a comparison does not use."""

Log = Callable[[str], None]


class Conditions(Protocol):
    """Conditions of training that all candidates share: networks of NeuroNet, or a torch module."""

    @property
    def config(self) -> RunConfig:
        """Configuration."""

    @property
    def environment(self) -> Environment:
        """Source of the samples."""

    @property
    def engine_choice(self) -> EngineChoice:
        """Device and precision."""

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What the record holds besides the configuration."""

    def train_candidate(self, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]) -> pd.DataFrame:
        """Return a row for each learning rate, seed and epoch."""

    def policies(self, candidate: Candidate) -> tuple[Policy, ...]:
        """Return the policies that a candidate's neurons follow; none for the baseline."""

    def play_again(self, candidate: Candidate, rate: float, seed: int, watch: Callable[[Setup], Setup]) -> None:
        """Train with one learning rate from one seed, with the setup that a function makes of the candidate's."""


@dataclass(frozen=True, eq=False)
class Part:
    """Training of one candidate, as it is sent to a worker."""

    setup: Conditions
    candidate: Candidate
    rates: Sequence[float]
    seeds: Sequence[int]


def train_part(part: Part) -> pd.DataFrame:
    """Return the learning curves of a candidate."""
    return part.setup.train_candidate(part.candidate, part.rates, part.seeds)


class ComparisonStudy:
    """Comparison in progress, with the folder in which each part is saved when it is complete.

    Args:
        setup: Conditions of training.
        folder: Folder to record the comparison in; None for no record.
        log: Called with a line of text for each completed part.
        executor: Runs the parts.
    """

    def __init__(self, setup: Conditions, folder: Path | None, log: Log, executor: Executor) -> None:
        self.setup, self.executor = setup, executor
        self.store = StudyStore(folder, "comparison")
        self.log = log
        self._tuning_results: dict[str, pd.DataFrame] = {}

    def begin(self, tune: bool) -> None:
        """Compare the settings with those of the comparison that the folder holds, if any, and write them.

        Raises:
            StudyMismatchError: The folder holds a comparison with other settings.
            DataError: The folder cannot be written.
        """
        from neuronet.version import __version__

        config = self.setup.config.model_dump(exclude={"policy", *UNUSED_OPTIONS}, mode="json")
        samples = hash_samples(self.setup.environment)
        settings = {"version": __version__, "tune": tune, "samples": samples, **config, **self.setup.fingerprint}
        device = self.setup.engine_choice.device
        self.store.begin(settings, data={self.setup.config.environment: samples}, device=device, log=self.log)

    def tune(self, candidates: Sequence[Candidate]) -> tuple[dict[str, float], dict[str, bool]]:
        """Return the best learning rate of each candidate, and whether it is at the edge of the grid."""
        config = self.setup.config
        setup: Any = replace(cast(Any, self.setup), environment=self.setup.environment.validation_split())
        first = config.seed + config.replicas
        seeds = range(first, first + TUNING_SEEDS)
        scale = learning_rate_scale(config.optimizer)
        low, high = 0, len(GRID)
        while True:
            rates = [GRID[0] * GRID_STEP**step * scale for step in range(low, high)]
            best = {name: best_rate(results) for name, results in self._grid_results(setup, candidates, rates, seeds).items()}
            below = low > -MAX_GRID_EXTENSIONS and rates[0] in best.values()
            above = high < len(GRID) + MAX_GRID_EXTENSIONS and rates[-1] in best.values()
            if not below and not above:
                return best, {name: rate in (rates[0], rates[-1]) for name, rate in best.items()}
            low, high = low - below, high + above

    def _grid_results(
        self, setup: Conditions, candidates: Sequence[Candidate], rates: Sequence[float], seeds: Sequence[int]
    ) -> dict[str, pd.DataFrame]:
        """Return the learning curves of each candidate at these rates; those that are known are not trained again."""
        parts = []
        for candidate in candidates:
            if candidate.name not in self._tuning_results:
                self._tuning_results[candidate.name] = self.store.read_table(self._tuning_file(candidate), CURVE_TYPES)
            known = self._tuning_results[candidate.name]
            missing = [rate for rate in rates if not (known["learning_rate"] == rate).any()]
            if missing:
                self.log(f"{candidate.name}: trying {len(missing)} learning rates from {missing[0]:.2g} to {missing[-1]:.2g}")
                parts.append(Part(setup, candidate, missing, seeds))
        for index, new in self.executor.map(train_part, parts, seconds=0):
            candidate = parts[index].candidate
            known = self._tuning_results[candidate.name]
            known = pd.concat([known, new]) if len(known) else new
            self._tuning_results[candidate.name] = known
            self.store.write_table(self._tuning_file(candidate), known)
        tables = {candidate.name: self._tuning_results[candidate.name] for candidate in candidates}
        return {name: table[table["learning_rate"].isin(rates)] for name, table in tables.items()}

    @staticmethod
    def _tuning_file(candidate: Candidate) -> str:
        return f"tuning-{file_name(candidate)}.csv"

    def evaluate(self, candidates: Sequence[Candidate], rates: dict[str, float]) -> pd.DataFrame:
        """Return the learning curves of all candidates at their learning rates."""
        found, parts = {}, []
        for candidate in candidates:
            rate = rates[candidate.name]
            curves = self.store.read_table(f"final-{file_name(candidate)}.csv", CURVE_TYPES)
            if set(curves["learning_rate"]) == {rate}:
                found[candidate.name] = self._noted(candidate, curves, rate)
            else:
                parts.append(Part(self.setup, candidate, [rate], self.setup.config.seeds))
        for index, curves in self.executor.map(train_part, parts, seconds=0):
            candidate, (rate,) = parts[index].candidate, parts[index].rates
            self.store.write_table(f"final-{file_name(candidate)}.csv", curves)
            found[candidate.name] = self._noted(candidate, curves, rate)
        tables = [found[candidate.name] for candidate in candidates]
        return pd.concat(tables, ignore_index=True)[["policy", *CURVE_COLUMNS]]

    def _noted(self, candidate: Candidate, curves: pd.DataFrame, rate: float) -> pd.DataFrame:
        last = curves[curves["epoch"] == self.setup.config.epochs]
        measure = "test_accuracy" if last["test_accuracy"].notna().any() else "test_loss"
        self.log(f"{candidate.name}: {measure.replace('_', ' ')} {last[measure].mean():.4f} at learning rate {rate:.2g}")
        return curves.assign(policy=candidate.name)

    def tuning(self) -> pd.DataFrame:
        """Return the learning curves of all runs that chose learning rates."""
        parts = [table.assign(policy=name) for name, table in self._tuning_results.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["policy", *CURVE_COLUMNS])


def best_rate(results: pd.DataFrame) -> float:
    """Return the rate with the highest mean accuracy after the last epoch, then the lowest mean loss; diverged runs rank last."""
    last = results[results["epoch"] == results["epoch"].max()]
    means = last.groupby("learning_rate")[["test_accuracy", "test_loss"]].agg(lambda values: values.mean(skipna=False))
    loss = means["test_loss"].where(np.isfinite(means["test_loss"]), math.inf)
    accuracy = means["test_accuracy"].fillna(0.0).where(np.isfinite(loss), -math.inf)
    return float(min(means.index, key=lambda rate: (-accuracy[rate], loss[rate], rate)))


def file_name(candidate: Candidate) -> str:
    """Return a unique file name for a candidate."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", candidate.name).strip("-")[:40]
    return f"{safe}-{sha256(candidate.spec.encode()).hexdigest()[:8]}"

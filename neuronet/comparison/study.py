"""Comparison of policies with error backpropagation: same seeds, and a learning rate tuned for each candidate."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuronet.comparison.contestant import BASELINE, CURVE_COLUMNS, Candidate, ComparisonSetup
from neuronet.comparison.result import Comparison, build_table
from neuronet.core import ConfigurationError, Environment, check_number, learning_rate_scale, plug_in_errors
from neuronet.policies import POLICIES
from neuronet.recording import StudyStore, lock_folder, output_folder
from neuronet.registry import Policies, format_population, parse_population
from neuronet.training import RunConfig, build_networks, hash_samples, make_config, resolve_environment, select_engine

TUNING_SEEDS = 3
"""Number of seeds for the search of learning rates; the results come from other seeds."""

GRID = tuple(10.0 ** (power / 2) for power in range(-4, 2))
"""Initial grid of learning rates for SGD: six over two and a half decades."""

GRID_STEP = 10.0**0.5

MAX_GRID_EXTENSIONS = 4
"""Steps by which the grid is extended, at most, on either side."""

CURVE_TYPES = {**dict.fromkeys(CURVE_COLUMNS, "float64"), "seed": "index", "epoch": "count", "test_accuracy": "share"}

ALL = "all"

UNUSED_OPTIONS = ("alignment", "checkpoint_every", "interventions", "monitor", "patience", "trace")
"""Fields of RunConfig that a comparison does not use."""

Log = Callable[[str], None]


@plug_in_errors()
def compare(
    environment: str | Environment,
    policies: Iterable[Policies] | str = ALL,
    *,
    seeds: int = 5,
    tune: bool = False,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    log: Log | None = None,
    **options: Any,
) -> Comparison:
    """Train networks of each policy and of error backpropagation from the same seeds, and compare them.

    Args:
        environment: A name such as "digits", or an Environment.
        policies: Texts such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", policies or populations; "all" for every policy
            that comes with NeuroNet.
        seeds: Number of seeds (>= 1), from `seed` on.
        tune: Whether to choose a learning rate for each candidate. All try the same rates, from three seeds that the results do
            not use, evaluated on a sixth of the training samples. Where a best rate is at the edge of the grid, the grid is
            extended for all. Otherwise all candidates have the same learning_rate.
        out: Folder to record the comparison in, or a function that makes one; a comparison begun in the folder is resumed.
        log: Called with a line of text for each completed part.
        **options: Fields of RunConfig, such as hidden, epochs, batch_size, optimizer, learning_rate, seed. Channels act on the
            policies only, not on error backpropagation.

    Raises:
        StudyMismatchError: The folder holds another comparison.
        NeuroNetError: An option is not valid.
    """
    started = time.perf_counter()
    check_number("seeds", seeds, 1, whole=True)
    for name in ("policy", "engine", "replicas", *UNUSED_OPTIONS):
        if name in options:
            raise ConfigurationError(f"{name} is not an option of a comparison: leave it out")
    env = environment if isinstance(environment, Environment) else None
    text = type(environment).__name__ if isinstance(environment, Environment) else environment
    config = make_config({**options, "environment": text, "engine": "tensors", "replicas": seeds})
    candidates = parse_candidates(policies)
    env = resolve_environment(config, env)
    network = build_networks(config.model_copy(update={"replicas": 1}), env)[0]
    rounds = config.epochs * math.ceil(len(env.train) / config.batch_size)
    engine_choice = select_engine(config, sum(network.sizes[1:]), network.connections, rounds)
    given = out(config) if callable(out) else out
    folder = None if given is None else output_folder(given)
    study = ComparisonStudy(ComparisonSetup(config, env, engine_choice), folder, log or (lambda line: None))
    with lock_folder(folder):
        return _play(study, candidates, tune, started)


def _play(study: ComparisonStudy, candidates: Sequence[Candidate], tune: bool, started: float) -> Comparison:
    config, names = study.setup.config, [candidate.name for candidate in candidates]
    study.begin(tune)
    rates, at_edge = study.tune(candidates) if tune else (dict.fromkeys(names, config.learning_rate), {})
    curves = study.evaluate(candidates, rates)
    measure = "accuracy" if curves["test_accuracy"].notna().any() else "loss"
    table = build_table(curves, measure, at_edge)
    study.store.write_table("table.csv", table)
    study.store.write_table("curves.csv", curves)
    return Comparison(config, measure, table, curves, study.tuning(), time.perf_counter() - started, study.store.path)


def parse_candidates(policies: Iterable[Policies] | str) -> list[Candidate]:
    """Return the baseline and the candidates to compare it with.

    Raises:
        SpecError: A policy is unknown.
        ConfigurationError: There is no policy, or one is named twice.
    """
    given = [policies] if isinstance(policies, str) else list(policies)
    specs = [name for spec in given for name in (POLICIES if spec == ALL else [spec])]
    candidates = [Candidate(BASELINE, None, BASELINE)]
    for spec in specs:
        if spec == BASELINE:  # it is always included
            continue
        population = parse_population(spec)
        candidate = Candidate(_joined(format_population(spec)), population, _joined(format_population(population)))
        if any(candidate.name == other.name for other in candidates):
            raise ConfigurationError(f"policy '{candidate.name}' is given twice: name each policy once")
        candidates.append(candidate)
    if len(candidates) == 1:
        raise ConfigurationError("a comparison needs a policy besides its baseline backprop")
    return candidates


def _joined(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else " | ".join(text)


class ComparisonStudy:
    """Comparison in progress, with the folder in which each part is saved when it is complete.

    Args:
        setup: Conditions of training.
        folder: Folder to record the comparison in; None for no record.
        log: Called with a line of text for each completed part.
    """

    def __init__(self, setup: ComparisonSetup, folder: Path | None, log: Log) -> None:
        self.setup = setup
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
        settings = {"version": __version__, "tune": tune, "samples": samples, **config}
        device = self.setup.engine_choice.device
        self.store.begin(settings, data={self.setup.config.environment: samples}, device=device, log=self.log)

    def tune(self, candidates: Sequence[Candidate]) -> tuple[dict[str, float], dict[str, bool]]:
        """Return the best learning rate of each candidate, and whether it is at the edge of the grid."""
        config = self.setup.config
        setup = ComparisonSetup(config, self.setup.environment.validation_split(), self.setup.engine_choice)
        first = config.seed + config.replicas
        seeds = range(first, first + TUNING_SEEDS)
        scale = learning_rate_scale(config.optimizer)
        low, high = 0, len(GRID)
        while True:
            rates = [GRID[0] * GRID_STEP**step * scale for step in range(low, high)]
            best = {c.name: best_rate(self._grid_results(setup, c, rates, seeds)) for c in candidates}
            below = low > -MAX_GRID_EXTENSIONS and rates[0] in best.values()
            above = high < len(GRID) + MAX_GRID_EXTENSIONS and rates[-1] in best.values()
            if not below and not above:
                return best, {name: rate in (rates[0], rates[-1]) for name, rate in best.items()}
            low, high = low - below, high + above

    def _grid_results(
        self, setup: ComparisonSetup, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]
    ) -> pd.DataFrame:
        name = f"tuning-{file_name(candidate)}.csv"
        known = self._tuning_results.get(candidate.name)
        if known is None:
            known = self.store.read_table(name, CURVE_TYPES)
        missing = [rate for rate in rates if not (known["learning_rate"] == rate).any()]
        if missing:
            self.log(f"{candidate.name}: trying {len(missing)} learning rates from {missing[0]:.2g} to {missing[-1]:.2g}")
            new = setup.train_candidate(candidate, missing, seeds)
            known = pd.concat([known, new]) if len(known) else new
            self.store.write_table(name, known)
        self._tuning_results[candidate.name] = known
        return known[known["learning_rate"].isin(rates)]

    def evaluate(self, candidates: Sequence[Candidate], rates: dict[str, float]) -> pd.DataFrame:
        """Return the learning curves of all candidates at their learning rates."""
        config = self.setup.config
        parts = []
        for candidate in candidates:
            name, rate = f"final-{file_name(candidate)}.csv", rates[candidate.name]
            curves = self.store.read_table(name, CURVE_TYPES)
            if set(curves["learning_rate"]) != {rate}:
                curves = self.setup.train_candidate(candidate, [rate], config.seeds)
                self.store.write_table(name, curves)
            last = curves[curves["epoch"] == config.epochs]
            measure = "test_accuracy" if last["test_accuracy"].notna().any() else "test_loss"
            self.log(f"{candidate.name}: {measure.replace('_', ' ')} {last[measure].mean():.4f} at learning rate {rate:.2g}")
            parts.append(curves.assign(policy=candidate.name))
        return pd.concat(parts, ignore_index=True)[["policy", *CURVE_COLUMNS]]

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

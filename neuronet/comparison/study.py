"""Comparing policies: each trained with a learning rate of its own choice, from the same seeds, against error backpropagation."""

from __future__ import annotations

import json
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
from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.learning.optimizers import Adam, Momentum
from neuronet.policies import POLICIES
from neuronet.recording.atomic_write import write_atomically
from neuronet.registry import Policies, format_population, parse_population
from neuronet.training.assembly import build_networks, hash_samples, resolve_environment
from neuronet.training.config import RunConfig, make_config
from neuronet.training.engine_selection import select_engine

TUNING_SEEDS = 3
"""From which each learning rate is tried: none of those that the results come from."""

GRID = tuple(10.0 ** (power / 2) for power in range(-4, 2))
"""Learning rates to begin with, for SGD: six over two and a half decades."""

GRID_STEP = 10.0**0.5

MAX_GRID_EXTENSIONS = 4
"""How far the grid is extended, at most, on either side."""

ALL = "all"

UNUSED_OPTIONS = ("alignment", "checkpoint_every", "interventions", "trace")
"""Fields of a run that a comparison has no use for."""

Log = Callable[[str], None]


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
    """Train networks of each policy from the same seeds, and error backpropagation by torch besides.

    Args:
        environment: A name such as "digits", or an Environment.
        policies: Texts such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", policies or populations; "all" for every policy
            that comes with NeuroNet.
        seeds: How many, 1 or more, from `seed` on.
        tune: Whether each candidate chooses its learning rate. All try the same rates, from the same three seeds (others than
            those of the results), and are judged by a sixth of the training samples that is held back. Where the best rate of
            one is the last of the grid, the grid grows for all. Without, all have the same learning_rate.
        out: A folder to record the comparison in, or a function that makes one; with a folder in which one was begun, it goes on.
        log: Called with a line of text for each part that is done.
        **options: Fields of RunConfig, such as hidden, epochs, batch_size, optimizer, learning_rate, seed. Channels act on the
            policies only, not on error backpropagation.

    Raises:
        NeuroNetError: Something does not fit, or the folder holds another comparison.
    """
    started = time.perf_counter()
    check_number("seeds", seeds, 1, whole=True)
    for name in ("policy", "engine", "replicas", *UNUSED_OPTIONS):
        if name in options:
            raise NeuroNetError(f"{name} is no option of a comparison: leave it out")
    env = environment if isinstance(environment, Environment) else None
    text = type(environment).__name__ if isinstance(environment, Environment) else environment
    config = make_config({**options, "environment": text, "engine": "tensors", "replicas": seeds})
    candidates = parse_candidates(policies)
    env = resolve_environment(config, env)
    network = build_networks(config.model_copy(update={"replicas": 1}), env)[0]
    rounds = config.epochs * math.ceil(len(env.train) / config.batch_size)
    engine_choice = select_engine(config, sum(network.sizes[1:]), network.connections, rounds)
    folder = out(config) if callable(out) else None if out is None else Path(out)
    study = ComparisonStudy(ComparisonSetup(config, env, engine_choice), folder, log or (lambda line: None))
    study.open_folder(tune)
    rates, at_edge = study.tune(candidates) if tune else ({each.name: config.learning_rate for each in candidates}, {})
    curves = study.evaluate(candidates, rates)
    measure = "accuracy" if curves["test_accuracy"].notna().any() else "loss"
    table = build_table(curves, measure, at_edge)
    study.write("table.csv", table)
    study.write("curves.csv", curves)
    return Comparison(config, measure, table, curves, study.tuning(), time.perf_counter() - started, folder)


def parse_candidates(policies: Iterable[Policies] | str) -> list[Candidate]:
    """The baseline, and who is compared with it.

    Raises:
        NeuroNetError: A policy is unknown, or named twice.
    """
    given = [policies] if isinstance(policies, str) else list(policies)
    texts = [name for each in given for name in (POLICIES if each == ALL else [each])]
    found = [Candidate(BASELINE, None, BASELINE)]
    for each in texts:
        if each == BASELINE:  # it is there in any case
            continue
        population = parse_population(each)
        named = Candidate(_joined(format_population(each)), population, _joined(format_population(population)))
        if any(named.name == other.name for other in found):
            raise NeuroNetError(f"policy '{named.name}' is to be compared twice")
        found.append(named)
    if len(found) == 1:
        raise NeuroNetError("a comparison needs a policy: backprop is its baseline in any case")
    return found


def _joined(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else " | ".join(text)


class ComparisonStudy:
    """A comparison under way, with the folder in which each part is kept as soon as it is done.

    Args:
        setup: Where candidates are trained.
        folder: None for none.
        log: Told of each part that is done.
    """

    def __init__(self, setup: ComparisonSetup, folder: Path | None, log: Log) -> None:
        self.setup = setup
        self.folder = folder
        self.log = log
        self._tuning_results: dict[str, pd.DataFrame] = {}

    def open_folder(self, tune: bool) -> None:
        """Take the folder.

        Raises:
            NeuroNetError: It holds a comparison of another kind, or cannot be written.
        """
        if self.folder is None:
            return
        from neuronet import __version__

        config = self.setup.config.model_dump(exclude={"policy", *UNUSED_OPTIONS}, mode="json")
        about = {"version": __version__, "tune": tune, "samples": hash_samples(self.setup.environment), **config}
        path = self.folder / "study.json"
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            other = next((name for name in about if before.get(name) != about[name]), None)
            if other is not None:
                what = f"'{self.folder}' holds a comparison with another {other}"
                raise NeuroNetError(f"{what}: choose another folder, or the same options")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, (json.dumps(about, indent=2) + "\n").encode())
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{self.folder}': {error.strerror}") from None

    def tune(self, candidates: Sequence[Candidate]) -> tuple[dict[str, float], dict[str, bool]]:
        """The best learning rate of each, and whether it was the last of the grid."""
        config = self.setup.config
        setup = ComparisonSetup(config, self.setup.environment.validation_split(), self.setup.engine_choice)
        first = config.seed + config.replicas
        seeds = range(first, first + TUNING_SEEDS)
        scale = rate_scale(config)
        low, high = 0, len(GRID)
        while True:
            rates = [GRID[0] * GRID_STEP**step * scale for step in range(low, high)]
            best = {each.name: best_rate(self._grid_results(setup, each, rates, seeds)) for each in candidates}
            below = low > -MAX_GRID_EXTENSIONS and rates[0] in best.values()
            above = high < len(GRID) + MAX_GRID_EXTENSIONS and rates[-1] in best.values()
            if not below and not above:
                return best, {name: rate in (rates[0], rates[-1]) for name, rate in best.items()}
            low, high = low - below, high + above

    def _grid_results(
        self, setup: ComparisonSetup, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]
    ) -> pd.DataFrame:
        name = f"tuning-{file_name(candidate)}.csv"
        known = self._tuning_results[candidate.name] if candidate.name in self._tuning_results else self.read(name)
        missing = [rate for rate in rates if not (known["learning_rate"] == rate).any()]
        if missing:
            self.log(f"{candidate.name}: trying {len(missing)} learning rates from {missing[0]:.2g} to {missing[-1]:.2g}")
            new = setup.train_candidate(candidate, missing, seeds)
            known = pd.concat([known, new]) if len(known) else new
            self.write(name, known)
        self._tuning_results[candidate.name] = known
        return known[known["learning_rate"].isin(rates)]

    def evaluate(self, candidates: Sequence[Candidate], rates: dict[str, float]) -> pd.DataFrame:
        """The learning curves of all, from the seeds that count."""
        config = self.setup.config
        found = []
        for each in candidates:
            name = f"final-{file_name(each)}.csv"
            curves = self.read(name)
            if set(curves["learning_rate"]) != {rates[each.name]}:
                curves = self.setup.train_candidate(each, [rates[each.name]], config.seeds)
                self.write(name, curves)
            last = curves[curves["epoch"] == config.epochs]
            shown = "test_accuracy" if last["test_accuracy"].notna().any() else "test_loss"
            self.log(f"{each.name}: {shown.replace('_', ' ')} {last[shown].mean():.4f} at learning rate {rates[each.name]:.2g}")
            found.append(curves.assign(policy=each.name))
        return pd.concat(found, ignore_index=True)[["policy", *CURVE_COLUMNS]]

    def tuning(self) -> pd.DataFrame:
        """All runs that chose learning rates."""
        parts = [table.assign(policy=name) for name, table in self._tuning_results.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["policy", *CURVE_COLUMNS])

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Keep a table in the folder, whole or not at all."""
        if self.folder is not None:
            write_atomically(self.folder / name, table.to_csv(index=False).encode())

    def read(self, name: str) -> pd.DataFrame:
        """What was kept before; empty if nothing was."""
        path = None if self.folder is None else self.folder / name
        if path is None or not path.exists():
            return pd.DataFrame(columns=list(CURVE_COLUMNS))
        try:
            words = pd.read_csv(path, dtype=str, keep_default_na=False)  # reading numbers may round the last digit
            kinds = {name: "int64" if name in ("seed", "epoch") else "float64" for name in CURVE_COLUMNS}
            return words[list(CURVE_COLUMNS)].replace("", "nan").astype(kinds)
        except (OSError, ValueError, KeyError) as error:
            raise NeuroNetError(f"cannot read '{path}', a part of this comparison: {error}") from None


def rate_scale(config: RunConfig) -> float:
    """What the grid is multiplied by, so that steps are about as long under each optimizer."""
    optimizer = config.optimizer
    return 1 - optimizer.momentum if isinstance(optimizer, Momentum) else 0.01 if isinstance(optimizer, Adam) else 1.0


def best_rate(results: pd.DataFrame) -> float:
    """The learning rate with the highest mean accuracy after the last epoch, then the lowest mean loss; a ruin counts last."""
    last = results[results["epoch"] == results["epoch"].max()]
    means = last.groupby("learning_rate")[["test_accuracy", "test_loss"]].agg(lambda values: values.mean(skipna=False))
    loss = means["test_loss"].where(np.isfinite(means["test_loss"]), math.inf)
    accuracy = means["test_accuracy"].fillna(0.0).where(np.isfinite(loss), -math.inf)
    return float(min(means.index, key=lambda rate: (-accuracy[rate], loss[rate], rate)))


def file_name(candidate: Candidate) -> str:
    """A name for its files that no other candidate has."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", candidate.name).strip("-")[:40]
    return f"{safe}-{sha256(candidate.spec.encode()).hexdigest()[:8]}"

"""Worker of a sweep: it runs the cells of a group together, as replicas, and returns a row for each, even if it fails."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neuronet.benchmarking import threads
from neuronet.core import Batches, DivergedError, Environment, NeuroNetError, WorkerError, plug_in_errors
from neuronet.engines.base import Setup
from neuronet.interventions import InterventionExecutor, build_schedule
from neuronet.recording import MemoryTraceStore, TraceRecorder
from neuronet.sweep.environment_info import EnvironmentInfo, load_environment
from neuronet.testing import find_non_finite
from neuronet.training import (
    ALL_GROUPS,
    MAX_TRAIN_EVAL_SAMPLES,
    WHOLE_NETWORK,
    Alignment,
    ApplyInterventions,
    Callback,
    Inequality,
    RecordTraces,
    RunConfig,
    RunContext,
    RunProgress,
    Trainer,
    build_run,
    diverged_error,
    evaluate,
)

MEASURES = ("test_accuracy", "test_loss", "train_accuracy", "train_loss", "cosine", "gini")
RESULTS = (*MEASURES, "rounds", "seconds", "group_size", "error")
"""Columns of the table with the results of a cell."""

MAX_ERROR_LENGTH = 400

MEASURED_SECONDS = 0.3
"""Seconds of rounds that an estimate of a group's time plays."""

Row = dict[str, Any]
"""Results of a cell, by RESULTS."""


@dataclass(frozen=True, eq=False)
class CellResult:
    """What a worker returns of a cell.

    Attributes:
        row: Results at the end, by RESULTS.
        curve: Values of MEASURES after each epoch; empty if they were not asked for or the cell failed.
        traces: Rows of its traced neurons; None if nothing was traced or the cell failed.
    """

    row: Row
    curve: tuple[Row, ...] = ()
    traces: pd.DataFrame | None = None


@dataclass(frozen=True)
class Job:
    """Group of cells, as it is sent to a worker.

    Attributes:
        configs: Configurations of the cells, which differ in seed and learning rate only.
        environment_info: Fingerprint of their environment where the sweep was started.
        folder: Folder to search for modules of the user, last; None on this machine.
        version: NeuroNet's version where the sweep was started; None on this machine.
        cells: Cells of the whole sweep, those of earlier runs included; None for these alone.
        curves: Whether to measure after every epoch.
    """

    configs: tuple[RunConfig, ...]
    environment_info: EnvironmentInfo
    folder: str | None = None
    version: str | None = None
    cells: int | None = None
    curves: bool = False


def run_job(job: Job) -> list[CellResult]:
    """Run the cells of a group, one by one if they fail together, and return the result of each.

    Raises:
        WorkerError: The worker has another version than where the sweep was started.
        DataError: The worker has other samples.
    """
    from neuronet.version import __version__

    if job.version not in (None, __version__):
        raise WorkerError(f"a worker has version {__version__}, and the sweep was started with version {job.version}")
    if job.folder is not None and job.folder not in sys.path:
        sys.path.append(job.folder)
    environment = load_environment(job.environment_info, job.configs[0])
    with threads(1), threadpool_limits(1):  # the same order of sums in every process
        return _results(job, environment)


def _results(job: Job, environment: Environment) -> list[CellResult]:
    try:
        with plug_in_errors():
            return _play_cells(job, environment)
    except Exception as error:
        if len(job.configs) == 1:
            return [CellResult(_failure_row(error))]
    return [result for config in job.configs for result in _results(replace(job, configs=(config,)), environment)]


def _failure_row(error: Exception) -> Row:
    text = " ".join(str(error).split())
    message = text if isinstance(error, NeuroNetError) else f"{type(error).__name__}: {text}".removesuffix(": ")
    return dict.fromkeys(MEASURES, math.nan) | {"rounds": 0, "seconds": 0.0, "group_size": 1, "error": message[:MAX_ERROR_LENGTH]}


def _play_cells(job: Job, environment: Environment) -> list[CellResult]:
    started, configs, count = time.perf_counter(), job.configs, len(job.configs)
    with _game(configs, environment, job.cells) as game:
        played = _train(game, configs[0], curves=job.curves)
        measured = played.curves[-1] if played.curves else _evaluate(game, configs[0])
        measured = measured | {"train_loss": played.losses.loss.tolist()}
        rounds = game.engine.round_number
    cost: Row = {"rounds": rounds, "seconds": round((time.perf_counter() - started) / count, 4), "group_size": count}
    results: list[CellResult] = []
    for index in range(count):
        values = {name: float(of_cells[index]) for name, of_cells in measured.items()}
        epoch = int(played.losses.diverged_at[index])
        if epoch or not math.isfinite(values["test_loss"]):
            error = diverged_error(epoch or configs[0].epochs, configs[index].learning_rate)
            reason = _reason(configs[index], environment, error)
            results.append(CellResult(dict.fromkeys(MEASURES, math.nan) | cost | {"error": str(reason)}))
            continue
        row = {name: values[name] for name in MEASURES} | cost | {"error": None}
        curve = tuple({name: float(of_cells[index]) for name, of_cells in measures.items()} for measures in played.curves)
        traces = played.traces if played.traces is None else played.traces[played.traces["replica"] == index].assign(replica=0)
        results.append(CellResult(row, curve, traces))
    return results


def _reason(config: RunConfig, environment: Environment, error: DivergedError) -> NeuroNetError:
    """Return the error of a diverged cell: that of a plug-in of the user's own, if it gave the first nan or infinite number."""

    def play_again(watch: Callable[[Setup], Setup]) -> None:
        plain = config.model_copy(update={"alignment": False, "inequality": False, "trace": ()})
        with closing((again := build_run(plain, environment=environment, watch=watch)).engine):
            _train(again, plain)

    return find_non_finite(error, play_again)


def measure_group(configs: Sequence[RunConfig], environment: Environment, *, curves: bool = False) -> float | None:
    """Return about how many seconds a group of cells takes, from rounds of about MEASURED_SECONDS and one evaluation.

    Args:
        configs: Configurations of the cells.
        environment: Their environment.
        curves: Whether the cells are evaluated after every epoch.

    Returns:
        The seconds, with loading left out; None if the cells fail.
    """
    try:
        with plug_in_errors(), _game(configs, environment) as game:
            engine, batches = game.engine, game.batches
            samples, rounds = engine.prepare(environment.train), configs[0].epochs * batches.per_epoch
            order = batches.order(0)

            def play(first: int, last: int) -> None:
                part = order[..., batches.slice_of(first).start : batches.slice_of(last - 1).stop]
                with np.errstate(over="ignore", invalid="ignore"):
                    engine.play_rounds(samples, part, batches.size)

            play(0, 1)  # what is done once, such as compiling
            started, played = time.perf_counter(), 0
            while played < batches.per_epoch - 1 and time.perf_counter() - started < MEASURED_SECONDS:
                play(played + 1, played + 2)
                played += 1
            seconds = (time.perf_counter() - started) / max(played, 1) * rounds
            started = time.perf_counter()
            _evaluate(game, configs[0])
            return seconds + (time.perf_counter() - started) * (configs[0].epochs if curves else 1)
    except Exception:  # the sweep will say why
        return None


@contextmanager
def _game(configs: Sequence[RunConfig], environment: Environment, cells: int | None = None) -> Iterator[RunContext]:
    """Build the run of one cell, or one with the cells as replicas, with the networks and rates that they have alone."""
    games = [build_run(config, environment=environment, networks=cells) for config in configs]
    if len(games) == 1:
        with closing(games[0].engine):
            yield games[0]
        return
    for game in games:
        game.engine.close()
    setups, choice = tuple(game.setups[0] for game in games), games[0].engine_choice
    batches = Batches(len(environment.train), configs[0].batch_size, tuple(config.seed for config in configs))
    with closing(choice.build(setups, batches.size, cells)) as engine:
        yield RunContext(games[0].config, environment, engine, batches, choice, setups)


class _CellLosses(Callback):
    """Callback that sums up the last epoch's mean loss of each cell, (R,), and stops once all cells have diverged.

    Attributes:
        loss: Mean loss of the last epoch.
        diverged_at: Epoch in which the loss stopped being finite, from 1; 0 where it is finite.
    """

    def __init__(self, cells: int, samples: int) -> None:
        self.loss, self.diverged_at = np.zeros(cells), np.zeros(cells, dtype=np.int64)
        self._sum, self._samples = np.zeros(cells), samples

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        for loss in losses.T:  # one by one, so that the sum does not depend on how the rounds are split into calls
            self._sum += loss.astype(np.float64)

    def on_epoch_end(self, run: RunProgress) -> None:
        self.loss, self._sum = self._sum / self._samples, np.zeros(len(self._sum))
        self.diverged_at[(self.diverged_at == 0) & ~np.isfinite(self.loss)] = run.epoch
        if self.diverged_at.all():
            run.stop("all cells have diverged")


class _Curves(Callback):
    """Callback that measures the networks of all cells after every epoch.

    Attributes:
        measured: Values of MEASURES after each epoch, a list of one for each cell.
    """

    def __init__(self, game: RunContext, config: RunConfig, losses: _CellLosses) -> None:
        self._game, self._config, self._losses = game, config, losses
        self.measured: list[dict[str, list[float]]] = []

    def on_epoch_end(self, run: RunProgress) -> None:
        self.measured.append(_evaluate(self._game, self._config, run.epoch) | {"train_loss": self._losses.loss.tolist()})


@dataclass(frozen=True, eq=False)
class _Training:
    """What was measured while the cells of a group were trained."""

    losses: _CellLosses
    curves: list[dict[str, list[float]]]
    traces: pd.DataFrame | None


def _train(game: RunContext, config: RunConfig, *, curves: bool = False) -> _Training:
    """Play all epochs."""
    engine, batches, per_epoch = game.engine, game.batches, game.batches.per_epoch
    schedule = build_schedule(config.interventions, engine, per_epoch, config.epochs * per_epoch)
    interventions = ApplyInterventions(InterventionExecutor(schedule, engine, game.setups, per_epoch))
    losses, store = _CellLosses(len(game.setups), batches.samples), MemoryTraceStore()
    measured = _Curves(game, config, losses)
    callbacks: list[Callback] = [interventions, losses]
    if config.trace:
        callbacks.append(RecordTraces(TraceRecorder(config.trace, engine, game.setups, per_epoch, store)))
    Trainer(
        engine,
        batches,
        engine.prepare(game.environment.train),
        epochs=config.epochs,
        lr_schedule=config.lr_schedule,
        callbacks=[*callbacks, measured] if curves else callbacks,
    ).run()
    return _Training(losses, measured.measured, store.table() if config.trace else None)


def _evaluate(game: RunContext, config: RunConfig, epoch: int | None = None) -> dict[str, list[float]]:
    """Return the measures of each cell's network after an epoch; None for the last."""
    epoch = epoch or config.epochs
    count, engine, environment = len(game.setups), game.engine, game.environment
    with np.errstate(over="ignore", invalid="ignore"):
        _, train_accuracy = evaluate(engine, environment.payoff, engine.prepare(environment.train), count, MAX_TRAIN_EVAL_SAMPLES)
        test_loss, test_accuracy = evaluate(engine, environment.payoff, engine.prepare(environment.test), count)
    cosine = [math.nan] * count
    if config.alignment:
        rows = Alignment(engine.setups, environment).measure(engine.state(), epoch)
        cosine = [row["cosine"] for row in rows if row["layer"] == WHOLE_NETWORK and row["group"] == ALL_GROUPS]
    gini = [math.nan] * count
    if config.inequality and config.hidden:
        rows = Inequality(engine.setups).measure(engine.state(), epoch)
        gini = [row["gini"] for row in rows if row["layer"] == WHOLE_NETWORK and row["group"] == ALL_GROUPS]
    accuracies = {"test_accuracy": test_accuracy, "train_accuracy": train_accuracy}
    return {**accuracies, "test_loss": test_loss, "cosine": cosine, "gini": gini}

"""Playing the games of a study: one after another, or side by side in several processes, with the same results."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.evaluation.runner import Experiment, SequenceResult
from neuronet.continual.methods.base import Method
from neuronet.core.errors import NeuroNetError
from neuronet.execution import Executor
from neuronet.recording import json_bytes, write_atomically

SECONDS_PER_PRODUCT = 2e-10
"""Estimated seconds of a multiplication on one core."""


@dataclass(frozen=True, eq=False)
class Job:
    """A method that learns all tasks from some seeds at once.

    Attributes:
        experiment: What is learned.
        method: How.
        learning_rate: With which.
        seeds: One for each replica.
        files: Where each seed's results are kept, without the suffix; none to keep nothing.
    """

    experiment: Experiment
    method: Method
    learning_rate: float
    seeds: tuple[int, ...]
    files: tuple[Path, ...] = ()

    def run(self) -> SequenceResult:
        """Play it, and write its results the moment they are there."""
        experiment = replace(self.experiment)  # without the cached tasks, which would fill the memory
        played = experiment.run(self.method, self.learning_rate, self.seeds)
        for file, accuracy in zip(self.files, played.accuracy, strict=bool(self.files)):
            save_result(file, SequenceResult(accuracy, played.seconds, played.memory_bytes))
        return played


def save_result(file: Path, played: SequenceResult) -> None:
    """Write one seed's results: the accuracies in FILE.json, after what they cost in FILE.cost.json."""
    rows = [[None if math.isnan(share) else share for share in row] for row in played.accuracy.tolist()]
    cost = {"seconds": played.seconds, "bytes": played.memory_bytes}
    for suffix, content in ((".cost.json", cost), (".json", rows)):
        write_atomically(file.with_name(file.name + suffix), json_bytes(content))


def load_result(file: Path, tasks: int) -> SequenceResult | None:
    """One seed's results, if they were written; what they cost is nan where an earlier version wrote no costs.

    Raises:
        NeuroNetError: The file holds something else.
    """
    path, cost = (file.with_name(file.name + suffix) for suffix in (".json", ".cost.json"))
    if not path.exists():
        return None
    try:
        accuracy: NDArray[np.float64] = np.asarray(json.loads(path.read_text(encoding="utf-8")), dtype=np.float64)
        spent = json.loads(cost.read_text(encoding="utf-8")) if cost.exists() else {"seconds": math.nan, "bytes": math.nan}
        found = SequenceResult(accuracy, float(spent["seconds"]), float(spent["bytes"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NeuroNetError(f"cannot read '{path}', a part of this study: {error}") from None
    if accuracy.shape != (tasks + 1, tasks):
        raise NeuroNetError(f"'{path}' must hold the accuracies of {tasks} tasks, got the shape {accuracy.shape}")
    return found


def estimated_seconds(job: Job) -> float:
    """Return about how long a game takes on one core."""
    experiment = job.experiment
    samples = experiment.schedule.rounds(len(experiment.environment.train)) * experiment.schedule.batch_size
    weights = sum(speakers * listeners for speakers, listeners in pairwise(experiment.sizes))
    return SECONDS_PER_PRODUCT * 3 * samples * weights * experiment.protocol.tasks * len(job.seeds)


def executor_for(games: Sequence[Job], jobs: int | None) -> Executor:
    """Return the executor of games: one process on a GPU, as many as `jobs` says otherwise."""
    return Executor(1 if games and games[0].experiment.device != "cpu" else jobs)


def run_jobs(games: Sequence[Job], jobs: int | None) -> Iterator[tuple[int, SequenceResult]]:
    """Play games, and yield the index and the results of each as soon as it is done, in any order.

    Args:
        games: All of one protocol and environment.
        jobs: Number of processes; None for one for each core, if the games are long enough. On a GPU there is one.

    Raises:
        WorkerError: A worker process was lost.
        ConfigurationError: A game cannot be sent to another process.
    """
    executor = executor_for(games, jobs)
    seconds = sum(map(estimated_seconds, games))
    if executor.worker_count(len(games), seconds) > 1:  # what is loaded once is loaded here, and shared by all processes
        for environment in {id(job.experiment.environment): job.experiment.environment for job in games}.values():
            _ = environment.train, environment.test
    yield from executor.map(_run_job, games, seconds=seconds, mmap_mode="c")


def _run_job(job: Job) -> SequenceResult:
    return job.run()

"""Playing the games of a study: one after another, or side by side in several processes, with the same results."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from neuronet.continual.evaluation.runner import Experiment, SequenceResult
from neuronet.continual.methods.base import Method
from neuronet.core.errors import NeuroNetError
from neuronet.execution.pool import parallel_map
from neuronet.recording.atomic_write import write_atomically

MIN_WORK_FOR_POOL = 100_000_000_000
"""Multiplications of all games together up to which starting more processes (about 4 s) takes longer than they save."""


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
        write_atomically(file.with_name(file.name + suffix), (json.dumps(content) + "\n").encode())


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


def worker_count(games: Sequence[Job], jobs: int | None) -> int:
    """In how many processes these games are played.

    Args:
        games: All of them.
        jobs: How many are wanted; None for as many as there are cores, where the games are worth it. On a GPU one.
    """
    if not games or games[0].experiment.device != "cpu":
        return 1
    if jobs is not None:
        return min(jobs, len(games))
    return min(joblib.cpu_count(), len(games)) if sum(map(estimated_work, games)) > MIN_WORK_FOR_POOL else 1


def estimated_work(job: Job) -> float:
    """About how many multiplications a game takes."""
    experiment = job.experiment
    samples = experiment.schedule.rounds(len(experiment.environment.train)) * experiment.schedule.batch_size
    weights = sum(speakers * listeners for speakers, listeners in pairwise(experiment.sizes))
    return 3.0 * samples * weights * experiment.protocol.tasks * len(job.seeds)


def run_jobs(games: Sequence[Job], jobs: int | None) -> Iterator[tuple[int, SequenceResult]]:
    """Play games, and give each one's place and results when it is done; in which order is left to chance.

    Args:
        games: All of one course's world.
        jobs: As in `worker_count`.

    Raises:
        NeuroNetError: A game cannot be sent to another process, or one of the processes was ended.
    """
    workers = worker_count(games, jobs)
    if workers == 1:
        yield from parallel_map(_run_job, games, jobs=1)
        return
    for environment in {id(job.experiment.environment): job.experiment.environment for job in games}.values():
        _ = environment.train, environment.test  # what is made once is made here, and lies in the memory once for all processes
    yield from parallel_map(_run_job, games, jobs=workers, inner_max_num_threads=1, mmap_mode="c")


def _run_job(job: Job) -> SequenceResult:
    return job.run()

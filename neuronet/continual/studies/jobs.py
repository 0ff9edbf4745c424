"""Jobs of a study: independent runs in one or several processes, with the same results, stored as soon as they finish."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.evaluation import Experiment, SequenceResult
from neuronet.continual.methods import Method
from neuronet.core import DataError, check_number
from neuronet.execution import Executor
from neuronet.recording import inside, json_bytes, read_json, reading, write_atomically, writing

SECONDS_PER_PRODUCT = 2e-10
"""Estimated seconds of a multiplication on one core."""

STUDY_KIND = "continual study"
"""Kind of study in study.json, and in messages."""


@dataclass(frozen=True, eq=False)
class Job:
    """Run of one method through all tasks, for one or more seeds.

    Attributes:
        experiment: Tasks, networks and schedule.
        method: The method.
        learning_rate: Learning rate (> 0).
        seeds: Seed of each replica.
        files: File of each seed's results, without suffix; empty to store nothing.
    """

    experiment: Experiment
    method: Method
    learning_rate: float
    seeds: tuple[int, ...]
    files: tuple[Path, ...] = ()

    def run(self) -> SequenceResult:
        """Return the results, after writing them to the files."""
        experiment = replace(self.experiment)  # without the cached tasks, which would fill the memory
        result = experiment.run(self.method, self.learning_rate, self.seeds)
        for file, seed_result in zip(self.files, self.by_seed(result).values(), strict=bool(self.files)):
            save_result(file, seed_result)
        return result

    def by_seed(self, result: SequenceResult) -> dict[int, SequenceResult]:
        """Return the result of each seed."""
        return {
            seed: SequenceResult(accuracy, result.seconds, result.memory_bytes)
            for seed, accuracy in zip(self.seeds, result.accuracy, strict=True)
        }


def save_result(file: Path, result: SequenceResult) -> None:
    """Write one seed's results: first the costs to FILE.cost.json, then the accuracies to FILE.json."""
    rows = [[None if math.isnan(share) else share for share in row] for row in result.accuracy.tolist()]
    cost = {"seconds": result.seconds, "bytes": result.memory_bytes}
    for suffix, content in ((".cost.json", cost), (".json", rows)):
        path = inside(file.parent.parent, f"{file.parent.name}/{file.name}{suffix}")
        with writing(path):
            write_atomically(path, json_bytes(content))


def load_result(file: Path, tasks: int) -> SequenceResult | None:
    """Return one seed's results, or None if they do not exist; costs are nan in studies of earlier versions.

    Raises:
        DataError: The file holds something else.
    """
    path, cost_path = (file.with_name(file.name + suffix) for suffix in (".json", ".cost.json"))
    if not path.exists():
        return None
    rows = read_json(path, STUDY_KIND)
    cost = read_json(cost_path, STUDY_KIND) if cost_path.exists() else {"seconds": math.nan, "bytes": math.nan}
    with reading(path, STUDY_KIND):
        accuracy: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
    if accuracy.shape != (tasks + 1, tasks) or not ((accuracy >= 0) & (accuracy <= 1) | np.isnan(accuracy)).all():
        raise DataError(f"'{path}' must hold the accuracies (0 to 1) of {tasks} tasks, got the shape {accuracy.shape}")
    with reading(cost_path, STUDY_KIND):
        for name in ("seconds", "bytes"):
            if cost_path.exists():
                check_number(name, cost[name], 0)
        return SequenceResult(accuracy, float(cost["seconds"]), float(cost["bytes"]))


def estimated_seconds(job: Job) -> float:
    """Return the estimated duration of a job on one core."""
    experiment = job.experiment
    samples = experiment.schedule.rounds(len(experiment.environment.train)) * experiment.schedule.batch_size
    weights = sum(speakers * listeners for speakers, listeners in pairwise(experiment.sizes))
    return SECONDS_PER_PRODUCT * 3 * samples * weights * experiment.protocol.tasks * len(job.seeds)


def executor_for(jobs: Sequence[Job], processes: int | None) -> Executor:
    """Return the executor of jobs: one process on a GPU, the given number otherwise."""
    return Executor(1 if jobs and jobs[0].experiment.device != "cpu" else processes)


def run_jobs(jobs: Sequence[Job], processes: int | None) -> Iterator[tuple[int, SequenceResult]]:
    """Yield the index and the results of each job as soon as it is done, in any order.

    Args:
        jobs: Jobs with the same protocol and device.
        processes: Number of processes (>= 1); None for one for each core if the jobs are long enough. On a GPU always one.

    Raises:
        WorkerError: A worker process was lost.
        ConfigurationError: A job cannot be sent to another process.
    """
    executor = executor_for(jobs, processes)
    seconds = sum(map(estimated_seconds, jobs))
    if executor.worker_count(len(jobs), seconds) > 1:  # samples loaded here are shared by all processes
        for environment in {id(job.experiment.environment): job.experiment.environment for job in jobs}.values():
            _ = environment.train, environment.test
    yield from executor.map(_run_job, jobs, seconds=seconds, mmap_mode="c")


def _run_job(job: Job) -> SequenceResult:
    return job.run()

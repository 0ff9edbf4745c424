"""Executor of independent jobs: in this process, in worker processes of this machine, or on a cluster, through joblib."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from neuronet.core import ConfigurationError, NeuroNetError, WorkerError, check_number, plug_in_errors, unknown_name_error
from neuronet.execution.clusters import DASK, RAY, dask_cluster, ray_cluster
from neuronet.execution.signals import begin_worker, block_signals
from neuronet.stop_signals import STOP_SIGNALS

Item = TypeVar("Item")
Result = TypeVar("Result")

LOKY = "loky"
"""Joblib's name for worker processes of this machine."""

BACKENDS = (LOKY, DASK, RAY)

MIN_SECONDS_FOR_POOL = 20.0
"""Estimated seconds on one core above which worker processes are started; each takes about 4 s to start."""


@dataclass(frozen=True)
class Executor:
    """Executor that maps a function over items, in one or several processes, with the same results.

    Attributes:
        jobs: Number of worker processes (>= 1). None chooses: one for each core of this machine if the work is long enough, or
            all workers of a cluster.
        backend: "loky" for processes of this machine, "dask" or "ray" for a cluster.
        scheduler: Address of the cluster. None uses the Dask client at hand, or starts a cluster on this machine.
    """

    jobs: int | None = None
    backend: str = LOKY
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise unknown_name_error("backend", self.backend, BACKENDS)
        if self.jobs is not None:
            check_number("jobs", self.jobs, 1, whole=True)
        if self.scheduler is not None and self.backend == LOKY:
            raise ConfigurationError("scheduler is the address of a cluster: it goes with backend dask or ray")
        if self.scheduler is not None and self.jobs is not None:
            raise ConfigurationError("the cluster of a scheduler has its own processes: leave jobs out, or the scheduler")

    @property
    def is_remote(self) -> bool:
        """Whether the jobs run on a cluster, possibly on other machines."""
        return self.backend != LOKY

    def worker_count(self, items: int, seconds: float, *, exclusive: bool = False) -> int:
        """Return the number of processes of this machine that run the jobs.

        Args:
            items: Number of jobs.
            seconds: Estimated time of all jobs on one core.
            exclusive: Whether the jobs share a device that is better used by one process.
        """
        if not items:
            return 1
        if self.jobs is not None:
            return min(self.jobs, items)
        if seconds <= MIN_SECONDS_FOR_POOL or exclusive:
            return 1
        import joblib

        return min(int(joblib.cpu_count()), items)

    def map(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        seconds: float,
        exclusive: bool = False,
        **pool_options: Any,
    ) -> Iterator[tuple[int, Result]]:
        """Yield the index and the result of each job as soon as it is done, in any order.

        Args:
            work: A function of a module, so that other processes can import it.
            items: Its arguments.
            seconds: Estimated time of all jobs on one core.
            exclusive: Whether the jobs share a device that is better used by one process.
            **pool_options: Of joblib's loky backend, used where several processes of this machine run the jobs.

        Raises:
            WorkerError: A worker process was lost, or the cluster failed.
            ConfigurationError: An item cannot be sent to another process.
        """
        if not self.is_remote:
            jobs = self.worker_count(len(items), seconds, exclusive=exclusive)
            options = {} if jobs == 1 else {"inner_max_num_threads": 1, **pool_options}
            yield from parallel_map(work, items, jobs=jobs, **options)
            return
        cluster = dask_cluster if self.backend == DASK else ray_cluster
        with cluster(self.scheduler, self.jobs) as options:
            try:
                yield from parallel_map(work, items, jobs=-1, backend=self.backend, **options)
            except NeuroNetError:
                raise
            except Exception as error:  # a cluster may fail with any exception
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise WorkerError(f"the {self.backend} cluster failed: {reason}") from error


def parallel_map(
    work: Callable[[Item], Result], items: Sequence[Item], *, jobs: int, backend: str = LOKY, **parameters: Any
) -> Iterator[tuple[int, Result]]:
    """Yield the index and the result of the work on each item as soon as it is done, in any order.

    Processes of this machine end with the process that started them, even if that is killed.

    Args:
        work: A function of a module, so that other processes can import it.
        items: Its arguments.
        jobs: Number of processes; 1 for this process alone, -1 for all workers of a cluster.
        backend: Name of joblib's backend.
        **parameters: Of the backend, as `joblib.parallel_config` takes them.

    Raises:
        WorkerError: A worker process was lost.
        ConfigurationError: An item cannot be sent to another process.
    """
    if jobs == 1 and backend == LOKY:
        yield from ((index, work(item)) for index, item in enumerate(items))
        return
    import joblib

    blocked: Sequence[int] = (signal.SIGINT,)  # a cluster ends its own processes by SIGTERM
    if backend == LOKY:
        blocked = STOP_SIGNALS
        by_main_thread = threading.current_thread() is threading.main_thread()
        parameters = {**parameters, "initializer": begin_worker, "initargs": (os.getpid(), by_main_thread)}
    calls = [joblib.delayed(_run_indexed)(work, index, item) for index, item in enumerate(items)]
    warnings.filterwarnings(
        "ignore", message=r"\d+ tasks which", module="joblib"
    )  # an interrupted study says itself what is kept
    try:
        with joblib.parallel_config(backend, n_jobs=jobs, **parameters), block_signals(blocked):
            results = _start_jobs(calls)
        yield from results
    except pickle.PicklingError as error:
        raise ConfigurationError(f"this cannot be done in several processes, give it jobs=1: {error}") from None
    except BrokenExecutor:
        raise WorkerError("a worker process was killed, possibly out of memory: retry with fewer jobs") from None


def _start_jobs(calls: Sequence[Any]) -> Iterator[Any]:
    """Start the calls; a backend of joblib that can only return lists gets as many calls at a time as it has processes."""
    import joblib

    try:
        pool = joblib.Parallel(batch_size=1, return_as="generator_unordered")
    except ValueError:
        return _run_in_batches(joblib.Parallel(batch_size=1), calls, joblib.effective_n_jobs(-1))
    results: Iterator[Any] = pool(calls)
    return results


def _run_in_batches(pool: Any, calls: Sequence[Any], size: int) -> Iterator[Any]:
    with pool:
        for first in range(0, len(calls), size):
            yield from pool(calls[first : first + size])


def _run_indexed(work: Callable[[Item], Result], index: int, item: Item) -> tuple[int, Result]:
    with plug_in_errors():  # where the traceback is: it does not travel between processes
        return index, work(item)

"""Who plays the cells of a sweep: this process, several on this machine, or a Dask or Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib

from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error
from neuronet.execution.pool import LOKY, block_sigint, parallel_map
from neuronet.sweep.worker import Job, Row, run_job

DASK, RAY = "dask", "ray"
BACKENDS = (LOKY, DASK, RAY)

MIN_WORK_FOR_POOL = 20.0
"""Seconds of one core up to which starting more processes (about 4 s each) takes longer than they save."""

CONNECT_TIMEOUT = 20
"""Seconds to wait for a cluster that is there; one that starts here may take three times as long."""


@dataclass(frozen=True)
class Executor:
    """Who plays.

    Attributes:
        backend: As joblib calls it: "loky" for processes of this machine, "dask" or "ray" for a cluster.
        jobs: How many processes; None for as many as there are cores, where the sweep is worth it, or as the cluster has.
        scheduler: The address of the cluster; None for the client at hand, or else for a cluster on this machine.
    """

    backend: str = LOKY
    jobs: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise unknown_name_error("backend", self.backend, BACKENDS)
        if self.jobs is not None:
            check_number("jobs", self.jobs, 1, whole=True)
        if self.scheduler is not None and self.backend == LOKY:
            raise NeuroNetError("scheduler is the address of a cluster: it goes with backend dask or ray")
        if self.scheduler is not None and self.jobs is not None:
            raise NeuroNetError("the cluster of a scheduler has its own processes: leave jobs out, or the scheduler")

    def worker_count(self, pending_jobs: int, seconds: float, *, exclusive: bool) -> int:
        """How many processes of this machine play.

        Args:
            pending_jobs: How many groups there are.
            seconds: About how long they take on one core.
            exclusive: Whether they share a device that is better used by one process.
        """
        if self.jobs is not None:
            return min(self.jobs, pending_jobs)
        return min(joblib.cpu_count(), pending_jobs) if seconds > MIN_WORK_FOR_POOL and not exclusive else 1

    def play(self, pending_jobs: Sequence[Job], seconds: float, *, exclusive: bool = False) -> Iterator[tuple[int, list[Row]]]:
        """Play groups of cells, and give each one's place and rows when it is done.

        Raises:
            NeuroNetError: The cluster cannot be used, or one of the processes was ended.
        """
        if self.backend == LOKY:
            jobs = self.worker_count(len(pending_jobs), seconds, exclusive=exclusive)
            settings: dict[str, Any] = {} if jobs == 1 else {"inner_max_num_threads": 1}
            yield from parallel_map(run_job, pending_jobs, jobs=jobs, **settings)
            return
        from neuronet import __version__

        remote_jobs = [replace(job, folder=str(Path.cwd()), version=__version__) for job in pending_jobs]
        with self._dask() if self.backend == DASK else self._ray() as settings:
            try:
                yield from parallel_map(run_job, remote_jobs, jobs=-1, backend=self.backend, **settings)
            except NeuroNetError:
                raise
            except Exception as error:  # whatever a cluster may come to; what a cell comes to is in its row
                what = " ".join(f"{type(error).__name__}: {error}".split())
                raise NeuroNetError(f"the {self.backend} cluster could not play: {what}") from error

    @contextmanager
    def _dask(self) -> Iterator[dict[str, Any]]:
        try:
            distributed = import_module("distributed")
        except ImportError:
            raise NeuroNetError("backend dask needs dask.distributed: pip install 'neuronet[dask]'") from None
        found = None if self.scheduler is not None or self.jobs is not None else _existing_client(distributed)
        if found is not None:
            yield {"client": found}
            return
        shared_options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.ERROR}
        local_options = {**shared_options, "n_workers": self.jobs or joblib.cpu_count(), "timeout": 3 * CONNECT_TIMEOUT}
        try:
            with block_sigint():
                given = {"address": self.scheduler, "timeout": CONNECT_TIMEOUT} if self.scheduler is not None else local_options
                client = distributed.Client(**given, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            where = f"at '{self.scheduler}'" if self.scheduler is not None else "on this machine"
            raise NeuroNetError(f"there is no dask cluster {where}: {error}") from None
        with client:
            yield {"client": client}

    @contextmanager
    def _ray(self) -> Iterator[dict[str, Any]]:
        try:
            ray, ray_joblib = import_module("ray"), import_module("ray.util.joblib")
        except ImportError:
            raise NeuroNetError("backend ray needs ray: pip install 'neuronet[ray]'") from None
        ray_joblib.register_ray()
        started_here = not ray.is_initialized()
        if started_here:
            try:
                ray.init(address=self.scheduler or "local", num_cpus=self.jobs, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, ValueError, RuntimeError) as error:
                where = f"at '{self.scheduler}'" if self.scheduler is not None else "on this machine"
                raise NeuroNetError(f"there is no ray cluster {where}: {error}") from None
        try:
            yield {}
        finally:
            if started_here:
                ray.shutdown()


def _existing_client(distributed: ModuleType) -> Any:
    """The Dask client that the program has made already, if there is one."""
    try:
        return distributed.default_client()
    except ValueError:
        return None

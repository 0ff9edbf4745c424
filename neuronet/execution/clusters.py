"""Dask and Ray clusters, as contexts that give the parameters of joblib's backend."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from neuronet.core import MissingExtraError, WorkerError
from neuronet.execution.signals import block_signals

DASK, RAY = "dask", "ray"

CONNECT_TIMEOUT = 20
"""Seconds to wait for an existing cluster; a cluster that starts here may take three times as long."""

MAX_RETRIES = 3
"""Number of times that a cluster runs a job again whose worker was lost: Dask's own default, which Ray is told."""


@contextmanager
def dask_cluster(scheduler: str | None, jobs: int | None) -> Iterator[dict[str, Any]]:
    """Connect to a Dask cluster, or start one on this machine.

    Args:
        scheduler: Its address; None for the client that the program has, or else a cluster on this machine.
        jobs: Number of worker processes of a cluster on this machine; None for one for each core.

    Raises:
        MissingExtraError: dask.distributed is not installed.
        WorkerError: There is no such cluster.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise MissingExtraError("backend dask needs dask.distributed: pip install 'neuronet[dask]'") from None
    existing = None if scheduler is not None or jobs is not None else _existing_client(distributed)
    if existing is not None:
        yield {"client": existing}
        return
    if scheduler is not None:
        options = {"address": scheduler, "timeout": CONNECT_TIMEOUT}
    else:
        import joblib

        workers = {"n_workers": jobs or joblib.cpu_count(), "threads_per_worker": 1}
        free_port = "127.0.0.1:0"  # with None it asks for port 8787, and warns where another cluster has it
        options = {**workers, "dashboard_address": free_port, "silence_logs": logging.ERROR, "timeout": 3 * CONNECT_TIMEOUT}
    try:
        with block_signals((signal.SIGINT,)):
            client = distributed.Client(**options, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise _no_cluster_error(DASK, scheduler, error) from None
    with client:
        yield {"client": client}


@contextmanager
def ray_cluster(scheduler: str | None, jobs: int | None) -> Iterator[dict[str, Any]]:
    """Connect to a Ray cluster, or start one on this machine; the arguments are those of `dask_cluster`.

    Raises:
        MissingExtraError: Ray is not installed.
        WorkerError: There is no such cluster.
    """
    try:
        ray, ray_joblib = import_module("ray"), import_module("ray.util.joblib")
    except ImportError:
        raise MissingExtraError("backend ray needs ray: pip install 'neuronet[ray]'") from None
    ray_joblib.register_ray()
    started_here = not ray.is_initialized()
    if started_here:
        try:
            ray.init(address=scheduler or "local", num_cpus=jobs, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # a bare one, where it does not start in time
            raise _no_cluster_error(RAY, scheduler, error) from None
    try:
        yield {"ray_remote_args": {"max_restarts": -1, "max_task_retries": MAX_RETRIES}}
    finally:
        if started_here:
            ray.shutdown()


def _no_cluster_error(backend: str, scheduler: str | None, error: Exception) -> WorkerError:
    where = f"at '{scheduler}'" if scheduler is not None else "on this machine"
    return WorkerError(f"there is no {backend} cluster {where}: {error}")


def _existing_client(distributed: ModuleType) -> Any:
    """Return the Dask client that the program has made already, or None."""
    try:
        return distributed.default_client()
    except ValueError:
        return None

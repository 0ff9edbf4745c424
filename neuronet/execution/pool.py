"""Doing many pieces of work side by side, in processes of this machine or of a cluster, through joblib."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import resource_tracker
from typing import Any, TypeVar

import joblib

from neuronet.core.errors import NeuroNetError

Item = TypeVar("Item")
Result = TypeVar("Result")

LOKY = "loky"
"""Joblib's name for processes of this machine."""

PARENT_POLL_SECONDS = 0.2
"""Seconds after which a process looks again whether the one that it works for is still there."""


def parallel_map(
    work: Callable[[Item], Result], items: Sequence[Item], *, jobs: int, backend: str = LOKY, **parameters: Any
) -> Iterator[tuple[int, Result]]:
    """Do the work on every item, and give each one's place and result when it is done; in which order is left to chance.

    Processes of this machine end with the one that started them, however it ends.

    Args:
        work: A function of a module, so that other processes find it.
        items: What it is done on.
        jobs: Processes; 1 for this one alone, -1 for all that a cluster has.
        backend: As joblib calls it: "loky" for processes of this machine, or a cluster's.
        **parameters: Of the backend, as `joblib.parallel_config` takes them.

    Raises:
        NeuroNetError: An item cannot be sent to another process, or one of the processes was ended.
    """
    if jobs == 1 and backend == LOKY:
        yield from ((index, work(item)) for index, item in enumerate(items))
        return
    parent_pid = os.getpid() if backend == LOKY else None
    calls = [joblib.delayed(_run_indexed)(work, index, item, parent_pid) for index, item in enumerate(items)]
    try:
        with joblib.parallel_config(backend, n_jobs=jobs, **parameters), block_sigint():
            results = _start_jobs(calls)
        yield from results
    except pickle.PicklingError as error:
        raise NeuroNetError(f"this cannot be done in several processes, give it jobs=1: {error}") from None
    except BrokenExecutor:
        raise NeuroNetError("a process was ended, perhaps for want of memory: go on with fewer jobs") from None


def _start_jobs(calls: Sequence[Any]) -> Iterator[Any]:
    """The calls' results, each when it is there; some backends of joblib's give lists alone, and get a call for each process."""
    try:
        pool = joblib.Parallel(batch_size=1, return_as="generator_unordered")
    except ValueError:
        return _run_in_batches(joblib.Parallel(batch_size=1), calls, joblib.effective_n_jobs(-1))
    results: Iterator[Any] = pool(calls)
    return results


def _run_in_batches(pool: joblib.Parallel, calls: Sequence[Any], size: int) -> Iterator[Any]:
    with pool:
        for first in range(0, len(calls), size):
            yield from pool(calls[first : first + size])


def _run_indexed(work: Callable[[Item], Result], index: int, item: Item, parent_pid: int | None) -> tuple[int, Result]:
    if parent_pid is not None and os.name == "posix":  # elsewhere a process never hears of another parent
        _exit_with_parent(parent_pid)
    return index, work(item)


@cache
def _exit_with_parent(parent_pid: int) -> None:
    """Leave Ctrl-C to the owner of this process, and end soon after it: once it is killed, nobody else does that for minutes."""

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def block_sigint() -> Iterator[None]:
    """Processes that are started here do not hear Ctrl-C; who started them does, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    resource_tracker.ensure_running()  # which lets Ctrl-C through again when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""The machine that a benchmark runs on: its name, and processors that all contestants share."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from neuronet.engines.tensors import processor_family, products_of_machine


@contextmanager
def pinned(processors: int) -> Iterator[tuple[int, ...]]:
    """Keep every thread of this process on the same processors, so that no contestant uses more of them than another.

    Threads that are started inside inherit the processors, those of other libraries too. Yields their numbers; none where the
    system cannot pin processes.

    Args:
        processors: Number of processors, at most those that the process may use.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield ()
        return
    before = os.sched_getaffinity(0)
    chosen = tuple(sorted(before)[-processors:])
    _set_affinity(set(chosen))
    try:
        yield chosen
    finally:
        _set_affinity(before)


def _set_affinity(processors: set[int]) -> None:
    tasks = Path("/proc/self/task")
    threads = [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else [0]
    for thread in threads:
        with suppress(OSError):  # it has ended meanwhile
            os.sched_setaffinity(thread, processors)


def machine_name(threads: int) -> str:
    """Return processor, its family, the library of large products, threads and versions, for the head of a table."""
    names = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    name = names.get("cpu_name") or platform.processor() or platform.machine()
    counted = f"{threads} thread{'s' if threads > 1 else ''}"
    products = f"large products by {products_of_machine()}"
    return f"{name} ({processor_family()}), {counted}, {products}, torch {torch.__version__}, Python {platform.python_version()}"

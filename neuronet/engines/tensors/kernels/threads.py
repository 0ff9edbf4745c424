"""Number of threads for small layers: torch's, and those of the products of compiled rounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

MAX_SINGLE_THREAD_WORK = 20_000_000
"""Multiplications in the largest product of a round below which a second thread may cost more than it brings."""


@contextmanager
def limited_threads(work: int, device: str) -> Iterator[None]:
    """Use one thread where the layers are so small that several threads would mostly wait for each other.

    Args:
        work: Multiplications in the largest product of a round.
        device: Device of the tensors.
    """
    threads = torch.get_num_threads()
    if threads == 1 or device != "cpu" or work > MAX_SINGLE_THREAD_WORK:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def _openblas() -> list[Any]:
    """Return the controllers of the OpenBLAS libraries in this process."""
    import scipy.linalg  # noqa: F401 - its OpenBLAS computes numba's products
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(internal_api="openblas").lib_controllers)


@contextmanager
def single_threaded_products() -> Iterator[None]:
    """Let OpenBLAS compute each product in the thread that asks for it."""
    before = [(library, library.get_num_threads()) for library in _openblas()]
    for library, threads in before:
        if threads != 1:
            library.set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in before:
            if threads != 1:
                library.set_num_threads(threads)

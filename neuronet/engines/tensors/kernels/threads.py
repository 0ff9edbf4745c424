"""Number of torch's threads for small layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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

"""Processes of one distributed run, as torchrun starts them: their number, and the rank of this one."""

from __future__ import annotations

import os
from collections.abc import Sequence

from neuronet.core import ConfigurationError


def world_size() -> int:
    """Return the number of processes of this run: 1 unless torchrun or another launcher sets MASTER_ADDR and WORLD_SIZE."""
    return _integer_variable("WORLD_SIZE", 1) if "MASTER_ADDR" in os.environ else 1


def rank() -> int:
    """Return the rank of this process, from 0."""
    return _integer_variable("RANK", 0) if world_size() > 1 else 0


def local_rank() -> int:
    """Return the rank of this process on this machine, from 0."""
    return _integer_variable("LOCAL_RANK", rank()) if world_size() > 1 else 0


def is_main_process() -> bool:
    """Return whether this process is the one that writes, draws and prints (rank 0)."""
    return rank() == 0


def all_reduce_max(numbers: Sequence[int]) -> list[int]:
    """Return the maximum of each number over all processes, so that they decide equally although their clocks differ.

    Every process must call this at the same point, with the same count of numbers.
    """
    if world_size() == 1:
        return [int(number) for number in numbers]
    import torch
    from torch import distributed

    values = torch.tensor([int(number) for number in numbers])
    distributed.all_reduce(values, op=distributed.ReduceOp.MAX)
    return [int(number) for number in values.tolist()]


def barrier() -> None:
    """Wait until every process has called this."""
    all_reduce_max((0,))


def _integer_variable(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(
            f"the environment variable {name} must be an integer, as torchrun sets it, got '{text}'"
        ) from None

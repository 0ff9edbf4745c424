"""Several processes that play one run: how many there are and which one this is, as torchrun tells each of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from neuronet.core.errors import NeuroNetError


def world_size() -> int:
    """How many processes play this run, 1 unless torchrun or the like has started it."""
    return _integer_variable("WORLD_SIZE", 1) if "MASTER_ADDR" in os.environ else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return _integer_variable("RANK", 0) if world_size() > 1 else 0


def local_rank() -> int:
    """Which of those on this machine it is, from 0."""
    return _integer_variable("LOCAL_RANK", rank()) if world_size() > 1 else 0


def is_main_process() -> bool:
    """Whether it is the one that writes, draws and prints."""
    return rank() == 0


def all_reduce_max(numbers: Sequence[int]) -> list[int]:
    """The largest that any process says, number by number: what all of them must do alike, although each has its own clock.

    Every process must ask at the same place, with as many numbers.
    """
    if world_size() == 1:
        return [int(number) for number in numbers]
    import torch
    from torch import distributed

    values = torch.tensor([int(number) for number in numbers])
    distributed.all_reduce(values, op=distributed.ReduceOp.MAX)
    return [int(number) for number in values.tolist()]


def barrier() -> None:
    """Wait here until every process has come."""
    all_reduce_max((0,))


def _integer_variable(name: str, otherwise: int) -> int:
    text = os.environ.get(name, str(otherwise))
    try:
        return int(text)
    except ValueError:
        raise NeuroNetError(f"the environment variable {name} must be an integer, as torchrun sets it, got '{text}'") from None

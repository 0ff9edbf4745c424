"""Several processes that play one run: how many there are and which one this is, as torchrun tells each of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from neuronet.core.errors import NeuroNetError


def count() -> int:
    """How many processes play this run, 1 unless torchrun or the like has started it."""
    return _told("WORLD_SIZE", 1) if "MASTER_ADDR" in os.environ else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return _told("RANK", 0) if count() > 1 else 0


def local_rank() -> int:
    """Which of those on this machine it is, from 0."""
    return _told("LOCAL_RANK", rank()) if count() > 1 else 0


def is_first() -> bool:
    """Whether it is the one that writes, draws and prints."""
    return rank() == 0


def agree(numbers: Sequence[int]) -> list[int]:
    """The largest that any process says, number by number: what all of them must do alike, although each has its own clock.

    Every process must ask at the same place, with as many numbers.
    """
    if count() == 1:
        return [int(number) for number in numbers]
    import torch
    from torch import distributed

    said = torch.tensor([int(number) for number in numbers])
    distributed.all_reduce(said, op=distributed.ReduceOp.MAX)
    return [int(number) for number in said.tolist()]


def meet() -> None:
    """Wait here until every process has come."""
    agree((0,))


def _told(name: str, otherwise: int) -> int:
    text = os.environ.get(name, str(otherwise))
    try:
        return int(text)
    except ValueError:
        raise NeuroNetError(f"the environment variable {name} must be an integer, as torchrun sets it, got '{text}'") from None

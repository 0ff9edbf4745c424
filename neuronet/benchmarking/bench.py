"""What our rounds cost on this machine, against plain autograd and against the matrix products alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from neuronet.benchmarking.contestants import (
    Autograd,
    BenchmarkCase,
    MatrixProducts,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
    check_same_update,
)
from neuronet.benchmarking.timing import TimedFunction, Timing, time_interleaved
from neuronet.core.errors import check_number
from neuronet.core.policy import Policy
from neuronet.policies import AttentionSeeking
from neuronet.registry import parse_policy

SIZES = ((64, 32, 10), (784, 256, 256, 10), (784, 1000, 1000, 10))
BATCHES = (32, 128, 1024)

AUTOGRAD = "autograd"
PRODUCTS = "matrix products alone"
MANY_ROUNDS = "many rounds a call"
"""Added to a policy's name."""


@dataclass(frozen=True)
class Row:
    """What one player needed.

    Attributes:
        case: What was played, such as "64-32-10, batch 32".
        contestant: Who played it.
        minimum: Seconds for `unit` in the quickest block.
        median: Seconds for `unit` in the middle block.
        ratio: The minimum, as a multiple of that of `reference`.
        reference: Whom it is compared with.
        unit: What was timed: "round", "epoch" or "run".
    """

    case: str
    contestant: str
    minimum: float
    median: float
    ratio: float
    reference: str
    unit: str = "round"


@dataclass(frozen=True)
class TimingBudget:
    """How long to measure.

    Attributes:
        blocks: For each player, 1 or more.
        seconds: Of a block, above 0.
        threads: That torch may use, 1 or more.
        cpu_time: Whether the processor's seconds are counted instead of the clock's: they leave out the time for which others
            had the machine, but also any that a player waits. With one thread and nobody else, both are the same.

    Raises:
        NeuroNetError: A number is out of range.
    """

    blocks: int = 30
    seconds: float = 0.02
    threads: int = 1
    cpu_time: bool = False

    def __post_init__(self) -> None:
        check_number("blocks", self.blocks, 1, whole=True)
        check_number("seconds", self.seconds, 0, above=True)
        check_number("threads", self.threads, 1, whole=True)


QUICK = TimingBudget(blocks=10, seconds=0.005)


def bench(
    sizes: Sequence[Sequence[int]] = SIZES,
    batches: Sequence[int] = BATCHES,
    policies: Sequence[str] = ("attention",),
    *,
    budget: TimingBudget = QUICK,
) -> list[Row]:
    """Rounds of each network and batch size: each policy, autograd, and the matrix products alone.

    Where a policy is error backpropagation, its updates are first compared with autograd's.

    Args:
        sizes: Neurons in each layer of each network, the inputs first.
        batches: Samples a round.
        policies: By name; all neurons follow the same one.
        budget: How long to measure.

    Raises:
        NeuroNetError: A policy is unknown, a number is out of range, or an update is not what it should be.
    """
    named = {name: parse_policy(name) for name in policies}
    return [row for each in sizes for batch in batches for row in rounds(build_case(each, batch), named, budget)]


def rounds(case: BenchmarkCase, policies: Mapping[str, Policy], budget: TimingBudget) -> list[Row]:
    """One network and batch size, as in `bench`."""
    contestants: dict[str, TimedFunction] = {}
    for name, policy in policies.items():
        for cls, label in ((TensorEngineSingle, name), (TensorEngineMany, f"{name}, {MANY_ROUNDS}")):
            if policy == AttentionSeeking():
                check_same_update(partial(cls, policies=policy), Autograd, case, (label, AUTOGRAD))
            contestants[label] = cls(case, policy).play
    contestants |= {AUTOGRAD: Autograd(case).play, PRODUCTS: MatrixProducts(case).play}
    return rows(case.name, timed(contestants, budget), AUTOGRAD)


def timed(contestants: Mapping[str, TimedFunction], budget: TimingBudget) -> dict[str, Timing]:
    """What a round costs each player, measured with this effort."""
    clock = time.process_time if budget.cpu_time else time.perf_counter
    with threads(budget.threads):
        return time_interleaved(contestants, blocks=budget.blocks, seconds=budget.seconds, clock=clock)


def rows(case: str, times: Mapping[str, Timing], reference: str, *, unit: str = "round") -> list[Row]:
    """A row for each player."""
    base = times[reference].minimum
    return [Row(case, name, each.minimum, each.median, each.minimum / base, reference, unit) for name, each in times.items()]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

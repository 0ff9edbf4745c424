"""Cost of rounds on this machine, compared with plain autograd and with the matrix products alone."""

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
    TensorEngineCompiled,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
    check_same_update,
)
from neuronet.benchmarking.machine import pinned
from neuronet.benchmarking.timing import TimedFunction, Timing, time_interleaved
from neuronet.core import Policy, check_number
from neuronet.policies import AttentionSeeking
from neuronet.registry import parse_policy

SIZES = ((64, 32, 10), (784, 256, 256, 10), (784, 1000, 1000, 10))
BATCHES = (32, 128, 1024)

AUTOGRAD = "autograd"
PRODUCTS = "matrix products alone"
MANY_ROUNDS = "many rounds a call"
"""Suffix of a contestant that plays many rounds in one call."""

COMPILED = "compiled rounds"
"""Suffix of a contestant whose rounds numba has compiled."""


@dataclass(frozen=True)
class Row:
    """Timing of one contestant.

    Attributes:
        case: Benchmark case, such as "64-32-10, batch 32".
        contestant: Name of the contestant.
        minimum: Seconds for `unit` in the fastest block.
        median: Seconds for `unit` in the median block.
        ratio: The minimum divided by that of `reference`.
        reference: Name of the contestant that the ratio refers to.
        unit: Timed unit: "round", "epoch" or "run".
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
    """Budget of a timing.

    Attributes:
        blocks: Number of blocks for each contestant (>= 1).
        seconds: Duration of a block (> 0).
        threads: Number of torch threads (>= 1).
        cpu_time: Whether to count CPU time instead of wall-clock time. CPU time excludes other processes, but also the time that
            a contestant waits. With one thread on an idle machine, both are equal.

    Raises:
        ConfigurationError: A number is out of range.
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
    """Time rounds of each network and batch size: with each policy, with autograd, and with the matrix products alone.

    Where a policy equals error backpropagation, its updates are first compared with those of autograd.

    Args:
        sizes: Number of neurons in each layer of each network, the inputs first.
        batches: Batch sizes.
        policies: Names of policies; all neurons follow the same one.
        budget: Budget of the timings.

    Raises:
        SpecError: A policy is unknown.
        ConfigurationError: A number is out of range.
        StateError: An update differs from that of autograd.
    """
    named = {name: parse_policy(name) for name in policies}
    return [row for layer_sizes in sizes for batch in batches for row in rounds(build_case(layer_sizes, batch), named, budget)]


def rounds(case: BenchmarkCase, policies: Mapping[str, Policy], budget: TimingBudget) -> list[Row]:
    """Time rounds of one network and batch size, as `bench` does."""
    contestants: dict[str, TimedFunction] = {}
    for name, policy in policies.items():
        for cls, label in (
            (TensorEngineSingle, name),
            (TensorEngineMany, f"{name}, {MANY_ROUNDS}"),
            (TensorEngineCompiled, f"{name}, {COMPILED}"),
        ):
            if cls is TensorEngineCompiled and not cls(case, policy).engine.is_compiled:
                continue
            if policy == AttentionSeeking():
                check_same_update(partial(cls, policies=policy), Autograd, case, (label, AUTOGRAD))
            contestants[label] = cls(case, policy).play
    contestants |= {AUTOGRAD: Autograd(case).play, PRODUCTS: MatrixProducts(case).play}
    return rows(case.name, timed(contestants, budget), AUTOGRAD)


def timed(contestants: Mapping[str, TimedFunction], budget: TimingBudget) -> dict[str, Timing]:
    """Return the timing of a round of each contestant within a budget."""
    clock = time.process_time if budget.cpu_time else time.perf_counter
    with threads(budget.threads):
        return time_interleaved(contestants, blocks=budget.blocks, seconds=budget.seconds, clock=clock)


def rows(case: str, times: Mapping[str, Timing], reference: str, *, unit: str = "round") -> list[Row]:
    """Return a row for each contestant."""
    base = times[reference].minimum
    return [Row(case, name, t.minimum, t.median, t.minimum / base, reference, unit) for name, t in times.items()]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set the number of torch threads within a `with` block, and keep the process on as many processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with pinned(count):
            yield
    finally:
        torch.set_num_threads(before)

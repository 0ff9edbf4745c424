"""Interleaved timing: contestants take turns in short blocks, so that other load on the machine affects all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

TimedFunction = Callable[[int], object]
"""Function that plays the given number of rounds."""

Clock = Callable[[], float]

MAX_ROUNDS_PER_BLOCK = 100_000
"""Rounds, at most, in a block."""


@dataclass(frozen=True)
class Timing:
    """Timing of a round.

    Attributes:
        minimum: Seconds for a round in the fastest block: the cost on an idle machine.
        median: Seconds for a round in the median block.
    """

    minimum: float
    median: float


def time_interleaved(
    contestants: Mapping[str, TimedFunction], *, blocks: int = 30, seconds: float = 0.01, clock: Clock = time.perf_counter
) -> dict[str, Timing]:
    """Return the timing of a round of each contestant.

    Blocks of the contestants alternate, and each turn begins with another contestant. Every contestant first plays until it is
    warm. The garbage collector is off meanwhile.

    Args:
        contestants: Contestants by name.
        blocks: Number of blocks for each contestant (>= 1).
        seconds: Wall-clock duration of a block, which has at least one round.
        clock: Clock of the timings; `time.process_time` counts CPU time only.
    """
    counts = {name: _calibrate_rounds(contestant, seconds) for name, contestant in contestants.items()}
    durations: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    with _gc_disabled():
        for turn in range(blocks):
            first = turn % max(1, len(names))
            for name in names[first:] + names[:first]:
                durations[name].append(_timed(contestants[name], counts[name], clock) / counts[name])
    return {name: Timing(min(blocks_of), median(blocks_of)) for name, blocks_of in durations.items()}


def _calibrate_rounds(contestant: TimedFunction, seconds: float) -> int:
    rounds = 1
    _timed(contestant, rounds)
    while (duration := _timed(contestant, rounds)) < seconds / 2 and rounds < MAX_ROUNDS_PER_BLOCK:
        rounds = min(MAX_ROUNDS_PER_BLOCK, 2 * rounds)
    return max(1, min(MAX_ROUNDS_PER_BLOCK, round(rounds * seconds / max(duration, 1e-9))))


def _timed(contestant: TimedFunction, rounds: int, clock: Clock = time.perf_counter) -> float:
    start = clock()
    contestant(rounds)
    return clock() - start


@contextmanager
def _gc_disabled() -> Iterator[None]:
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()

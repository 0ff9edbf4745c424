"""Timing several players fairly: in turn, in short blocks, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

TimedFunction = Callable[[int], object]
"""Plays as many rounds as it is told."""

Clock = Callable[[], float]

MAX_ROUNDS_PER_BLOCK = 100_000
"""In one block."""


@dataclass(frozen=True)
class Timing:
    """What a round took.

    Attributes:
        minimum: Seconds for a round in the quickest block: what the work costs when nobody disturbs it.
        median: Seconds for a round in the middle block.
    """

    minimum: float
    median: float


def time_interleaved(
    contestants: Mapping[str, TimedFunction], *, blocks: int = 30, seconds: float = 0.01, clock: Clock = time.perf_counter
) -> dict[str, Timing]:
    """What a round costs each player.

    Every block of one player is followed by a block of the next, and each turn begins with another one. Before, each plays until
    it is warm. The garbage collector rests meanwhile.

    Args:
        contestants: By name.
        blocks: For each player, 1 or more.
        seconds: How long a block should last, by the clock; it has one round at least.
        clock: Tells the seconds; `time.process_time` those of the processor alone, whoever else uses the machine.
    """
    counts = {name: _calibrate_rounds(contestant, seconds) for name, contestant in contestants.items()}
    durations: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    with _gc_disabled():
        for turn in range(blocks):
            first = turn % max(1, len(names))
            for name in names[first:] + names[:first]:
                durations[name].append(_timed(contestants[name], counts[name], clock) / counts[name])
    return {name: Timing(min(each), median(each)) for name, each in durations.items()}


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

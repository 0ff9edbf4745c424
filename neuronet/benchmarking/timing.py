"""Timing several players fairly: in turn, in short blocks, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

Player = Callable[[int], object]
"""Plays as many rounds as it is told."""

Clock = Callable[[], float]

MOST_ROUNDS = 100_000
"""In one block."""


@dataclass(frozen=True)
class Times:
    """What a round took.

    Attributes:
        minimum: Seconds for a round in the quickest block: what the work costs when nobody disturbs it.
        median: Seconds for a round in the middle block.
    """

    minimum: float
    median: float


def race(
    players: Mapping[str, Player], *, blocks: int = 30, seconds: float = 0.01, clock: Clock = time.perf_counter
) -> dict[str, Times]:
    """What a round costs each player.

    Every block of one player is followed by a block of the next, and each turn begins with another one. Before, each plays until
    it is warm. The garbage collector rests meanwhile.

    Args:
        players: By name.
        blocks: For each player, 1 or more.
        seconds: How long a block should last, by the clock; it has one round at least.
        clock: Tells the seconds; `time.process_time` those of the processor alone, whoever else uses the machine.
    """
    counts = {name: _rounds_in(player, seconds) for name, player in players.items()}
    took: dict[str, list[float]] = {name: [] for name in players}
    names = list(players)
    with _without_collection():
        for turn in range(blocks):
            first = turn % max(1, len(names))
            for name in names[first:] + names[:first]:
                took[name].append(_timed(players[name], counts[name], clock) / counts[name])
    return {name: Times(min(each), median(each)) for name, each in took.items()}


def _rounds_in(player: Player, seconds: float) -> int:
    rounds = 1
    _timed(player, rounds)
    while (took := _timed(player, rounds)) < seconds / 2 and rounds < MOST_ROUNDS:
        rounds = min(MOST_ROUNDS, 2 * rounds)
    return max(1, min(MOST_ROUNDS, round(rounds * seconds / max(took, 1e-9))))


def _timed(player: Player, rounds: int, clock: Clock = time.perf_counter) -> float:
    start = clock()
    player(rounds)
    return clock() - start


@contextmanager
def _without_collection() -> Iterator[None]:
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()

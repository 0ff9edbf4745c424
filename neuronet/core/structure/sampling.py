"""Random connections of large layers, drawn one by one: time and memory grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.structure.pattern import Pattern

Ints = NDArray[Any]

MAX_ATTEMPTS = 50
"""Number of times that a speaker which was drawn twice is drawn again, before one is chosen among those that are left."""


def independent_pairs(shape: tuple[int, int], probability: float, rng: np.random.Generator) -> Ints:
    """Return the places `listener * I + speaker` of independent connections, (E,), ascending.

    The gaps between them are geometric (Batagelj and Brandes 2005, "Efficient generation of large random networks").
    """
    entries, last = shape[0] * shape[1], -1
    found = []
    while last < entries:
        expected = (entries - last) * probability
        gaps = rng.geometric(probability, size=int(expected + 4 * expected**0.5) + 16)
        places = last + np.cumsum(gaps, dtype=np.int64)
        found.append(places)
        last = int(places[-1])
    places = np.concatenate(found)
    return places[places < entries]


def connect_isolated(places: Ints, shape: tuple[int, int], rng: np.random.Generator) -> Pattern:
    """Return the pattern of ascending places, with a random connection for each neuron that has none."""
    listeners, speakers = shape
    deaf = np.flatnonzero(np.bincount(places // speakers, minlength=listeners) == 0)
    places = np.sort(np.concatenate((places, deaf * speakers + rng.integers(speakers, size=len(deaf)))))
    unheard = np.flatnonzero(np.bincount(places % speakers, minlength=speakers) == 0)
    places = np.sort(np.concatenate((places, rng.integers(listeners, size=len(unheard)) * speakers + unheard)))
    return Pattern.of_edges(places // speakers, places % speakers, shape)[0]


def distinct_speakers(
    draw: Callable[[Ints, int], Ints], shape: tuple[int, int], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return distinct speakers of each listener, (J, count), ascending; those drawn twice are drawn again.

    Args:
        draw: Returns a speaker for each of some listeners (N,), given the number of the attempt, 0 for the first.
        shape: (J, I).
        count: Speakers of each listener, 1 to I.
        rng: Chooses among the speakers that are left, where attempts do not suffice.
    """
    listeners, speakers = shape
    chosen = draw(np.repeat(np.arange(listeners), count), 0).reshape(listeners, count)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        chosen.sort(axis=1)
        again = np.zeros(chosen.shape, dtype=np.bool_)
        again[:, 1:] = chosen[:, 1:] == chosen[:, :-1]
        rows = np.nonzero(again)[0]
        if not len(rows):
            return chosen
        if attempt < MAX_ATTEMPTS:
            chosen[again] = draw(rows, attempt)
    for row in np.unique(rows):
        known = np.unique(chosen[row])
        rest = np.setdiff1d(np.arange(speakers), known)
        chosen[row] = np.sort(np.concatenate((known, rng.choice(rest, size=count - len(known), replace=False))))
    return chosen


def distinct_ranks(counts: Ints, populations: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return random distinct integers for each row: the row and the integer of each, ascending.

    Integers that come twice are drawn again. Of rows that need more than half, those that are left out are drawn instead.

    Args:
        counts: (R,), number of integers of each row, 0 or more.
        populations: (R,), number from below which each row's integers come, at least its count.
        rng: Draws the integers.
    """
    few = 2 * counts <= populations
    rows = np.repeat(np.arange(len(counts)), np.where(few, counts, populations - counts))
    ranks = rng.integers(populations[rows])
    while True:
        ranks = ranks[np.lexsort((ranks, rows))]
        again = np.flatnonzero((np.diff(rows) == 0) & (np.diff(ranks) == 0)) + 1
        if not len(again):
            break
        ranks[again] = rng.integers(populations[rows[again]])
    if few.all():
        return rows, ranks
    candidates = np.where(few, 0, populations)
    starts, drawn = np.cumsum(candidates) - candidates, few[rows]
    left = np.ones(candidates.sum(), dtype=np.bool_)
    left[starts[rows[~drawn]] + ranks[~drawn]] = False
    others = np.repeat(np.arange(len(counts)), candidates)[left]
    rows, ranks = np.append(rows[drawn], others), np.append(ranks[drawn], np.flatnonzero(left) - starts[others])
    order = np.lexsort((ranks, rows))
    return rows[order], ranks[order]


def pattern_of_speakers(chosen: NDArray[np.int64], speakers: int) -> Pattern:
    """Return the pattern of ascending speakers (J, count)."""
    listeners, count = chosen.shape
    return Pattern(speakers, np.arange(listeners + 1, dtype=np.int64) * count, chosen.astype(np.int32).ravel())


def sheet(neurons: int) -> tuple[int, int]:
    """Return rows and columns of the sheet on which a layer lies: as square as its number of neurons permits."""
    rows = max(divisor for divisor in range(1, int(neurons**0.5) + 1) if neurons % divisor == 0)
    return rows, neurons // rows


def preferential_targets(sizes: tuple[int, int], count: int, attractiveness: float, rng: np.random.Generator) -> Ints:
    """Return the speaker that each of `listeners * count` edges chooses, one edge after another, by preferential attachment.

    Speakers arrive at equal intervals. An edge chooses among those present in proportion to the number of edges they have plus
    the attractiveness. That is: a random one of them with probability `a n / (a n + t)`, otherwise the speaker of a random one
    of the t edges so far. All edges are resolved together, by following those choices to their origin.

    Args:
        sizes: (J, I).
        count: Edges of each listener.
        attractiveness: a, above 0.
        rng: Random numbers.
    """
    listeners, speakers = sizes
    edges = np.arange(listeners * count, dtype=np.int64)
    present = np.minimum(speakers, 1 + edges * speakers // len(edges))
    weight = attractiveness * present
    fresh = rng.random(len(edges)) * (weight + edges) < weight
    chosen = (rng.random(len(edges)) * present).astype(np.int64)
    origin = np.where(fresh, edges, (rng.random(len(edges)) * edges).astype(np.int64))
    while True:
        further = origin[origin]
        if np.array_equal(further, origin):
            return chosen[origin]
        origin = further

"""Random choices of connections for a whole layer at once: which leave, and which are new."""

from __future__ import annotations

import numpy as np

from neuronet.core import Floats, Ints, Pattern, distinct_ranks, independent_pairs
from neuronet.interventions.ranking import lowest_of_rows


def leaving_connections(
    pattern: Pattern, listeners: Ints, counts: Ints, sizes: Floats | None, rng: np.random.Generator, dtype: str
) -> Ints:
    """Return the places of the connections that some listeners give up, ascending.

    Args:
        pattern: Connections of the layer.
        listeners: (L,), ascending.
        counts: (L,), number of connections that each of them gives up, at most as many as it has.
        sizes: (E,), size of each connection's weight, to give up the smallest; None for random ones.
        rng: Selects random ones.
        dtype: Precision in which the weights were computed, "float64" or "float32".
    """
    rows, places = connections_of(pattern, listeners)
    keys = rng.random(len(places)) if sizes is None else sizes[places]
    chosen: Ints = places[lowest_of_rows(keys, rows, counts, dtype=None if sizes is None else dtype)]
    return chosen


def new_speakers(pattern: Pattern, listeners: Ints, counts: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the listener and the speaker of random connections that do not exist yet.

    Args:
        pattern: Connections of the layer.
        listeners: (L,), ascending.
        counts: (L,), number of new speakers of each of them, at most as many as are left.
        rng: Selects the speakers.
    """
    speakers, degrees = pattern.speakers, pattern.in_degrees[listeners]
    chosen, ranks = distinct_ranks(counts, speakers - degrees, rng)
    # the speaker of rank r among those that a neuron does not hear comes behind all c_i heard ones with c_i - i <= r
    rows, places = connections_of(pattern, listeners)
    first = np.cumsum(degrees) - degrees
    gaps = rows * (speakers + 1) + pattern.columns[places] - (np.arange(len(places)) - first[rows])
    heard_before = np.searchsorted(gaps, chosen * (speakers + 1) + ranks, side="right") - first[chosen]
    return listeners[chosen], ranks + heard_before


def new_connections(pattern: Pattern, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return random connections of new neurons with the density of a layer: neuron and neighbour of each, by neuron.

    Args:
        pattern: Connections of the layer; if it has all, the new neurons have all, too.
        shape: Numbers of new neurons and of possible neighbours; every neuron has at least one.
        rng: Draws the connections.
    """
    neurons, neighbours = shape
    if pattern.is_full:
        places = np.arange(neurons * neighbours)
    else:
        density = pattern.count / (pattern.shape[0] * pattern.shape[1])
        places = independent_pairs(shape, density, rng) if density else np.zeros(0, dtype=np.int64)
        alone = np.flatnonzero(np.bincount(places // neighbours, minlength=neurons) == 0)
        places = np.sort(np.append(places, alone * neighbours + rng.integers(neighbours, size=len(alone))))
    rows, columns = np.divmod(places, neighbours)
    return rows, columns


def connections_of(pattern: Pattern, listeners: Ints) -> tuple[Ints, Ints]:
    """Return all connections of some listeners: the position of the listener among them, and the place in the pattern."""
    degrees = pattern.in_degrees[listeners]
    rows = np.repeat(np.arange(len(listeners)), degrees)
    return rows, pattern.starts[listeners][rows] + np.arange(len(rows)) - (np.cumsum(degrees) - degrees)[rows]

"""Connectivity between two layers: full, random, or nearest neighbours on a ring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from neuronet.core.errors import check_number
from neuronet.core.structure.network import Bools, Ints
from neuronet.core.structure.pattern import Pattern
from neuronet.core.structure.sampling import connect_isolated, distinct_speakers, independent_pairs


class Wiring(ABC):
    """Connectivity between two layers."""

    @abstractmethod
    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools | None:
        """Return the connection mask, (listeners, speakers), True where there is a connection; None for all connections."""

    def pattern(self, listeners: int, speakers: int, rng: np.random.Generator) -> Pattern | None:
        """Return the connections of a large layer, made one by one without a mask; None if the mask has to be made."""
        return None


@dataclass(frozen=True)
class Dense(Wiring):
    """Full connectivity: every neuron listens to every neuron of the layer before."""

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> None:
        """Return None: all connections are present."""
        return


@dataclass(frozen=True)
class Sparse(Wiring):
    """Random connectivity with one probability for all connections; every neuron keeps a speaker and a listener.

    Args:
        probability: Probability of a connection, above 0, at most 1.

    Raises:
        ConfigurationError: It is out of range.
    """

    probability: float = 0.1

    def __post_init__(self) -> None:
        check_number("edge probability", self.probability, 0, 1, above=True)

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """Return independent random connections, and a random connection for each neuron that has none."""
        return _connect_isolated(rng.random((listeners, speakers)) < self.probability, rng)

    def pattern(self, listeners: int, speakers: int, rng: np.random.Generator) -> Pattern:
        """Return the same kind of connections, drawn one by one."""
        shape = (listeners, speakers)
        return connect_isolated(independent_pairs(shape, self.probability, rng), shape, rng)


@dataclass(frozen=True)
class SmallWorld(Wiring):
    """Small-world connectivity: neurons listen to their nearest speakers, and some connections are rewired at random.

    After Watts and Strogatz 1998, between two layers: positions are spread evenly over a ring.

    Args:
        neighbours: Number of speakers that each neuron listens to, 1 or more (all, where there are fewer).
        rewire: Probability, 0 to 1, that a connection goes to a random speaker instead.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    neighbours: int = 8
    rewire: float = 0.1

    def __post_init__(self) -> None:
        check_number("neighbours", self.neighbours, 1, whole=True)
        check_number("rewire", self.rewire, 0, 1)

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """Return connections to the nearest speakers on the ring, some of them rewired to unconnected speakers."""
        count = min(self.neighbours, speakers)
        mask = np.zeros((listeners, speakers), dtype=np.bool_)
        for listener in range(listeners):
            gap = np.abs(np.arange(speakers) / speakers - listener / listeners)
            near = np.argsort(np.minimum(gap, 1 - gap), kind="stable")[:count]
            mask[listener, near] = True
            for speaker in near[rng.random(count) < self.rewire]:
                unheard = np.flatnonzero(~mask[listener])
                if unheard.size:
                    mask[listener, speaker] = False
                    mask[listener, rng.choice(unheard)] = True
        return _connect_isolated(mask, rng)

    def pattern(self, listeners: int, speakers: int, rng: np.random.Generator) -> Pattern:
        """Return the same kind of connections, drawn one by one."""
        shape, count = (listeners, speakers), min(self.neighbours, speakers)
        first = np.ceil(np.arange(listeners) * (speakers / listeners) - count / 2).astype(np.int64)
        nearest = (first[:, None] + np.arange(count)) % speakers
        rewired = rng.random((listeners, count)) < self.rewire

        def draw(rows: Ints, attempt: int) -> Ints:
            if attempt:  # the nearest ones are all different: a random one came in between
                return rng.integers(speakers, size=len(rows))
            return np.where(rewired, rng.integers(speakers, size=rewired.shape), nearest).ravel()

        chosen = distinct_speakers(draw, shape, count, rng)
        places = (np.arange(listeners)[:, None] * speakers + chosen).ravel()
        return connect_isolated(places, shape, rng)


def _connect_isolated(mask: Bools, rng: np.random.Generator) -> Bools:
    for listener in np.flatnonzero(~mask.any(axis=1)):
        mask[listener, rng.integers(mask.shape[1])] = True
    for speaker in np.flatnonzero(~mask.any(axis=0)):
        mask[rng.integers(mask.shape[0]), speaker] = True
    return mask

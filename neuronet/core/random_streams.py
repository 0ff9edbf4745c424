"""Chance that depends on nothing but its key, so that a run is the same on either engine.

Every random number comes from Philox (Salmon et al. 2011), a counter-based generator: its key is (seed, purpose) and its counter
names the place, such as (layer, round, name). Nothing depends on how many numbers were drawn elsewhere or in which order.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.errors import NeuroNetError

MAX_SEED = 2**63 - 1


class Purpose(IntEnum):
    """What a stream of chance is for: the second half of its key."""

    WEIGHTS = 1
    WIRING = 2
    BATCHES = 3
    ROUND = 4
    START = 5
    DATA = 6
    POPULATION = 7
    CONTROL = 8
    TASKS = 9
    CHANNEL = 10
    UPDATE_SCHEDULE = 11
    INTERVENTION = 12
    TRACE = 13


def check_seed(seed: int) -> int:
    """The seed, if it is an integer from 0 to 2**63 - 1.

    Raises:
        NeuroNetError: It is not.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MAX_SEED:
        raise NeuroNetError(f"seed must be an integer from 0 to 2**63 - 1, got {seed!r}")
    return int(seed)


def generator(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """The generator that belongs to a seed, a purpose and up to three integers that say where.

    Args:
        seed: The run's seed, 0 to 2**63 - 1.
        purpose: What the numbers are for.
        place: Up to three non-negative numbers, such as (layer, round).
    """
    counter = [0, *place, *([0] * (3 - len(place)))]
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=counter))


class RandomStream:
    """The random numbers of one layer (or of one of its neurons) in one round.

    A draw is known by its name: asking again in the same round, in any verb, gives the same numbers. Its shape is spelled in the
    letters of the shape legend: "BJ" is a number for each sample and neuron, "JK" one for each neuron and listener.

    Args:
        source: Gives the whole layer's numbers for (kind, name, axes).
        picks: For each letter, which part of that axis is this neuron's; none for the whole layer.
        scope: Prefix of the names, so that a policy inside another draws its own numbers.
    """

    __slots__ = ("_picks", "_scope", "_source")

    def __init__(self, source: Callable[[str, str, str], Array], picks: Mapping[str, Any] | None = None, scope: str = "") -> None:
        self._source = source
        self._picks = picks
        self._scope = scope

    def normal(self, name: str, axes: str) -> Array:
        """Standard normal numbers, with the shape that `axes` spells."""
        return self._draw("normal", name, axes)

    def uniform(self, name: str, axes: str) -> Array:
        """Numbers uniform on [0, 1), with the shape that `axes` spells."""
        return self._draw("uniform", name, axes)

    def scoped(self, scope: str) -> RandomStream:
        """The same source of chance, with names of its own: for a policy held by another."""
        return RandomStream(self._source, self._picks, f"{self._scope}{scope}/")

    def _draw(self, kind: str, name: str, axes: str) -> Array:
        whole = self._source(kind, self._scope + name, axes)
        return whole if self._picks is None else pick(whole, axes, self._picks)


def pick(array: Array, axes: str, picks: Mapping[str, Any]) -> Array:
    """The part of an array that belongs to some neurons, its trailing axes named by letters.

    Args:
        array: Shape (..., one axis for each letter).
        axes: The letters, such as "JK".
        picks: For each letter, a slice or an array of indices; a letter that is missing is kept whole.
    """
    for position, letter in enumerate(axes):
        chosen = picks.get(letter)
        if chosen is not None:
            array = array[(..., chosen, *([slice(None)] * (len(axes) - position - 1)))]
    return array


def _clip_below_one(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """The numbers, so that none becomes 1 when it is rounded to single precision."""
    return np.minimum(uniform, 1 - 2**-24)


class LayerRandom:
    """Draws the numbers of a whole layer, once a round, and keeps them while the round lasts.

    Args:
        seed: The run's seed.
        layer: Which layer, 1 for the first that listens.
        sizes: The length of each axis by its letter, without B.
    """

    def __init__(self, seed: int, layer: int, sizes: Mapping[str, int]) -> None:
        self._seed = seed
        self._layer = layer
        self._sizes = dict(sizes)
        self._purpose = Purpose.START  # until the first round is opened
        self._round = 0
        self._drawn: dict[tuple[str, str, str], NDArray[np.float64]] = {}

    def open(self, number: int, batch: int) -> None:
        """Begin a round: forget the numbers of the last one.

        Args:
            number: The round's number, from 0.
            batch: How many samples it has.
        """
        self._purpose = Purpose.ROUND
        self._round = number
        self._sizes["B"] = batch
        self._drawn.clear()

    def draw(self, kind: str, name: str, axes: str) -> NDArray[np.float64]:
        """The layer's numbers for this name, shape as `axes` spells.

        Raises:
            NeuroNetError: A letter has no meaning here.
        """
        key = (kind, name, axes)
        if key not in self._drawn:
            try:
                shape = tuple(self._sizes[letter] for letter in axes)
            except KeyError as error:
                raise NeuroNetError(
                    f"draw '{name}' has axes '{axes}', but {error} is none of {', '.join(sorted(self._sizes))}"
                ) from None
            place = (self._layer, self._round, zlib.crc32(f"{kind}:{axes}:{name}".encode()))
            numbers = generator(self._seed, self._purpose, *place)
            self._drawn[key] = numbers.standard_normal(shape) if kind == "normal" else _clip_below_one(numbers.random(shape))
        return self._drawn[key]

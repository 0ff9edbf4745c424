"""Random numbers that depend on their key alone, so that a run is the same on every engine.

Every random number comes from Philox (Salmon et al. 2011), a counter-based generator: its key is (seed, purpose) and its counter
is a location such as (layer, round, name). Nothing depends on the number or the order of other draws.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.errors import ConfigurationError, PolicyError

MAX_SEED = 2**63 - 1


class Purpose(IntEnum):
    """Purpose of a random stream: the second half of its key."""

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
    """Return the seed if it is an integer from 0 to 2**63 - 1.

    Raises:
        ConfigurationError: It is not.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MAX_SEED:
        raise ConfigurationError(f"seed must be an integer from 0 to 2**63 - 1, got {seed!r}")
    return int(seed)


def generator(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """Return the generator of a seed, a purpose and up to three integers.

    Args:
        seed: The run's seed, 0 to 2**63 - 1.
        purpose: What the numbers are for.
        place: Up to three non-negative numbers, such as (layer, round).
    """
    counter = [0, *place, *([0] * (3 - len(place)))]
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=counter))


class RandomStream:
    """Random numbers of one layer (or of one of its neurons) in one round.

    A draw is identified by its name: the same name in the same round gives the same numbers, in any hook. Its shape is spelled in
    letters: "BJ" is a number for each sample and neuron, "JK" one for each neuron and listener.

    Args:
        source: Returns the whole layer's numbers for (kind, name, axes).
        picks: For each letter, this neuron's part of that axis; None for the whole layer.
        scope: Prefix of the names, so that a wrapped policy draws its own numbers.
    """

    __slots__ = ("_picks", "_scope", "_source")

    def __init__(self, source: Callable[[str, str, str], Array], picks: Mapping[str, Any] | None = None, scope: str = "") -> None:
        self._source = source
        self._picks = picks
        self._scope = scope

    def normal(self, name: str, axes: str) -> Array:
        """Return standard normal numbers with the shape that `axes` spells."""
        return self._draw("normal", name, axes)

    def uniform(self, name: str, axes: str) -> Array:
        """Return numbers uniform on [0, 1) with the shape that `axes` spells."""
        return self._draw("uniform", name, axes)

    def scoped(self, scope: str) -> RandomStream:
        """Return a stream with the same source and prefixed names, for a wrapped policy."""
        return RandomStream(self._source, self._picks, f"{self._scope}{scope}/")

    def _draw(self, kind: str, name: str, axes: str) -> Array:
        numbers = self._source(kind, self._scope + name, axes)
        return numbers if self._picks is None else pick(numbers, axes, self._picks)


def pick(array: Array, axes: str, picks: Mapping[str, Any]) -> Array:
    """Return the part of an array that belongs to some neurons, its trailing axes named by letters.

    Args:
        array: Shape (..., one axis for each letter).
        axes: The letters, such as "JK".
        picks: For each letter, a slice or an array of indices; a missing letter selects the whole axis.
    """
    for position, letter in enumerate(axes):
        chosen = picks.get(letter)
        if chosen is not None:
            array = array[(..., chosen, *([slice(None)] * (len(axes) - position - 1)))]
    return array


def _clip_below_one(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.minimum(uniform, 1 - 2**-24)  # single precision would round larger numbers to 1


class LayerRandom:
    """Random numbers of a whole layer, drawn once a round and cached until the next round.

    Args:
        seed: The run's seed.
        layer: The layer, 1 for the first that listens.
        sizes: The length of each axis by its letter, without B.

    Attributes:
        seed: The run's seed.
    """

    def __init__(self, seed: int, layer: int, sizes: Mapping[str, int]) -> None:
        self.seed = seed
        self._layer = layer
        self._sizes = dict(sizes)
        self._purpose = Purpose.START  # until the first round begins
        self._round = 0
        self._drawn: dict[tuple[str, str, str], NDArray[np.float64]] = {}
        self._generator: np.random.Generator | None = None
        self._start: Any = {}

    def open(self, number: int, batch: int) -> None:
        """Begin a round and discard the numbers of the last one; those of a round that has begun are kept.

        Args:
            number: The round's number, from 0.
            batch: Number of samples in the round.
        """
        if (self._purpose, self._round, self._sizes.get("B")) == (Purpose.ROUND, number, batch):
            return
        self._purpose = Purpose.ROUND
        self._round = number
        self._sizes["B"] = batch
        self._drawn.clear()

    def draw(self, kind: str, name: str, axes: str) -> NDArray[np.float64]:
        """Return the layer's numbers for this name, with the shape that `axes` spells.

        Raises:
            PolicyError: A letter is not defined for this layer.
        """
        key = (kind, name, axes)
        if key not in self._drawn:
            try:
                shape = tuple(self._sizes[letter] for letter in axes)
            except KeyError as error:
                known = ", ".join(sorted(self._sizes))
                raise PolicyError(f"draw '{name}' has axes '{axes}', but {error} is not one of {known}") from None
            self._drawn[key] = self._numbers(kind, name, axes, shape)
        return self._drawn[key]

    def draw_connections(self, kind: str, name: str, axes: str, count: int) -> NDArray[np.float64]:
        """Return numbers for the connections of a sparse layer that is too large for an array with these axes, (count,)."""
        return self._numbers(kind, name, axes, (count,))

    def _numbers(self, kind: str, name: str, axes: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        place = (self._layer, self._round, zlib.crc32(f"{kind}:{axes}:{name}".encode()))
        numbers = self._generator_at(*place)
        return numbers.standard_normal(shape) if kind == "normal" else _clip_below_one(numbers.random(shape))

    def _generator_at(self, *place: int) -> np.random.Generator:
        """Return `generator(seed, purpose, *place)`: the same one, set to another place, for less than a new one."""
        if self._generator is None:
            self._generator = generator(self.seed, self._purpose, *place)
            self._start = self._generator.bit_generator.state  # nothing is drawn yet
        start = self._start["state"]
        start["key"][1], start["counter"][1:] = self._purpose, place
        self._generator.bit_generator.state = self._start
        return self._generator

"""Connectivities of graph models: fixed in-degree, scale-free, spatial, modular, and patches of a sheet."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuronet.core.errors import check_number
from neuronet.core.structure.network import Bools
from neuronet.core.structure.pattern import Pattern
from neuronet.core.structure.sampling import Ints, distinct_speakers, pattern_of_speakers, preferential_targets, sheet
from neuronet.core.structure.wiring import Dense, SmallWorld, Sparse, Wiring

Draw = Callable[[Ints, int], Ints]
"""Returns a speaker for each of some listeners (N,), given the number of the attempt, 0 for the first."""


class FixedDegreeWiring(Wiring):
    """Connectivity in which every neuron listens to the same number of distinct speakers (all, where there are fewer)."""

    speakers: int

    @abstractmethod
    def sampler(self, listeners: int, speakers: int, count: int, rng: np.random.Generator) -> Draw:
        """Return what draws a speaker for each of some listeners.

        Args:
            listeners: Number of neurons that listen, J.
            speakers: Number of neurons in the layer before, I.
            count: Speakers of each listener.
            rng: Random numbers.
        """

    def pattern(self, listeners: int, speakers: int, rng: np.random.Generator) -> Pattern:
        """Return the connections, drawn one by one; speakers that a listener would have twice are drawn again."""
        count = min(self.speakers, speakers)
        draw = self.sampler(listeners, speakers, count, rng)
        return pattern_of_speakers(distinct_speakers(draw, (listeners, speakers), count, rng), speakers)

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """Return the same connections as a mask, (listeners, speakers)."""
        return self.pattern(listeners, speakers, rng).mask()


@dataclass(frozen=True)
class FixedInDegree(FixedDegreeWiring):
    """Random connectivity in which every neuron listens to the same number of speakers; a speaker may have no listener.

    Args:
        speakers: Number of speakers that each neuron listens to, 1 or more (all, where there are fewer).

    Raises:
        ConfigurationError: It is out of range.
    """

    speakers: int = 8

    def __post_init__(self) -> None:
        check_number("speakers", self.speakers, 1, whole=True)

    def sampler(self, listeners: int, speakers: int, count: int, rng: np.random.Generator) -> Draw:
        """Draw uniformly."""
        return lambda rows, attempt: rng.integers(speakers, size=len(rows))


@dataclass(frozen=True)
class ScaleFree(FixedDegreeWiring):
    """Scale-free connectivity: the number of a speaker's listeners has a power law, by preferential attachment.

    After Dorogovtsev, Mendes and Samukhin 2000, "Structure of growing networks with preferential linking", between two layers:
    speakers and listeners arrive one after another, and a listener chooses a speaker in proportion to `a` plus the listeners
    that it has already. With m listeners of a speaker on average the exponent is `2 + a / m`, for numbers of listeners well
    above a. Which neurons come first is random. Small layers cut the power law off.

    Args:
        speakers: Number of speakers that each neuron listens to, 1 or more (all, where there are fewer).
        exponent: Exponent of the power law, above 2; 3 is that of Barabasi and Albert 1999.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    speakers: int = 8
    exponent: float = 3.0

    def __post_init__(self) -> None:
        check_number("speakers", self.speakers, 1, whole=True)
        check_number("exponent", self.exponent, 2, above=True)

    def sampler(self, listeners: int, speakers: int, count: int, rng: np.random.Generator) -> Draw:
        """Draw by preferential attachment, and uniformly where a listener chose a speaker twice."""
        attractiveness = (self.exponent - 2) * listeners * count / speakers
        targets = preferential_targets((listeners, speakers), count, attractiveness, rng).reshape(listeners, count)
        targets = rng.permutation(speakers)[targets[rng.permutation(listeners)]]
        return lambda rows, attempt: rng.integers(speakers, size=len(rows)) if attempt else targets.ravel()


@dataclass(frozen=True)
class Spatial(FixedDegreeWiring):
    """Spatial connectivity: neurons lie on sheets above each other and listen to speakers nearby, by a Gaussian kernel.

    A layer of n neurons fills a sheet of r rows and n / r columns, row by row; r is the largest divisor of n up to its square
    root (28 x 28 for 784, a line for a prime number). A sheet has sides of 1, and its opposite sides are joined. Where a
    listener chose a speaker twice, the kernel becomes 10 % wider for each further attempt.

    Args:
        speakers: Number of speakers that each neuron listens to, 1 or more (all, where there are fewer).
        length: Standard deviation of the distance along each side, above 0; 1 is the whole side.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    speakers: int = 8
    length: float = 0.1

    def __post_init__(self) -> None:
        check_number("speakers", self.speakers, 1, whole=True)
        check_number("length", self.length, 0, above=True)

    def sampler(self, listeners: int, speakers: int, count: int, rng: np.random.Generator) -> Draw:
        """Draw the speaker at a normal distance from each listener."""
        (rows_here, columns_here), (rows, columns) = sheet(listeners), sheet(speakers)

        def draw(chosen: Ints, attempt: int) -> Ints:
            down, right = rng.normal(scale=self.length * 1.1**attempt, size=(2, len(chosen)))
            row = np.floor(((chosen // columns_here + 0.5) / rows_here + down) % 1.0 * rows).astype(np.int64) % rows
            column = np.floor(((chosen % columns_here + 0.5) / columns_here + right) % 1.0 * columns).astype(np.int64) % columns
            place: Ints = row * columns + column
            return place

        return draw


@dataclass(frozen=True)
class Modular(FixedDegreeWiring):
    """Modular connectivity: neurons listen mostly to speakers of their own module (a stochastic block model).

    Each layer is shared out to the modules in blocks of equal size. After Holland, Laskey and Leinhardt 1983, "Stochastic
    blockmodels: first steps".

    Args:
        modules: Number of modules, 1 or more.
        speakers: Number of speakers that each neuron listens to, 1 or more (all, where there are fewer).
        within: Probability, 0 to 1, that a speaker is drawn from the neuron's own module; otherwise it is drawn from all.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    modules: int = 4
    speakers: int = 8
    within: float = 0.9

    def __post_init__(self) -> None:
        check_number("modules", self.modules, 1, whole=True)
        check_number("speakers", self.speakers, 1, whole=True)
        check_number("within", self.within, 0, 1)

    def sampler(self, listeners: int, speakers: int, count: int, rng: np.random.Generator) -> Draw:
        """Draw from the own module or from all; from all where the own module has too few."""

        def draw(rows: Ints, attempt: int) -> Ints:
            module = rows * self.modules // listeners
            first = -(-module * speakers // self.modules)
            size = np.maximum(-(-(module + 1) * speakers // self.modules) - first, 1)
            own = np.minimum(first + (rng.random(len(rows)) * size).astype(np.int64), speakers - 1)
            inside = (rng.random(len(rows)) < self.within) & (attempt < 20)
            return np.where(inside, own, rng.integers(speakers, size=len(rows)))

        return draw


@dataclass(frozen=True)
class Patches(Wiring):
    """Connectivity in which every neuron listens to a random rectangle of the sheet below, such as a part of an image.

    After the receptive fields of McDonnell et al. 2015. A layer lies on a sheet as in `Spatial`. The number of rows and that of
    columns are drawn independently, each equally probable; then the place, within the sheet. A speaker may have no listener.

    Args:
        smallest: Smallest number of rows or columns, 1 or more (all, where the sheet has fewer).
        largest: Largest number of rows or columns, `smallest` or more (all, where the sheet has fewer).

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    smallest: int = 4
    largest: int = 8

    def __post_init__(self) -> None:
        check_number("smallest", self.smallest, 1, whole=True)
        check_number("largest", self.largest, self.smallest, whole=True)

    def pattern(self, listeners: int, speakers: int, rng: np.random.Generator) -> Pattern:
        """Return the connections, one rectangle for each listener."""
        sides = sheet(speakers)
        lengths = [rng.integers(min(self.smallest, side), min(self.largest, side) + 1, size=listeners) for side in sides]
        starts = [rng.integers(side - length + 1) for side, length in zip(sides, lengths, strict=True)]
        sizes = lengths[0] * lengths[1]
        rows = np.repeat(np.arange(listeners), sizes)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # 0 to r c - 1 in each rectangle
        down, right = np.divmod(within, lengths[1][rows])
        columns = (starts[0][rows] + down) * sides[1] + starts[1][rows] + right
        return Pattern.of_edges(rows, columns, (listeners, speakers))[0]

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """Return the same connections as a mask, (listeners, speakers)."""
        return self.pattern(listeners, speakers, rng).mask()


WIRINGS: dict[str, type[Wiring]] = {
    "dense": Dense,
    "fixed-in-degree": FixedInDegree,
    "modular": Modular,
    "patches": Patches,
    "scale-free": ScaleFree,
    "small-world": SmallWorld,
    "sparse": Sparse,
    "spatial": Spatial,
}
"""All connectivities by name."""

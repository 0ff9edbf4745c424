"""Compact form of a layered network: a weight matrix and a mask for each listening layer, with their construction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import StateError, check_number, unknown_name_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Network:
    """Layered network: weights, biases, connection masks and activations.

    Entry l of each tuple but `nodes` belongs to the l-th listening layer: J neurons that listen to the I neurons before it.

    Attributes:
        weights: (J, I) each, float64; 0 where there is no connection.
        biases: (J,) each, float64.
        masks: (J, I) each, True where there is a connection; None where every neuron listens to every neuron.
        activations: The name of each listening layer's activation.
        nodes: The node ids of every layer, the inputs first, in the order of the matrices.

    Raises:
        StateError: Shapes do not fit, or a number is not finite.
        SpecError: An activation is unknown.
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    masks: tuple[Bools | None, ...]
    activations: tuple[str, ...]
    nodes: tuple[Ints, ...]

    def __post_init__(self) -> None:
        depth = len(self.weights)
        if depth < 1 or not len(self.biases) == len(self.masks) == len(self.activations) == len(self.nodes) - 1 == depth:
            raise StateError("a network needs weights, a bias, a mask and an activation for each layer that listens")
        if len(np.unique(np.concatenate(self.nodes))) < sum(self.sizes):
            raise StateError("node ids of neurons must be unique, but one is given twice")
        for layer, (weights, bias, mask) in enumerate(zip(self.weights, self.biases, self.masks, strict=True), start=1):
            shape = (len(self.nodes[layer]), len(self.nodes[layer - 1]))
            if weights.shape != shape or bias.shape != shape[:1] or (mask is not None and mask.shape != shape):
                raise StateError(f"layer {layer} must have weights and mask of shape {shape} and a bias for each row")
            if not np.isfinite(weights).all() or not np.isfinite(bias).all():
                raise StateError(f"layer {layer} has weights or biases that are not finite numbers")
            if mask is not None and weights[~mask].any():
                raise StateError(f"layer {layer} has non-zero weights where its mask has no connection")
            parse_activation(self.activations[layer - 1])

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of neurons in each layer, the inputs first."""
        return tuple(len(ids) for ids in self.nodes)

    @property
    def connections(self) -> int:
        """Number of connections."""
        return sum(w.size if m is None else int(m.sum()) for w, m in zip(self.weights, self.masks, strict=True))


class Wiring(ABC):
    """Connectivity between two layers."""

    @abstractmethod
    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools | None:
        """Return the connection mask, (listeners, speakers), True where there is a connection; None for all connections."""


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


def _connect_isolated(mask: Bools, rng: np.random.Generator) -> Bools:
    for listener in np.flatnonzero(~mask.any(axis=1)):
        mask[listener, rng.integers(mask.shape[1])] = True
    for speaker in np.flatnonzero(~mask.any(axis=0)):
        mask[rng.integers(mask.shape[0]), speaker] = True
    return mask


WIRINGS: dict[str, type[Wiring]] = {"dense": Dense, "sparse": Sparse, "small-world": SmallWorld}
"""All connectivities by name."""

INITIALISATIONS: dict[str, float] = {"he": 2.0, "glorot": 2.0, "lecun": 1.0, "zeros": 0.0}
"""All initialisations by name, with the numerator of the weights' variance."""


def initial_weights(mask: Bools | None, shape: tuple[int, int], init: str, rng: np.random.Generator) -> Floats:
    """Return normal weights, (J, I), 0 where there is no connection.

    The variance is 2 / speakers (he: He et al. 2015), 2 / (speakers + listeners of a speaker) (glorot: Glorot and Bengio 2010),
    1 / speakers (lecun: LeCun et al. 1998) or 0 (zeros), counted over existing connections.

    Raises:
        SpecError: The initialisation is unknown.
    """
    if init not in INITIALISATIONS:
        raise unknown_name_error("init", init, ["auto", *INITIALISATIONS])
    connected = np.ones(shape, dtype=np.bool_) if mask is None else mask
    fan = connected.sum(axis=1, keepdims=True).astype(np.float64)
    if init == "glorot":
        fan = fan + connected.sum(axis=0, keepdims=True)
    scale = np.sqrt(INITIALISATIONS[init] / np.maximum(fan, 1.0))
    return np.asarray(rng.standard_normal(shape) * scale * connected, dtype=np.float64)

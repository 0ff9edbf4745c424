"""The compact form of a layered network: a matrix and a mask for each layer that listens, and how they are made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Network:
    """A layered network at rest: who listens to whom, with how much attention.

    Entry l of each tuple but `nodes` belongs to the l-th layer that listens; its J neurons listen to the I neurons before it.

    Attributes:
        weights: (J, I) each, float64; 0 where there is no connection.
        biases: (J,) each, float64.
        masks: (J, I) each, True where there is a connection; None where every neuron listens to every neuron.
        activations: The name of each listening layer's activation.
        nodes: The node ids of every layer, the inputs first, in the order of the matrices.

    Raises:
        NeuroNetError: Shapes do not fit, a number is not finite, or an activation is unknown.
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    masks: tuple[Bools | None, ...]
    activations: tuple[str, ...]
    nodes: tuple[Ints, ...]

    def __post_init__(self) -> None:
        depth = len(self.weights)
        if depth < 1 or not len(self.biases) == len(self.masks) == len(self.activations) == len(self.nodes) - 1 == depth:
            raise NeuroNetError("a network needs weights, a bias, a mask and an activation for each layer that listens")
        if len(np.unique(np.concatenate(self.nodes))) < sum(self.sizes):
            raise NeuroNetError("every neuron needs a node id of its own, but one is given twice")
        for layer, (weights, bias, mask) in enumerate(zip(self.weights, self.biases, self.masks, strict=True), start=1):
            shape = (len(self.nodes[layer]), len(self.nodes[layer - 1]))
            if weights.shape != shape or bias.shape != shape[:1] or (mask is not None and mask.shape != shape):
                raise NeuroNetError(f"layer {layer} must have weights and mask of shape {shape} and a bias for each row")
            if not np.isfinite(weights).all() or not np.isfinite(bias).all():
                raise NeuroNetError(f"layer {layer} has weights or biases that are not finite numbers")
            if mask is not None and weights[~mask].any():
                raise NeuroNetError(f"layer {layer} has weights where its mask says that there is no connection")
            parse_activation(self.activations[layer - 1])

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of neurons in each layer, the inputs first."""
        return tuple(len(ids) for ids in self.nodes)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return sum(w.size if m is None else int(m.sum()) for w, m in zip(self.weights, self.masks, strict=True))


class Wiring(ABC):
    """Which neurons of a layer listen to which of the layer before."""

    @abstractmethod
    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools | None:
        """(listeners, speakers), True where there is a connection; None for all of them."""


@dataclass(frozen=True)
class Dense(Wiring):
    """Every neuron listens to every neuron of the layer before."""

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> None:
        """None: nothing is left out."""
        return


@dataclass(frozen=True)
class Sparse(Wiring):
    """Each possible connection is there with the same probability; nobody is left without a speaker or a listener.

    Args:
        probability: Of a connection, above 0, at most 1.

    Raises:
        NeuroNetError: It is out of range.
    """

    probability: float = 0.1

    def __post_init__(self) -> None:
        check_number("edge probability", self.probability, 0, 1, above=True)

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """Independent coins; then a random connection for whoever has none."""
        return _connect_isolated(rng.random((listeners, speakers)) < self.probability, rng)


@dataclass(frozen=True)
class SmallWorld(Wiring):
    """Each neuron listens to those nearest to its own position, but some connections go anywhere.

    After Watts and Strogatz 1998, between two layers: positions are spread evenly over a ring.

    Args:
        neighbours: How many speakers each neuron listens to, 1 or more (all, where there are fewer).
        rewire: Probability, 0 to 1, that a connection goes to a random speaker instead.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    neighbours: int = 8
    rewire: float = 0.1

    def __post_init__(self) -> None:
        check_number("neighbours", self.neighbours, 1, whole=True)
        check_number("rewire", self.rewire, 0, 1)

    def mask(self, listeners: int, speakers: int, rng: np.random.Generator) -> Bools:
        """The nearest speakers on the ring, some of them exchanged for speakers not yet heard."""
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
"""Every wiring by its name."""

INITIALISATIONS: dict[str, float] = {"he": 2.0, "glorot": 2.0, "lecun": 1.0, "zeros": 0.0}
"""Every initialisation by its name, with the numerator of the weights' variance."""


def initial_weights(mask: Bools | None, shape: tuple[int, int], init: str, rng: np.random.Generator) -> Floats:
    """Normal weights, (J, I), 0 where there is no connection.

    The variance is 2 / speakers (he: He et al. 2015), 2 / (speakers + listeners of a speaker) (glorot: Glorot and Bengio 2010),
    1 / speakers (lecun: LeCun et al. 1998) or 0 (zeros), counted over the connections that there are.

    Raises:
        NeuroNetError: The initialisation is unknown.
    """
    if init not in INITIALISATIONS:
        raise unknown_name_error("init", init, ["auto", *INITIALISATIONS])
    there = np.ones(shape, dtype=np.bool_) if mask is None else mask
    fan = there.sum(axis=1, keepdims=True).astype(np.float64)
    if init == "glorot":
        fan = fan + there.sum(axis=0, keepdims=True)
    scale = np.sqrt(INITIALISATIONS[init] / np.maximum(fan, 1.0))
    return np.asarray(rng.standard_normal(shape) * scale * there, dtype=np.float64)

"""Compact form of a layered network: a weight matrix and a mask for each listening layer, and their first weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import StateError, unknown_name_error
from neuronet.core.structure.pattern import Pattern

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
        self._check_nodes()
        for layer, (weights, bias, mask) in enumerate(zip(self.weights, self.biases, self.masks, strict=True), start=1):
            shape = (len(self.nodes[layer]), len(self.nodes[layer - 1]))
            if weights.shape != shape or bias.shape != shape[:1] or (mask is not None and mask.shape != shape):
                raise StateError(f"layer {layer} must have weights and mask of shape {shape} and a bias for each row")
            if not np.isfinite(weights).all() or not np.isfinite(bias).all():
                raise StateError(f"layer {layer} has weights or biases that are not finite numbers")
            if mask is not None and weights[~mask].any():
                raise StateError(f"layer {layer} has non-zero weights where its mask has no connection")
            parse_activation(self.activations[layer - 1])

    def _check_nodes(self) -> None:
        if (np.diff(np.sort(np.concatenate(self.nodes))) == 0).any():
            raise StateError("node ids of neurons must be unique, but one is given twice")

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of neurons in each layer, the inputs first."""
        return tuple(len(ids) for ids in self.nodes)

    @property
    def connections(self) -> int:
        """Number of connections."""
        return sum(self.layer_connections(layer) for layer in range(1, len(self.sizes)))

    def layer_connections(self, layer: int) -> int:
        """Return the number of connections of a listening layer; the first is layer 1."""
        weights, mask = self.weights[layer - 1], self.masks[layer - 1]
        return weights.size if mask is None else int(mask.sum())

    def layer_part(self, layer: int, listeners: Any, speakers: Any = slice(None)) -> tuple[Floats, Bools]:
        """Return the weights of some neurons of a listening layer, and which of them are connections, (listeners, speakers).

        Args:
            layer: Listening layer, 1 for the first.
            listeners: Positions of neurons in the layer.
            speakers: Positions in the layer below; all of them by default.
        """
        weights, mask = self.weights[layer - 1][listeners][:, speakers], self.masks[layer - 1]
        return weights, np.ones(weights.shape, dtype=np.bool_) if mask is None else mask[listeners][:, speakers]

    @property
    def is_sparse(self) -> bool:
        """Whether there is a number for each connection instead of matrices, as in a `SparseNetwork`."""
        return False

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """All arrays but the node ids, which tell whether two networks are the same."""
        return [array for array in (*self.weights, *self.biases, *self.masks) if array is not None]

    def with_parameters(self, weights: tuple[Floats, ...], biases: tuple[Floats, ...]) -> Network:
        """Return the network with other weights and biases, in the same layout."""
        return replace(self, weights=weights, biases=biases)


INITIALISATIONS: dict[str, float] = {"he": 2.0, "glorot": 2.0, "lecun": 1.0, "zeros": 0.0}
"""All initialisations by name, with the numerator of the weights' variance."""


def initial_weights(mask: Bools | None, shape: tuple[int, int], init: str, rng: np.random.Generator) -> Floats:
    """Return normal weights, (J, I), 0 where there is no connection.

    The variance is 2 / speakers (he: He et al. 2015), 2 / (speakers + listeners of a speaker) (glorot: Glorot and Bengio 2010),
    1 / speakers (lecun: LeCun et al. 1998) or 0 (zeros), counted over existing connections.

    Raises:
        SpecError: The initialisation is unknown.
    """
    variance = _variance(init)
    connected = np.ones(shape, dtype=np.bool_) if mask is None else mask
    fan = connected.sum(axis=1, keepdims=True).astype(np.float64)
    if init == "glorot":
        fan = fan + connected.sum(axis=0, keepdims=True)
    scale = np.sqrt(variance / np.maximum(fan, 1.0))
    return np.asarray(rng.standard_normal(shape) * scale * connected, dtype=np.float64)


def initial_values(pattern: Pattern, init: str, rng: np.random.Generator, *, first: int = 0) -> Floats:
    """Return normal weights by connection, (E - first,), with the variance that `initial_weights` describes.

    Args:
        pattern: The connections.
        init: Name of the initialisation.
        rng: Draws the weights.
        first: Place of the first connection that gets a weight.

    Raises:
        SpecError: The initialisation is unknown.
    """
    variance = _variance(init)
    fan = pattern.in_degrees[pattern.rows[first:]].astype(np.float64)
    if init == "glorot":
        fan += pattern.out_degrees[pattern.columns[first:]]
    return np.asarray(rng.standard_normal(len(fan)) * np.sqrt(variance / fan), dtype=np.float64)


def _variance(init: str) -> float:
    if init not in INITIALISATIONS:
        raise unknown_name_error("init", init, ["auto", *INITIALISATIONS])
    return INITIALISATIONS[init]

"""Compact form of a sparse network: a sparsity pattern for each listening layer, and a weight for each connection."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import ConfigurationError, StateError
from neuronet.core.structure.network import Bools, Floats, Ints, Network
from neuronet.core.structure.pattern import Pattern, check_dense

MIN_SPARSE_ENTRIES = 2**18
"""Entries of a network's largest layer from which a sparse layout is faster, if the density is low (benchmarks/sparse.py) ..."""

MAX_SPARSE_DENSITY = 0.1
"""... that is, if the network has at most this share of all possible connections."""

LAYOUTS = ("auto", "dense", "sparse")


class SparseNetwork(Network):
    """Layered network with a number for each connection, whose memory and time grow with connections.

    It is a `Network`: `weights` and `masks` are matrices, made when they are first read, of layers that are small enough.

    Args:
        values: (E,) of each listening layer, the weights in the order of its pattern.
        patterns: The connections of each listening layer.
        biases: (J,) of each listening layer.
        activations: The name of each listening layer's activation.
        nodes: The node ids of every layer, the inputs first.

    Raises:
        StateError: Shapes do not fit, or a number is not finite.
        SpecError: An activation is unknown.
    """

    values: tuple[Floats, ...]
    patterns: tuple[Pattern, ...]

    def __init__(
        self,
        values: tuple[Floats, ...],
        patterns: tuple[Pattern, ...],
        biases: tuple[Floats, ...],
        activations: tuple[str, ...],
        nodes: tuple[Ints, ...],
    ) -> None:
        parts = {"values": values, "patterns": patterns, "biases": biases, "activations": activations, "nodes": nodes}
        for name, part in parts.items():
            object.__setattr__(self, name, tuple(part))
        depth = len(values)
        if depth < 1 or not len(patterns) == len(biases) == len(activations) == len(nodes) - 1 == depth:
            raise StateError("a sparse network needs a pattern, values, a bias and an activation for each layer that listens")
        self._check_nodes()
        for layer in range(1, depth + 1):
            self._check_layer(layer)

    def _check_layer(self, layer: int) -> None:
        values, pattern, bias = self.values[layer - 1], self.patterns[layer - 1], self.biases[layer - 1]
        shape = (self.sizes[layer], self.sizes[layer - 1])
        if pattern.shape != shape or values.shape != (pattern.count,) or bias.shape != shape[:1]:
            raise StateError(
                f"layer {layer} must have a pattern of shape {shape}, a weight for each connection and a bias for each row"
            )
        if not np.isfinite(values).all() or not np.isfinite(bias).all():
            raise StateError(f"layer {layer} has weights or biases that are not finite numbers")
        parse_activation(self.activations[layer - 1])

    @property
    def is_sparse(self) -> bool:
        """True: there is a number for each connection."""
        return True

    def layer_connections(self, layer: int) -> int:
        """Return the number of connections of a listening layer; the first is layer 1."""
        return self.patterns[layer - 1].count

    def layer_part(self, layer: int, listeners: Any, speakers: Any = slice(None)) -> tuple[Floats, Bools]:
        """Return the weights of some neurons of a listening layer, and which of them are connections, without its matrix.

        Args:
            layer: Listening layer, 1 for the first.
            listeners: Positions of neurons in the layer.
            speakers: Positions in the layer below; all of them by default.
        """
        from scipy.sparse import csr_array  # lists of plug-ins need none of it

        pattern, values = self.patterns[layer - 1], self.values[layer - 1]
        places = csr_array((np.arange(1, pattern.count + 1), pattern.columns, pattern.starts), shape=pattern.shape)
        numbers = places[listeners][:, speakers].toarray()  # of connections, from 1; 0 where there is none
        return np.append(values, 0.0)[numbers - 1], numbers > 0

    @cached_property
    def weights(self) -> tuple[Floats, ...]:
        """The weights as matrices (J, I), 0 where there is no connection.

        Raises:
            StateError: A layer is too large for a matrix.
        """
        self._check_dense()
        return tuple(pattern.to_dense(values) for pattern, values in zip(self.patterns, self.values, strict=True))

    @cached_property
    def masks(self) -> tuple[Bools | None, ...]:
        """The connections as masks (J, I); None for full connection.

        Raises:
            StateError: A layer is too large for a matrix.
        """
        self._check_dense()
        return tuple(None if pattern.is_full else pattern.mask() for pattern in self.patterns)

    def _check_dense(self) -> None:
        for pattern in self.patterns:
            check_dense(pattern.shape)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """All arrays but the node ids, which tell whether two networks are the same."""
        patterns = (array for pattern in self.patterns for array in (pattern.starts, pattern.columns))
        return [*self.values, *self.biases, *patterns]

    def with_parameters(self, weights: tuple[Floats, ...], biases: tuple[Floats, ...]) -> SparseNetwork:
        """Return the network with other weights, (E,) each, and biases."""
        return SparseNetwork(weights, self.patterns, biases, self.activations, self.nodes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'-'.join(map(str, self.sizes))}, {self.connections:,} connections)"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: no matrices."""
        return {name: vars(self)[name] for name in ("values", "patterns", "biases", "activations", "nodes")}


def to_dense(network: Network, *, limited: bool = True) -> Network:
    """Return the network with a matrix for each layer; one that has them is returned itself.

    Args:
        network: The network.
        limited: Whether layers with more than MAX_DENSE_ENTRIES possible connections are refused.

    Raises:
        StateError: A layer is too large for a matrix.
    """
    if not isinstance(network, SparseNetwork):
        return network
    weights, masks = (network.weights, network.masks) if limited else _matrices(network)
    return Network(weights, network.biases, masks, network.activations, network.nodes)


def _matrices(network: SparseNetwork) -> tuple[tuple[Floats, ...], tuple[Bools | None, ...]]:
    weights = tuple(pattern.matrix(values) for pattern, values in zip(network.patterns, network.values, strict=True))
    ones = (None if pattern.is_full else np.ones(pattern.count, dtype=np.bool_) for pattern in network.patterns)
    masks = (None if own is None else pattern.matrix(own) for pattern, own in zip(network.patterns, ones, strict=True))
    return weights, tuple(masks)


def to_sparse(network: Network) -> SparseNetwork:
    """Return the network with a number for each connection; one that has them is returned itself."""
    if isinstance(network, SparseNetwork):
        return network
    patterns = tuple(pattern_of(network, layer) for layer in range(1, len(network.sizes)))
    matrices = zip(network.weights, network.masks, strict=True)
    values = tuple(weights.flatten() if mask is None else weights[mask] for weights, mask in matrices)
    return SparseNetwork(values, patterns, network.biases, network.activations, network.nodes)


def pattern_of(network: Network, layer: int) -> Pattern:
    """Return the connections of a listening layer in any layout; the first is layer 1."""
    if isinstance(network, SparseNetwork):
        return network.patterns[layer - 1]
    mask = network.masks[layer - 1]
    return Pattern.full((network.sizes[layer], network.sizes[layer - 1])) if mask is None else Pattern.of_mask(mask)


def with_layout(network: Network, layout: str = "auto") -> Network:
    """Return the network in a layout: the same neurons, connections and numbers.

    Args:
        network: The network.
        layout: "dense" for matrices with masks, "sparse" for a number for each connection, "auto" for the faster of them.

    Raises:
        ConfigurationError: The layout is unknown.
        StateError: A layer is too large for a matrix.
    """
    if layout not in LAYOUTS:
        raise ConfigurationError(f"layout must be auto, dense or sparse, got {layout!r}")
    if layout == "auto":
        layout = "sparse" if prefers_sparse(network) else "dense"
    return to_sparse(network) if layout == "sparse" else to_dense(network)


def prefers_sparse(network: Network) -> bool:
    """Return whether a sparse layout is faster: a large layer, and few of all possible connections."""
    entries = [int(a) * int(b) for a, b in zip(network.sizes[1:], network.sizes[:-1], strict=True)]
    return max(entries) >= MIN_SPARSE_ENTRIES and network.connections <= MAX_SPARSE_DENSITY * sum(entries)

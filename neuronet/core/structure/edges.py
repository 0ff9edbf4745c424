"""Networks from arrays of edges and from scipy.sparse matrices, without a matrix in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neuronet.core.activation import parse_activation
from neuronet.core.errors import ConfigurationError, StateError
from neuronet.core.random_streams import Purpose, check_seed, generator
from neuronet.core.structure.edge_arrays import check_sizes, coordinates, edge_array, ids, numbers
from neuronet.core.structure.network import Floats, Ints, Network, initial_values, initial_weights
from neuronet.core.structure.pattern import Pattern
from neuronet.core.structure.sparse_network import SparseNetwork, with_layout

MAX_MASK_ENTRIES = 2**20
"""Entries of a layer up to which weights and random connections are drawn for the whole matrix; in larger ones by connection."""


def from_edges(
    edges: Any,
    sizes: Sequence[int] | None = None,
    *,
    nodes: Sequence[Any] | None = None,
    weights: Any = None,
    biases: Any = None,
    activation: str = "relu",
    output_activation: str = "identity",
    init: str = "auto",
    seed: int = 0,
    layout: str = "auto",
) -> Network:
    """Return the network of an array of edges, or of an adjacency matrix of scipy.sparse.

    Args:
        edges: (E, 2), integers: the node of the speaker and that of the listener of each edge, in any order. Or a square
            matrix of scipy.sparse with a row for each speaker and a column for each listener, in the order of the layers; its
            values are the weights, unless they are booleans.
        sizes: Neurons in each layer, inputs first; their nodes are 0, 1, 2, ... layer by layer.
        nodes: Instead of sizes, the node ids of each layer.
        weights: (E,), a weight for each edge of an array; None for random weights.
        biases: A bias for each node, in the order of the layers (those of the inputs are not used); None for 0.
        activation: Activation of the hidden layers.
        output_activation: Activation of the output layer.
        init: Initialisation of random weights.
        seed: Seed of the initialisation.
        layout: "dense", "sparse", or "auto" for the faster of them.

    Raises:
        StateError: An edge is given twice, connects a node with itself or skips a layer, a node is unknown, an output is not
            connected to the inputs, or a number is not finite; the message names the edge or node.
        ConfigurationError: Both or neither of sizes and nodes are given, or an option is out of range.
    """
    from scipy.sparse import issparse  # lists of plug-ins need none of it

    layers = _layers(sizes, nodes)
    order = np.concatenate(layers)
    if issparse(edges):
        speakers, listeners, values = _entries(edges, len(order), weights)
    else:
        given = edge_array(edges)
        values = None if weights is None else numbers(weights, "weights", len(given))
        speakers, listeners = _positions(given, order)
    bias = None if biases is None else numbers(biases, "biases", len(order))
    check_edges(order, [len(layer) for layer in layers], speakers, listeners, values)
    names = [activation] * (len(layers) - 2) + [output_activation]
    return assemble(layers, speakers, listeners, values, bias, names, init=init, seed=seed, layout=layout)


def from_matrices(
    matrices: Sequence[Any],
    *,
    biases: Sequence[Any] | None = None,
    activation: str = "relu",
    output_activation: str = "identity",
    layout: str = "auto",
) -> Network:
    """Return the network of a weight matrix of scipy.sparse for each listening layer.

    Args:
        matrices: (J, I) each, a row for each listener and a column for each speaker, the first layer that listens first. What a
            matrix stores is a connection, also where its value is 0.
        biases: (J,) of each listening layer; None for 0.
        activation: Activation of the hidden layers.
        output_activation: Activation of the output layer.
        layout: "dense", "sparse", or "auto" for the faster of them.

    Raises:
        StateError: A matrix is not one of scipy.sparse, does not fit its neighbours, or stores an entry twice or a number that
            is not finite.
    """
    from scipy.sparse import issparse  # lists of plug-ins need none of it

    given: list[Any] = [] if matrices is None else [matrices] if issparse(matrices) else list(matrices)
    if not given or not all(issparse(matrix) and matrix.ndim == 2 for matrix in given):
        kinds = ", ".join(sorted({type(matrix).__name__ for matrix in given})) or ("nothing" if matrices is not None else "None")
        raise StateError(f"matrices must be two-dimensional matrices of scipy.sparse, one for each listening layer, got {kinds}")
    for layer, (below, above) in enumerate(pairwise(given), start=2):
        if above.shape[1] != below.shape[0]:
            raise StateError(
                f"matrix {layer} must have {below.shape[0]} columns, a column for each speaker, got {above.shape[1]}"
            )
    sizes = [given[0].shape[1], *(matrix.shape[0] for matrix in given)]
    check_sizes(sizes)
    starts = np.cumsum([0, *sizes])
    parts = [coordinates(matrix, f"matrix {layer}") for layer, matrix in enumerate(given, start=1)]
    speakers = np.concatenate([part.coords[1] + starts[layer] for layer, part in enumerate(parts)])
    listeners = np.concatenate([part.coords[0] + starts[layer + 1] for layer, part in enumerate(parts)])
    values = np.concatenate([numbers(part.data, f"matrix {layer}", part.nnz) for layer, part in enumerate(parts, start=1)])
    bias = None if biases is None else _joined_biases(list(biases), sizes)
    check_edges(np.arange(starts[-1]), sizes, speakers, listeners, values)
    names = [activation] * (len(sizes) - 2) + [output_activation]
    layers = [np.arange(a, b) for a, b in pairwise(starts)]
    return assemble(layers, speakers, listeners, values, bias, names, layout=layout)


def _joined_biases(biases: list[Any], sizes: Sequence[int]) -> Floats:
    """Return a bias for each neuron, those of the inputs 0."""
    if len(biases) != len(sizes) - 1:
        raise StateError(f"biases must be one array for each of {len(sizes) - 1} listening layers, got {len(biases)}")
    given = enumerate(zip(biases, sizes[1:], strict=True), start=1)
    return np.concatenate(
        (np.zeros(sizes[0]), *(numbers(part, f"biases of layer {layer}", size) for layer, (part, size) in given))
    )


def check_edges(order: Ints, sizes: Sequence[int], speakers: Ints, listeners: Ints, values: Floats | None) -> None:
    """Refuse edges that are not those of a layered network.

    Args:
        order: (N,), the nodes in the order of the layers.
        sizes: Neurons in each layer.
        speakers: (E,), position of each edge's speaker in that order.
        listeners: (E,), position of its listener.
        values: (E,), weights; None if there are none.

    Raises:
        StateError: An edge is given twice, is a loop or skips a layer, a weight is not finite, or an output cannot be reached.
    """
    layer_of = np.repeat(np.arange(len(sizes)), sizes)

    def name(edge: int) -> str:
        return f"edge {order[speakers[edge]]} -> {order[listeners[edge]]}"

    wrong = np.flatnonzero(layer_of[listeners] != layer_of[speakers] + 1)
    if len(wrong):
        before, after = layer_of[speakers[wrong[0]]], layer_of[listeners[wrong[0]]]
        loop = " (a self-loop)" if speakers[wrong[0]] == listeners[wrong[0]] else ""
        raise StateError(f"{name(wrong[0])} goes from layer {before} to layer {after}{loop}: edges must go to the next layer")
    keys = listeners.astype(np.int64) * len(order) + speakers
    twice = np.flatnonzero(np.diff(np.sort(keys)) == 0)
    if len(twice):
        key = np.sort(keys)[twice[0]]
        raise StateError(f"{name(int(np.flatnonzero(keys == key)[0]))} is given {(keys == key).sum()} times: give each edge once")
    if values is not None and not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise StateError(f"{name(bad)}: weight must be a finite number, got {values[bad]}")
    reached = layer_of == 0
    for layer in range(1, len(sizes)):
        own = layer_of[listeners] == layer
        reached[listeners[own][reached[speakers[own]]]] = True
    missing = np.flatnonzero(~reached & (layer_of == len(sizes) - 1))
    if len(missing):
        raise StateError(f"output {order[missing[0]]} is not connected to any input: give it speakers")


def assemble(
    layers: Sequence[Ints],
    speakers: Ints,
    listeners: Ints,
    values: Floats | None,
    biases: Floats | None,
    activations: Sequence[str],
    *,
    init: str = "auto",
    seed: int = 0,
    layout: str = "auto",
) -> Network:
    """Return the network of edges between positions in the order of the layers; `check_edges` has accepted them."""
    check_seed(seed)
    starts = np.cumsum([0, *map(len, layers)])
    patterns, weights = [], []
    for layer in range(1, len(layers)):
        own = np.flatnonzero((listeners >= starts[layer]) & (listeners < starts[layer + 1]))
        shape = (len(layers[layer]), len(layers[layer - 1]))
        pattern, order = Pattern.of_edges(listeners[own] - starts[layer], speakers[own] - starts[layer - 1], shape)
        patterns.append(pattern)
        weights.append(first_values(pattern, activations[layer - 1], init, seed, layer) if values is None else values[own[order]])
    bias = np.zeros(starts[-1]) if biases is None else biases
    network = SparseNetwork(
        tuple(weights),
        tuple(patterns),
        tuple(bias[a:b].copy() for a, b in pairwise(starts[1:])),
        tuple(parse_activation(name).name for name in activations),
        tuple(np.asarray(layer, dtype=np.int64) for layer in layers),
    )
    return with_layout(network, layout)


def first_values(pattern: Pattern, activation: str, init: str, seed: int, layer: int) -> Floats:
    """Return random weights by connection, (E,): in small layers those of a matrix with this mask."""
    rng, layer_init = generator(seed, Purpose.WEIGHTS, layer), parse_activation(activation).init if init == "auto" else init
    if pattern.shape[0] * pattern.shape[1] > MAX_MASK_ENTRIES:
        return initial_values(pattern, layer_init, rng)
    mask = pattern.mask()
    return initial_weights(mask, mask.shape, layer_init, rng)[pattern.rows, pattern.columns]


def _layers(sizes: Sequence[int] | None, nodes: Sequence[Any] | None) -> list[Ints]:
    if (sizes is None) == (nodes is None):
        raise ConfigurationError("from_edges needs sizes, the neurons in each layer, or nodes, their ids: one of the two")
    if nodes is not None:
        layers = [ids(layer) for layer in nodes]
    else:
        given = [] if sizes is None else list(sizes)
        check_sizes(given)
        layers = [np.arange(a, b) for a, b in pairwise(np.cumsum([0, *given]))]
    if len(layers) < 2 or not all(map(len, layers)):
        raise ConfigurationError("a network needs two layers or more, each with a node")
    return layers


def _positions(edges: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Return the positions of speakers and listeners among the nodes."""
    ranks = np.argsort(order, kind="stable")
    known = order[ranks]
    if (np.diff(known) == 0).any():
        raise StateError(f"node {known[np.flatnonzero(np.diff(known) == 0)[0]]} is given twice: node ids must be unique")
    places = np.minimum(np.searchsorted(known, edges), len(known) - 1)
    unknown = np.argwhere(known[places] != edges)
    if len(unknown):
        row = edges[unknown[0][0]]
        raise StateError(f"edge {row[0]} -> {row[1]}: node {edges[tuple(unknown[0])]} is in no layer")
    positions = ranks[places]
    return positions[:, 0], positions[:, 1]


def _entries(matrix: Any, count: int, weights: Any) -> tuple[Ints, Ints, Floats | None]:
    if weights is not None:
        raise ConfigurationError("weights must be left out with a matrix of scipy.sparse: its values are the weights")
    if matrix.shape != (count, count):
        raise StateError(
            f"the adjacency matrix must have shape ({count}, {count}), a row and a column for each node, got {matrix.shape}"
        )
    part = coordinates(matrix, "the adjacency matrix")
    values = None if part.dtype == np.bool_ else numbers(part.data, "the values of the matrix", part.nnz)
    return part.coords[0].astype(np.int64), part.coords[1].astype(np.int64), values

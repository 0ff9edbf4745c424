"""Edits of a network as pure functions: other connections, neurons or layers.

All work connection by connection. A network with matrices is converted before and after, so that both layouts draw the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    MAX_DENSE_ENTRIES,
    Bools,
    ConfigurationError,
    Floats,
    Ints,
    Network,
    Pattern,
    SparseNetwork,
    initial_values,
    parse_activation,
    to_dense,
    to_sparse,
)
from neuronet.interventions.connection_draws import leaving_connections, new_connections, new_speakers

Part = TypeVar("Part")

Pairs = Sequence[tuple[int, int]]
"""Listeners and their speakers, as indices within their layers."""


def _replaced(parts: tuple[Part, ...], first: int, *others: Part) -> tuple[Part, ...]:
    """Return the tuple with others in place of as many parts from an index on."""
    return (*parts[:first], *others, *parts[first + len(others) :])


def _changed(network: Network, sparse: SparseNetwork, **parts: tuple[Any, ...]) -> Network:
    """Return the sparse form of a network with other parts, in the network's own layout.

    Raises:
        ConfigurationError: An output would be disconnected from all inputs.
    """
    names = ("values", "patterns", "biases", "activations", "nodes")
    changed = SparseNetwork(**{name: parts.get(name, getattr(sparse, name)) for name in names})
    _check_reachable(changed)
    return changed if network.is_sparse else to_dense(changed, limited=False)


def _check_reachable(network: SparseNetwork) -> None:
    reached: Bools = np.ones(network.sizes[0], dtype=np.bool_)
    for pattern in network.patterns:
        reached = np.bincount(pattern.rows[reached[pattern.columns]], minlength=pattern.shape[0]) > 0
    if not reached.all():
        node = int(network.nodes[-1][~reached][0])
        raise ConfigurationError(f"removing these connections would disconnect output {node} from all inputs")


def _with_connections(
    network: Network, sparse: SparseNetwork, layer: int, kept: Bools, listeners: Ints, speakers: Ints
) -> Network:
    """Return the network with some of a layer's connections, (E,), and new ones with weights of 0."""
    old, values = sparse.patterns[layer - 1], sparse.values[layer - 1]
    rows, columns = np.concatenate((old.rows[kept], listeners)), np.concatenate((old.columns[kept], speakers))
    pattern, order = Pattern.of_edges(rows, columns, old.shape)
    weights = np.concatenate((values[kept], np.zeros(len(listeners))))[order]
    patterns, weights_by_layer = _replaced(sparse.patterns, layer - 1, pattern), _replaced(sparse.values, layer - 1, weights)
    return _changed(network, sparse, patterns=patterns, values=weights_by_layer)


def with_rewired_connections(
    network: Network,
    layer: int,
    listeners: NDArray[np.int64],
    fraction: float,
    weakest: bool,
    rng: np.random.Generator,
    dtype: str = "float64",
) -> Network:
    """Return the network in which listeners exchange connections for as many new ones with weights of 0.

    Args:
        network: Network before the change.
        layer: Layer of the listeners.
        listeners: Their indices.
        fraction: Fraction of each listener's connections (0 < fraction <= 1), at most as many as there are other speakers.
        weakest: Whether those with the smallest weights are removed, not random ones.
        rng: Selects the connections.
        dtype: Precision in which the weights were computed, "float64" or "float32".

    Raises:
        ConfigurationError: There is no other speaker to connect to.
    """
    sparse = to_sparse(network)
    pattern, values = sparse.patterns[layer - 1], sparse.values[layer - 1]
    degrees = pattern.in_degrees[listeners]
    counts = np.minimum(np.rint(fraction * degrees).astype(np.int64), pattern.speakers - degrees)
    if not counts.any():
        raise ConfigurationError(
            f"no connection of layer {layer} would move: it is fully connected, or the fraction is less than one connection"
        )
    sizes = np.abs(values) if weakest else None
    kept = np.ones(pattern.count, dtype=np.bool_)
    kept[leaving_connections(pattern, listeners, counts, sizes, rng, dtype)] = False
    return _with_connections(network, sparse, layer, kept, *new_speakers(pattern, listeners, counts, rng))


def with_pairs(network: Network, layer: int, pairs: Pairs, *, connected: bool) -> Network:
    """Return the network in which these pairs are connected, with weight 0, or disconnected.

    Raises:
        ConfigurationError: A pair does not exist, or is so already.
    """
    sparse, given = to_sparse(network), set[tuple[int, int]]()
    pattern = sparse.patterns[layer - 1]
    rows, columns = pattern.shape
    kept = np.ones(pattern.count, dtype=np.bool_)
    for listener, speaker in pairs:
        if not (0 <= listener < rows and 0 <= speaker < columns):
            raise ConfigurationError(
                f"layer {layer} has listeners 0 to {rows - 1} and speakers 0 to {columns - 1}, "
                f"but no pair ({listener}, {speaker})"
            )
        first, last = pattern.starts[listener], pattern.starts[listener + 1]
        place = first + np.searchsorted(pattern.columns[first:last], speaker)
        exists = bool(place < last and pattern.columns[place] == speaker)
        if (exists != ((listener, speaker) in given)) == connected:
            how = "already listens" if connected else "does not listen"
            raise ConfigurationError(f"neuron {listener} of layer {layer} {how} to neuron {speaker} of the layer before")
        given.add((listener, speaker))
        if not connected:
            kept[place] = False
    added = np.asarray(sorted(given) if connected else (), dtype=np.int64).reshape(-1, 2)
    return _with_connections(network, sparse, layer, kept, added[:, 0], added[:, 1])


def with_neurons(network: Network, layer: int, added: Ints, rng: np.random.Generator) -> Network:
    """Return the network with more neurons at the end of a hidden layer, with outgoing weights of 0.

    Incoming weights are drawn as for a fresh network. In a layer that is not fully connected, new connections have the density
    of the others, and each new neuron has at least one speaker and one listener.

    Args:
        network: Network before the change.
        layer: Number of the layer.
        added: Nodes of the new neurons.
        rng: Draws weights and connections.
    """
    sparse, count = to_sparse(network), len(added)
    below, above = sparse.patterns[layer - 1], sparse.patterns[layer]
    rows, speakers = new_connections(below, (count, below.speakers), rng)
    columns, listeners = new_connections(above, (count, above.shape[0]), rng)
    rows, columns = rows + below.shape[0], columns + below.shape[0]
    shapes = (below.shape[0] + count, below.speakers), (above.shape[0], below.shape[0] + count)
    heard, _ = Pattern.of_edges(np.append(below.rows, rows), np.append(below.columns, speakers), shapes[0])
    hearing, order = Pattern.of_edges(np.append(above.rows, listeners), np.append(above.columns, columns), shapes[1])
    init = parse_activation(sparse.activations[layer - 1]).init
    incoming = np.append(sparse.values[layer - 1], initial_values(heard, init, rng, first=below.count))
    outgoing = np.append(sparse.values[layer], np.zeros(len(listeners)))[order]
    return _changed(
        network,
        sparse,
        values=_replaced(sparse.values, layer - 1, incoming, outgoing),
        patterns=_replaced(sparse.patterns, layer - 1, heard, hearing),
        biases=_replaced(sparse.biases, layer - 1, np.append(sparse.biases[layer - 1], np.zeros(count))),
        nodes=_replaced(sparse.nodes, layer, np.append(sparse.nodes[layer], added)),
    )


def without_neurons(network: Network, layer: int, removed: NDArray[np.int64]) -> Network:
    """Return the network without some neurons of a hidden layer, and without their connections.

    Raises:
        ConfigurationError: No neuron would be left, or an output would be disconnected from all inputs.
    """
    if removed.size >= network.sizes[layer]:
        raise ConfigurationError(f"no neuron would be left in layer {layer}: remove the layer instead")
    sparse = to_sparse(network)
    below, above = sparse.patterns[layer - 1], sparse.patterns[layer]
    remains = np.ones(network.sizes[layer], dtype=np.bool_)
    remains[removed] = False
    places, left = np.cumsum(remains) - 1, int(remains.sum())
    incoming, outgoing = remains[below.rows], remains[above.columns]
    heard, _ = Pattern.of_edges(places[below.rows[incoming]], below.columns[incoming], (left, below.speakers))
    hearing, _ = Pattern.of_edges(above.rows[outgoing], places[above.columns[outgoing]], (above.shape[0], left))
    return _changed(
        network,
        sparse,
        values=_replaced(sparse.values, layer - 1, sparse.values[layer - 1][incoming], sparse.values[layer][outgoing]),
        patterns=_replaced(sparse.patterns, layer - 1, heard, hearing),
        biases=_replaced(sparse.biases, layer - 1, sparse.biases[layer - 1][remains]),
        nodes=_replaced(sparse.nodes, layer, sparse.nodes[layer][remains]),
    )


def with_layer(network: Network, after: int, activation: str, added: Ints) -> Network:
    """Return the network with a new layer of the same width after another: fully connected, identity weights, biases of 0.

    Raises:
        ConfigurationError: The network is sparse, and the layer would have too many connections.
    """
    sparse, width = to_sparse(network), len(added)
    if network.is_sparse and width**2 > MAX_DENSE_ENTRIES:
        raise ConfigurationError(
            f"a new layer after layer {after} would connect all of its {width} neurons with all of that layer, "
            f"{width**2:,} connections: a sparse network can have {MAX_DENSE_ENTRIES:,} of them there"
        )
    pattern, values = Pattern.full((width, width)), np.eye(width).ravel()
    return _changed(
        network,
        sparse,
        values=(*sparse.values[:after], values, *sparse.values[after:]),
        patterns=(*sparse.patterns[:after], pattern, *sparse.patterns[after:]),
        biases=(*sparse.biases[:after], np.zeros(width), *sparse.biases[after:]),
        activations=(*sparse.activations[:after], activation, *sparse.activations[after:]),
        nodes=(*sparse.nodes[: after + 1], added, *sparse.nodes[after + 1 :]),
    )


def without_layer(network: Network, layer: int) -> Network:
    """Return the network without a hidden layer, with the product of the weights on both sides of it.

    Raises:
        ConfigurationError: An output would be disconnected from all inputs.
    """
    sparse, index = to_sparse(network), layer - 1
    above, here = sparse.patterns[layer], sparse.patterns[index]
    pattern, values = _product(above, sparse.values[layer], here, sparse.values[index])
    through = sparse.values[layer] * sparse.biases[index][above.columns]
    bias = np.bincount(above.rows, weights=through, minlength=above.shape[0]) + sparse.biases[layer]

    def joined(parts: tuple[Part, ...], part: Part) -> tuple[Part, ...]:
        return (*parts[:index], part, *parts[index + 2 :])

    return _changed(
        network,
        sparse,
        values=joined(sparse.values, values),
        patterns=joined(sparse.patterns, pattern),
        biases=joined(sparse.biases, bias),
        activations=joined(sparse.activations, sparse.activations[layer]),
        nodes=(*sparse.nodes[:layer], *sparse.nodes[layer + 1 :]),
    )


def _product(above: Pattern, upper: Floats, here: Pattern, lower: Floats) -> tuple[Pattern, Floats]:
    """Return the connections of two layers in a row, and the product of their weights; cancelled weights stay connected."""
    if above.is_full and here.is_full:
        return Pattern.full((above.shape[0], here.speakers)), (upper.reshape(above.shape) @ lower.reshape(here.shape)).ravel()

    def entries(upper: NDArray[Any], lower: NDArray[Any]) -> tuple[Ints, NDArray[Any]]:
        """Return the places `listener * I + speaker` of the product, ascending, and its values."""
        from scipy.sparse import csr_array  # lists of plug-ins need none of it

        matrices = [
            csr_array((values, own.columns, own.starts), shape=own.shape) for own, values in ((above, upper), (here, lower))
        ]
        product = (matrices[0] @ matrices[1]).tocoo()
        places = product.coords[0].astype(np.int64) * here.speakers + product.coords[1]
        order = np.argsort(places)
        return places[order], product.data[order]

    connected, _ = entries(np.ones(above.count), np.ones(here.count))  # sums of ones are never 0, which scipy may leave out
    places, products = entries(upper, lower)
    values = np.zeros(len(connected))
    values[np.searchsorted(connected, places)] = products
    rows, columns = np.divmod(connected, here.speakers)
    return Pattern.of_edges(rows, columns, (above.shape[0], here.speakers))[0], values

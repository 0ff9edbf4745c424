"""Conversion between layered networkx graphs and the compact form, without loss."""

from __future__ import annotations

import math
from contextlib import suppress

import networkx as nx
import numpy as np

from neuronet.core.activation import parse_activation
from neuronet.core.errors import StateError
from neuronet.core.structure.edges import assemble, check_edges
from neuronet.core.structure.network import Floats, Ints, Network
from neuronet.core.structure.sparse_network import to_sparse

OTHER_NAMES = ("attention", "weights", "Weight", "w")
"""Names of an attribute of edges that mean a weight; weights would be initialised beside them without a word."""


def to_graph(network: Network) -> nx.DiGraph:
    """Return the network as a graph: nodes with `layer`, `bias` and `activation`, edges from speaker to listener with `weight`.

    Nodes have the order of the layers, so that `from_graph` returns the same network.
    """
    network, graph = to_sparse(network), nx.DiGraph()
    graph.add_nodes_from(network.nodes[0].tolist(), layer=0)
    for layer, (values, pattern) in enumerate(zip(network.values, network.patterns, strict=True), start=1):
        activation, listeners = network.activations[layer - 1], network.nodes[layer]
        for node, bias in zip(listeners.tolist(), network.biases[layer - 1].tolist(), strict=True):
            graph.add_node(node, layer=layer, bias=bias, activation=activation)
        speakers = network.nodes[layer - 1][pattern.columns]
        graph.add_weighted_edges_from(zip(speakers.tolist(), listeners[pattern.rows].tolist(), values.tolist(), strict=True))
    return graph


def from_graph(
    graph: nx.DiGraph,
    *,
    activation: str = "relu",
    output_activation: str = "identity",
    init: str = "auto",
    seed: int = 0,
    layout: str = "auto",
) -> Network:
    """Return the compact form of a layered graph.

    Args:
        graph: Integers as nodes, each with a `layer` from 0; edges go to the next layer. Edges may have a `weight` (all of them
            or none; without weights they are initialised), nodes may have `bias` (default 0) and `activation` (one for each
            layer).
        activation: Activation of hidden layers in which no node names one.
        output_activation: Activation of the output layer, if its nodes name none.
        init: Initialisation of the weights, if the edges have none.
        seed: Seed of the initialisation.
        layout: "dense", "sparse", or "auto" for the faster of them.

    Raises:
        StateError: The graph is not a layered network; the message names the node or edge.
    """
    layers = _layers(graph)
    order = np.asarray([node for layer in layers for node in layer], dtype=np.int64)
    places = {node: place for place, node in enumerate(order.tolist())}
    edges = np.fromiter((places[node] for edge in graph.edges for node in edge), np.int64, 2 * graph.number_of_edges())
    speakers, listeners = edges[::2], edges[1::2]
    sizes = [len(layer) for layer in layers]
    _check_cycles(graph, np.repeat(np.arange(len(layers)), sizes), speakers, listeners)
    check_edges(order, sizes, speakers, listeners, None)
    weights = _weights(graph)
    biases = np.asarray([0.0] * sizes[0] + [_bias(graph, node) for layer in layers[1:] for node in layer])
    defaults = [activation] * (len(layers) - 2) + [output_activation]
    names = [_activation_of(graph, layers[number], number, name) for number, name in enumerate(defaults, start=1)]
    ids = np.split(order, np.cumsum(sizes)[:-1])
    return assemble(ids, speakers, listeners, weights, biases, names, init=init, seed=seed, layout=layout)


def _layers(graph: nx.DiGraph) -> list[list[int]]:
    if isinstance(graph, nx.Graph) and not graph.is_directed():
        raise StateError(
            f"a network must be a networkx.DiGraph, got {type(graph).__name__}: give each node a 'layer' from 0, take "
            "graph.to_directed() and remove the edges that do not go to the next layer"
        )
    if not isinstance(graph, nx.DiGraph) or graph.is_multigraph():
        raise StateError(f"a network must be a networkx.DiGraph, got {type(graph).__name__}")
    members: dict[int, list[int]] = {}
    for node, data in graph.nodes(data=True):
        if isinstance(node, bool) or not isinstance(node, (int, np.integer)):
            raise StateError(f"node {node!r} is not an integer: relabel with networkx.convert_node_labels_to_integers")
        if abs(int(node)) >= 2**63:
            raise StateError(f"node {node} is too large: relabel with networkx.convert_node_labels_to_integers")
        layer = data.get("layer")
        if isinstance(layer, bool) or not isinstance(layer, (int, np.integer)) or layer < 0:
            raise StateError(f"node {node} needs a 'layer' attribute, an integer from 0, got {layer!r}")
        members.setdefault(int(layer), []).append(int(node))
    depth = max(members, default=-1) + 1
    if depth < 2:
        raise StateError(f"a network needs two layers or more, the graph has {depth}")
    for layer in range(depth):
        if layer not in members:
            raise StateError(f"layer {layer} is empty, but layer {depth - 1} is not")
    return [members[layer] for layer in range(depth)]


def _check_cycles(graph: nx.DiGraph, layer_of: Ints, speakers: Ints, listeners: Ints) -> None:
    """Refuse a cycle, which contains an edge that does not go to the next layer."""
    if (layer_of[listeners] == layer_of[speakers] + 1).all():
        return
    with suppress(nx.NetworkXNoCycle):
        edges = nx.find_cycle(graph)
        path = " -> ".join(str(edge[0]) for edge in edges) + f" -> {edges[-1][1]}"
        raise StateError(f"the graph has a cycle, {path}: messages must go from layer to layer")


def _weights(graph: nx.DiGraph) -> Floats | None:
    """Return the weight of each edge, (E,); None if no edge has one."""
    given = [weight for _, _, weight in graph.edges(data="weight")]
    if all(weight is None for weight in given):
        for speaker, listener, data in graph.edges(data=True):
            other = next((name for name in OTHER_NAMES if name in data), None)
            if other is not None:
                raise StateError(
                    f"edge {speaker} -> {listener} has '{other}', but no 'weight': the attribute must be called 'weight'"
                )
        return None if given else np.zeros(0)
    for (speaker, listener), weight in zip(graph.edges, given, strict=True):
        if weight is None:
            raise StateError(f"edge {speaker} -> {listener} has no 'weight', but other edges have one")
    if set(map(type, given)) == {float} and np.isfinite(array := np.asarray(given)).all():
        return array
    named = zip(graph.edges, given, strict=True)
    return np.asarray([_finite(weight, f"edge {speaker} -> {listener}: weight") for (speaker, listener), weight in named])


def _bias(graph: nx.DiGraph, node: int) -> float:
    return _finite(graph.nodes[node].get("bias", 0.0), f"node {node}: bias")


def _finite(value: object, what: str) -> float:
    number = math.nan
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise StateError(f"{what} must be a finite number, got {value!r}")
    return number


def _activation_of(graph: nx.DiGraph, nodes: list[int], layer: int, default: str) -> str:
    names = set()
    for node in nodes:
        name = graph.nodes[node].get("activation", default)
        if not isinstance(name, str):
            raise StateError(f"node {node}: activation must be a name, got {name!r}")
        names.add(name)
    if len(names) > 1:
        raise StateError(f"layer {layer} must have one activation, got {', '.join(sorted(names))}")
    return parse_activation(names.pop()).name

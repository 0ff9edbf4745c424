"""Conversion between layered networkx graphs and the compact form, without loss."""

from __future__ import annotations

import math
from contextlib import suppress

import networkx as nx
import numpy as np

from neuronet.core.activation import parse_activation
from neuronet.core.errors import StateError
from neuronet.core.random_streams import Purpose, check_seed, generator
from neuronet.core.structure.network import Bools, Floats, Network, initial_weights


def to_graph(network: Network) -> nx.DiGraph:
    """Return the network as a graph: nodes with `layer`, `bias` and `activation`, edges from speaker to listener with `weight`.

    Nodes have the order of the layers, so that `from_graph` returns the same network.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(network.nodes[0].tolist(), layer=0)
    for layer, weights in enumerate(network.weights, start=1):
        speakers, listeners = network.nodes[layer - 1].tolist(), network.nodes[layer].tolist()
        activation, mask = network.activations[layer - 1], network.masks[layer - 1]
        for node, bias in zip(listeners, network.biases[layer - 1].tolist(), strict=True):
            graph.add_node(node, layer=layer, bias=bias, activation=activation)
        connected = np.argwhere(np.ones(weights.shape, dtype=bool) if mask is None else mask).tolist()
        graph.add_weighted_edges_from((speakers[i], listeners[j], float(weights[j, i])) for j, i in connected)
    return graph


def from_graph(
    graph: nx.DiGraph,
    *,
    activation: str = "relu",
    output_activation: str = "identity",
    init: str = "auto",
    seed: int = 0,
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

    Raises:
        StateError: The graph is not a layered network; the message names the node or edge.
    """
    check_seed(seed)
    layers = _layers(graph)
    _check_edges(graph)
    _check_reachable(graph, layers)
    weighted = _weighted(graph)
    weights, biases, masks, activations = [], [], [], []
    for layer in range(1, len(layers)):
        last = layer == len(layers) - 1
        name = _activation_of(graph, layers[layer], layer, output_activation if last else activation)
        mask, given = _matrices(graph, layers[layer], layers[layer - 1])
        rng = generator(seed, Purpose.WEIGHTS, layer)
        layer_init = parse_activation(name).init if init == "auto" else init
        weights.append(given if weighted else initial_weights(mask, mask.shape, layer_init, rng))
        biases.append(np.asarray([_bias(graph, node) for node in layers[layer]]))
        masks.append(None if mask.all() else mask)
        activations.append(name)
    nodes = tuple(np.asarray(layer, dtype=np.int64) for layer in layers)
    return Network(tuple(weights), tuple(biases), tuple(masks), tuple(activations), nodes)


def _layers(graph: nx.DiGraph) -> list[list[int]]:
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


def _check_edges(graph: nx.DiGraph) -> None:
    if not nx.is_directed_acyclic_graph(graph):
        edges = nx.find_cycle(graph)
        path = " -> ".join(str(edge[0]) for edge in edges) + f" -> {edges[-1][1]}"
        raise StateError(f"the graph has a cycle, {path}: messages must go from layer to layer")
    for speaker, listener in graph.edges:
        before, after = graph.nodes[speaker]["layer"], graph.nodes[listener]["layer"]
        if after != before + 1:
            raise StateError(
                f"edge {speaker} -> {listener} goes from layer {before} to layer {after}: edges must go to the next layer"
            )


def _check_reachable(graph: nx.DiGraph, layers: list[list[int]]) -> None:
    reached = set(layers[0])
    for layer in layers[1:]:
        reached = {node for node in layer if any(speaker in reached for speaker in graph.predecessors(node))}
    for node in layers[-1]:
        if node not in reached:
            raise StateError(f"output {node} is not connected to any input: give it speakers")


def _weighted(graph: nx.DiGraph) -> bool:
    missing = [(u, v) for u, v, weight in graph.edges(data="weight") if weight is None]
    if missing and len(missing) < graph.number_of_edges():
        raise StateError(f"edge {missing[0][0]} -> {missing[0][1]} has no 'weight', but other edges have one")
    return not missing


def _matrices(graph: nx.DiGraph, listeners: list[int], speakers: list[int]) -> tuple[Bools, Floats]:
    columns = {node: i for i, node in enumerate(speakers)}
    mask = np.zeros((len(listeners), len(speakers)), dtype=np.bool_)
    weights = np.zeros(mask.shape)
    for j, listener in enumerate(listeners):
        for speaker, _, weight in graph.in_edges(listener, data="weight", default=0.0):
            mask[j, columns[speaker]] = True
            weights[j, columns[speaker]] = _finite(weight, f"edge {speaker} -> {listener}: weight")
    return mask, weights


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

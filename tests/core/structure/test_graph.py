from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.graph import from_graph, to_graph
from neuronet.core.structure.network import Network
from neuronet.registry import build_network

some = settings(max_examples=30, deadline=None)
numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 5e-324, -1.7e308])


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any network whose outputs can be reached: node ids, masks, weights, biases and activations are arbitrary."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    count = sum(sizes)
    ids = draw(st.lists(st.integers(-(2**62), 2**62), min_size=count, max_size=count, unique=True))
    ends = np.cumsum([0, *sizes])
    weights, masks, biases = [], [], []
    for speakers, listeners in pairwise(sizes):
        size = speakers * listeners
        mask = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size))).reshape(listeners, speakers)
        mask[np.arange(listeners), draw(st.integers(0, speakers - 1))] = True  # each listener has a speaker
        values = np.array(draw(st.lists(numbers, min_size=size, max_size=size))).reshape(listeners, speakers)
        weights.append(np.where(mask, values, 0.0))
        masks.append(None if mask.all() else mask)
        biases.append(np.array(draw(st.lists(numbers, min_size=listeners, max_size=listeners))))
    activations = draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=len(masks), max_size=len(masks)))
    nodes = tuple(np.array(ids[a:b], dtype=np.int64) for a, b in pairwise(ends))
    return Network(tuple(weights), tuple(biases), tuple(masks), tuple(activations), nodes)


def check_same(one: Network, other: Network) -> None:
    assert one.activations == other.activations
    for name in ("weights", "biases", "nodes"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
            if name != "weights":
                assert (np.signbit(a) == np.signbit(b)).all()
    for a, b, ours, theirs in zip(one.masks, other.masks, one.weights, other.weights, strict=True):
        assert (a is None) == (b is None)
        assert a is None or np.array_equal(a, b)
        same_sign = np.signbit(ours) == np.signbit(theirs)  # of a zero without a connection, the sign says nothing
        assert same_sign.all() if a is None else same_sign[a].all()


@some
@given(networks())
def test_conversion_to_a_graph_and_back_is_lossless(network):
    check_same(from_graph(to_graph(network)), network)


@some
@given(networks(), st.sampled_from(sorted(ACTIVATIONS)), st.integers(0, 100))
def test_graph_attributes_take_precedence_over_arguments(network, activation, seed):
    again = from_graph(to_graph(network), activation=activation, output_activation=activation, init="zeros", seed=seed)
    check_same(again, network)


@some
@given(networks())
def test_graph_has_the_weights_of_the_network(network):
    graph = to_graph(network)
    assert isinstance(graph, nx.DiGraph)
    assert graph.number_of_nodes() == sum(network.sizes)
    assert graph.number_of_edges() == network.connections
    for layer, ids in enumerate(network.nodes):
        for place, node in enumerate(ids.tolist()):
            assert graph.nodes[node]["layer"] == layer
            if layer:
                assert graph.nodes[node]["bias"] == network.biases[layer - 1][place]
                assert graph.nodes[node]["activation"] == network.activations[layer - 1]
    for speaker, listener, weight in graph.edges(data="weight"):
        layer = graph.nodes[listener]["layer"]
        row = network.nodes[layer].tolist().index(listener)
        column = network.nodes[layer - 1].tolist().index(speaker)
        assert weight == network.weights[layer - 1][row, column]


@some
@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_matter(network, random):
    graph = to_graph(network)
    shuffled = nx.DiGraph()
    shuffled.add_nodes_from(graph.nodes(data=True))
    edges = list(graph.edges(data=True))
    random.shuffle(edges)
    shuffled.add_edges_from(edges)
    check_same(from_graph(shuffled), network)


def test_full_mask_is_read_as_none():
    dense = build_network([3, 2])
    full = Network(dense.weights, dense.biases, (np.ones((2, 3), dtype=bool),), dense.activations, dense.nodes)
    check_same(from_graph(to_graph(full)), dense)


def layered(*layers: list[int], edges: list[tuple[int, int]]) -> nx.DiGraph:
    """A graph of one's own, without weights."""
    graph = nx.DiGraph()
    for number, nodes in enumerate(layers):
        graph.add_nodes_from(nodes, layer=number)
    graph.add_edges_from(edges)
    return graph


def small() -> nx.DiGraph:
    """Inputs 1, 2; hidden 10, 11; output 20."""
    return layered([1, 2], [10, 11], [20], edges=[(1, 10), (2, 10), (2, 11), (10, 20), (11, 20)])


def test_graph_without_weights_is_initialised_by_its_connections():
    network = from_graph(small(), seed=4)
    assert network.sizes == (2, 2, 1)
    assert [ids.tolist() for ids in network.nodes] == [[1, 2], [10, 11], [20]]
    np.testing.assert_array_equal(network.masks[0], [[True, True], [False, True]])
    assert network.masks[1] is None
    np.testing.assert_array_equal(network.weights[0] != 0, network.masks[0])
    assert network.activations == ("relu", "identity")
    assert not any(bias.any() for bias in network.biases)
    check_same(from_graph(small(), seed=4), network)
    assert not np.array_equal(from_graph(small(), seed=5).weights[0], network.weights[0])


def test_graph_without_weights_is_initialised_like_a_built_network():
    built = build_network([6, 5, 3], connectivity="sparse(0.6)", activation="tanh", output_activation="sigmoid", seed=8)
    graph = to_graph(built)
    for _, _, data in graph.edges(data=True):
        del data["weight"]
    for node in graph.nodes:
        graph.nodes[node].pop("activation", None)
    check_same(from_graph(graph, activation="tanh", output_activation="sigmoid", seed=8), built)


def test_the_initialisation_can_be_chosen():
    assert not any(weights.any() for weights in from_graph(small(), init="zeros").weights)


def test_numpy_integers_are_valid_layers():
    graph = nx.DiGraph()
    graph.add_node(np.int64(1), layer=np.int32(0))
    graph.add_node(np.int64(2), layer=np.int32(1), bias=np.float32(0.5))
    graph.add_edge(np.int64(1), np.int64(2), weight=np.float64(2.0))
    network = from_graph(graph)
    assert (network.weights[0].item(), network.biases[0].item()) == (2.0, 0.5)


def test_hidden_neuron_without_speakers_is_valid():
    graph = small()
    graph.remove_edge(2, 11)
    np.testing.assert_array_equal(from_graph(graph).masks[0], [[True, True], [False, False]])


def changed(change) -> nx.DiGraph:
    graph = small()
    change(graph)
    return graph


def with_weights(graph: nx.DiGraph, **odd) -> None:
    nx.set_edge_attributes(graph, 0.5, "weight")
    graph.edges[2, 10].update(odd)


WRONG = {
    "skips a layer": (
        changed(lambda graph: graph.add_edge(1, 20)),
        "edge 1 -> 20 goes from layer 0 to layer 2: edges must go to the next layer",
    ),
    "within a layer": (
        changed(lambda graph: graph.add_edge(10, 11)),
        "edge 10 -> 11 goes from layer 1 to layer 1: edges must go to the next layer",
    ),
    "backwards": (
        layered([1, 2], [10], [20], edges=[(1, 10), (10, 20), (10, 2)]),
        "edge 10 -> 2 goes from layer 1 to layer 0: edges must go to the next layer",
    ),
    "cycle": (changed(lambda graph: graph.add_edge(20, 1)), "the graph has a cycle, .*1 -> 10 -> 20"),
    "self-loop": (changed(lambda graph: graph.add_edge(10, 10)), "the graph has a cycle, 10 -> 10: messages must go"),
    "word as node": (
        nx.relabel_nodes(small(), {10: "ten"}),
        "node 'ten' is not an integer",
    ),
    "node beyond 64 bits": (nx.relabel_nodes(small(), {10: 2**63}), "node 9223372036854775808 is too large"),
    "truth as node": (layered([False], [True], edges=[(False, True)]), "node False is not an integer"),
    "fraction as node": (nx.relabel_nodes(small(), {10: 1.5}), "node 1.5 is not an integer"),
    "no layer": (changed(lambda graph: graph.add_node(30)), "node 30 needs a 'layer' attribute, .* got None"),
    "layer is a word": (changed(lambda graph: graph.add_node(30, layer="1")), "node 30 needs a 'layer' attribute, .* got '1'"),
    "layer is negative": (changed(lambda graph: graph.add_node(30, layer=-1)), "node 30 needs a 'layer' attribute, .* got -1"),
    "layer is a fraction": (
        changed(lambda graph: graph.add_node(30, layer=1.0)),
        "node 30 needs a 'layer' attribute, .* got 1.0",
    ),
    "layer is a truth": (changed(lambda graph: graph.add_node(30, layer=True)), "node 30 needs a 'layer' attribute, .* got True"),
    "empty layer": (changed(lambda graph: graph.add_node(30, layer=4)), "layer 3 is empty"),
    "no inputs": (layered([], [10], [20], edges=[(10, 20)]), "layer 0 is empty"),
    "no nodes": (nx.DiGraph(), "a network needs two layers or more, the graph has 0"),
    "one layer": (layered([1, 2], edges=[]), "a network needs two layers or more, the graph has 1"),
    "unreachable output": (changed(lambda graph: graph.add_node(21, layer=2)), "output 21 is not connected"),
    "output reached from nowhere": (
        changed(lambda graph: graph.remove_edges_from([(1, 10), (2, 10), (2, 11)])),
        "output 20 is not connected",
    ),
    "some weights": (
        changed(lambda graph: graph.edges[1, 10].update(weight=1.0)),
        "edge 2 -> 10 has no 'weight'",
    ),
    "weight by another name": (
        changed(lambda graph: graph.edges[2, 10].update(attention=0.5)),
        "edge 2 -> 10 has 'attention', but no 'weight'",
    ),
    "weight is NaN": (
        changed(lambda graph: with_weights(graph, weight=float("nan"))),
        "edge 2 -> 10: weight must be a finite number, got nan",
    ),
    "weight is infinite": (
        changed(lambda graph: with_weights(graph, weight=-np.inf)),
        "edge 2 -> 10: weight must be a finite number, got -inf",
    ),
    "weight is a word": (
        changed(lambda graph: with_weights(graph, weight="0.5")),
        "edge 2 -> 10: weight must be a finite number, got '0.5'",
    ),
    "weight is a truth": (
        changed(lambda graph: with_weights(graph, weight=True)),
        "edge 2 -> 10: weight must be a finite number, got True",
    ),
    "weight is complex": (
        changed(lambda graph: with_weights(graph, weight=np.complex128(1))),
        "edge 2 -> 10: weight must be a finite number",
    ),
    "weight is too large": (
        changed(lambda graph: with_weights(graph, weight=10**400)),
        "edge 2 -> 10: weight must be a finite number",
    ),
    "activation is nothing": (
        changed(lambda graph: graph.nodes[10].update(activation=None)),
        "node 10: activation must be a name, got None",
    ),
    "activation is a list": (
        changed(lambda graph: graph.nodes[20].update(activation=["relu"])),
        r"node 20: activation must be a name, got \['relu'\]",
    ),
    "bias is NaN": (
        changed(lambda graph: graph.nodes[11].update(bias=float("nan"))),
        "node 11: bias must be a finite number, got nan",
    ),
    "bias is nothing": (
        changed(lambda graph: graph.nodes[11].update(bias=None)),
        "node 11: bias must be a finite number, got None",
    ),
    "mixed activations": (
        changed(lambda graph: graph.nodes[10].update(activation="tanh")),
        "layer 1 must have one activation, got relu, tanh",
    ),
    "unknown activation": (
        changed(lambda graph: graph.nodes[20].update(activation="softmax")),
        "unknown activation 'softmax'",
    ),
    "undirected": (small().to_undirected(), "a network must be a networkx.DiGraph, got Graph"),
    "several edges": (nx.MultiDiGraph(small()), "a network must be a networkx.DiGraph, got MultiDiGraph"),
    "no graph": ({1: [2]}, "a network must be a networkx.DiGraph, got dict"),
}


@pytest.mark.parametrize(("graph", "message"), WRONG.values(), ids=WRONG)
def test_invalid_graph_raises(graph, message):
    with pytest.raises(NeuroNetError, match=message) as caught:
        from_graph(graph)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"seed": -1}, "seed must be an integer"),
        ({"activation": "rleu"}, "unknown activation 'rleu'"),
        ({"output_activation": "softmax"}, "unknown activation 'softmax'"),
        ({"init": "ones"}, "unknown init 'ones'"),
    ],
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(NeuroNetError, match=message):
        from_graph(small(), **option)


def test_the_graph_is_not_changed():
    graph = small()
    before = nx.DiGraph(graph)
    from_graph(graph)
    assert nx.utils.graphs_equal(graph, before)

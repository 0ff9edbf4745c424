"""Networks from arrays of edges and sparse matrices: kept whole, or refused in one sentence."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet import from_edges, from_graph, from_matrices, to_graph
from neuronet.core import ConfigurationError, NeuroNetError, Pattern, SparseNetwork, StateError, to_sparse
from neuronet.registry import build_network
from tests.core.structure.test_graph import check_same, networks

some = settings(max_examples=40, deadline=None)
SIZES = (3, 2, 2)
EDGES = [(0, 3), (1, 3), (2, 4), (3, 5), (4, 5), (4, 6)]


@some
@given(networks(), st.randoms(use_true_random=False), st.sampled_from(["dense", "sparse"]))
def test_edges_give_the_network_that_the_graph_gives(network, random, layout):
    network = type(network)(network.weights, network.biases, network.masks, ("tanh",) * len(network.biases), network.nodes)
    edges = [*to_graph(network).edges(data="weight")]
    random.shuffle(edges)
    biases = np.concatenate((np.zeros(network.sizes[0]), *network.biases))
    built = from_edges(
        [edge[:2] for edge in edges],
        nodes=network.nodes,
        weights=[edge[2] for edge in edges],
        biases=biases,
        activation="tanh",
        output_activation="tanh",
        layout=layout,
    )
    assert built.is_sparse == (layout == "sparse")
    check_same(built, network)


@some
@given(networks())
def test_matrices_give_their_network(network):
    sparse = to_sparse(network)
    matrices = [
        sp.csr_array((values, pattern.columns, pattern.starts), shape=pattern.shape)
        for values, pattern in zip(sparse.values, sparse.patterns, strict=True)
    ]
    built = from_matrices(matrices, biases=network.biases, layout="sparse")
    for ours, theirs in zip(built.arrays, sparse.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_adjacency_matrix_of_networkx_gives_the_same_network():
    network = build_network((5, 4, 3), connectivity="sparse(0.5)", seed=2)
    matrix = nx.to_scipy_sparse_array(to_graph(network))
    check_same(from_edges(matrix, network.sizes), network)


def test_boolean_matrix_gives_random_weights_as_edges_do():
    network = build_network((5, 4, 3), connectivity="sparse(0.5)", seed=2)
    graph = to_graph(network)
    built = from_edges(nx.to_scipy_sparse_array(graph).astype(bool), network.sizes, seed=2)
    check_same(built, network)
    check_same(from_edges(list(graph.edges), network.sizes, seed=2), network)


def test_neurons_without_neighbours_are_kept():
    network = from_edges([(0, 3), (3, 6)], (3, 3, 1), layout="sparse")
    assert network.sizes == (3, 3, 1)
    assert network.connections == 2
    assert network.patterns[0].in_degrees.tolist() == [1, 0, 0]


def test_largest_ids_are_kept():
    nodes = [[-(2**63), 2**63 - 1], [0]]
    network = from_edges(np.asarray([[2**63 - 1, 0], [-(2**63), 0]]), nodes=nodes, weights=[1.0, 2.0], layout="sparse")
    assert network.nodes[0].tolist() == nodes[0]
    np.testing.assert_array_equal(network.weights[0], [[2.0, 1.0]])


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([*EDGES, (0, 3)], "0 -> 3 is given 2 times"),
        ([*EDGES, (4, 4)], "4 -> 4 .* self-loop"),
        ([*EDGES, (0, 5)], "0 -> 5 goes from layer 0 to layer 2"),
        ([*EDGES, (5, 3)], "5 -> 3 goes from layer 2 to layer 1"),
        ([*EDGES, (1, 7)], "1 -> 7: node 7 is in no layer"),
        ([*EDGES, (-1, 3)], "-1 -> 3: node -1 is in no layer"),
        ([(a + 0.5, b) for a, b in EDGES], "edges must be integers"),
        (EDGES[:-1], "output 6 is not connected"),
        ([], "output 5 is not connected"),
        ([(2**70, 1)], "edges must be integers"),
        (np.asarray([[2**64 - 1, 3]], dtype=np.uint64), "18446744073709551615 is too large"),
        ([(1, 2, 3)], "edges must be integers"),
        ([(1,), (2, 3)], "edges must be integers"),
        ("edges", "edges must be integers"),
        (np.ones((2, 2), dtype=bool), "edges must be integers"),
    ],
)
def test_wrong_edges_are_refused_in_one_sentence(edges, message):
    with pytest.raises(StateError, match=message):
        from_edges(edges, SIZES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [1.0] * 5}, "weights must be 6"),
        ({"weights": [1.0] * 5 + [np.nan]}, "4 -> 6: weight must be a finite number"),
        ({"weights": ["a"] * 6}, "weights must be 6 real numbers"),
        ({"biases": [0.0]}, "biases must be 7"),
        ({"biases": [np.inf] * 7}, "not finite"),
        ({"nodes": [[0, 1]]}, "sizes, the neurons in each layer, or nodes"),
        ({"activation": "lazy"}, "lazy"),
        ({"init": "lazy"}, "lazy"),
        ({"seed": -1}, "seed"),
        ({"layout": "ragged"}, "layout"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(options, message):
    with pytest.raises(NeuroNetError, match=message):
        from_edges(EDGES, SIZES, **options)


@pytest.mark.parametrize("sizes", [None, (3,), (3, 0, 2), (3, 2.0), (True, 2)])
def test_wrong_sizes_are_refused(sizes):
    with pytest.raises(ConfigurationError, match=r"sizes|layers"):
        from_edges(EDGES, sizes)


@pytest.mark.parametrize("nodes", [[[0, 1], [1]], [[0.5], [1]], [["a"], [1]], [[[0]], [1]], [[], [1]], [[2**64], [1]]])
def test_wrong_nodes_are_refused(nodes):
    with pytest.raises(NeuroNetError, match=r"node|layers"):
        from_edges([(0, 1)], nodes=nodes)


def test_wrong_matrices_are_refused():
    one, other = sp.csr_array(np.ones((2, 3))), sp.csr_array(np.ones((2, 3)))
    with pytest.raises(StateError, match="matrix 2 must have 2 columns"):
        from_matrices([one, other])
    with pytest.raises(StateError, match="ndarray"):
        from_matrices([np.ones((2, 3))])
    with pytest.raises(StateError, match="nothing"):
        from_matrices([])
    with pytest.raises(StateError, match="given 2 times"):
        from_matrices([sp.coo_array(([1.0, 1.0], ([0, 0], [0, 0])), shape=(1, 1))])
    with pytest.raises(StateError, match="finite"):
        from_matrices([sp.csr_array([[np.nan]])])
    with pytest.raises(StateError, match="real numbers"):
        from_matrices([sp.csr_array([[1j]])])
    with pytest.raises(StateError, match="biases must be one array"):
        from_matrices([one], biases=[])
    with pytest.raises(StateError, match=r"shape \(7, 7\)"):
        from_edges(one, SIZES)
    with pytest.raises(ConfigurationError, match="weights"):
        from_edges(sp.csr_array((7, 7)), SIZES, weights=[])


@some
@given(
    st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 9)) | st.tuples(st.integers(0, 2), st.integers(3, 4)), max_size=12),
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
)
def test_any_edges_are_kept_whole_or_refused(edges, sizes):
    try:
        network = from_edges(edges, sizes, layout="sparse")
    except NeuroNetError as error:
        assert "\n" not in str(error)
        return
    assert network.connections == len(edges)
    assert set(to_graph(network).edges) == set(edges)


@some
@given(networks(), st.integers(0, 5))
def test_layout_does_not_change_a_graph(network, seed):
    graph = to_graph(network)
    for _, _, data in graph.edges(data=True):
        del data["weight"]
    check_same(from_graph(graph, seed=seed, layout="sparse"), from_graph(graph, seed=seed, layout="dense"))


@pytest.mark.parametrize(
    ("starts", "columns", "message"),
    [
        ([0, 2], [1, 1], "rise within each row"),
        ([0, 2], [1, 0], "rise within each row"),
        ([0, 1], [3], "from 0 to 2"),
        ([0, 2, 1], [0], "rise from 0"),
        ([1, 1], [0], "rise from 0"),
        ([], [], "rise from 0"),
        ([0.0, 1.0], [0], "integer arrays"),
    ],
)
def test_wrong_patterns_are_refused(starts, columns, message):
    kind = np.int64 if all(isinstance(start, int) for start in starts) else np.float64
    with pytest.raises(StateError, match=message):
        Pattern(3, np.asarray(starts, dtype=kind), np.asarray(columns, dtype=np.int32))


def test_large_layers_have_no_matrix():
    network = build_network((5000, 5000, 2), connectivity="fixed-in-degree(3)")
    assert isinstance(network, SparseNetwork)
    assert network.connections == 15006
    with pytest.raises(StateError, match="5000 x 5000"):
        _ = network.weights
    with pytest.raises(StateError, match="5000 x 5000"):
        build_network((5000, 5000, 2), connectivity="fixed-in-degree(3)", layout="dense")


def test_wrong_sparse_network_is_refused():
    network = to_sparse(build_network((4, 3, 2), connectivity="sparse(0.5)"))
    parts = (network.patterns, network.biases, network.activations, network.nodes)
    with pytest.raises(StateError, match="layer 1 must have"):
        SparseNetwork((network.values[0][1:], network.values[1]), *parts)
    with pytest.raises(StateError, match="not finite"):
        SparseNetwork((network.values[0] * np.nan, network.values[1]), *parts)
    with pytest.raises(StateError, match="for each layer"):
        SparseNetwork(network.values[:1], *parts)


MATRIX = np.array([[1.0, 0, 2], [0, 3, 0]])
FORMATS = [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.lil_matrix, sp.dok_matrix, sp.bsr_matrix, sp.dia_matrix]


def changed(**arrays):
    matrix = sp.csr_matrix(MATRIX)
    for name, array in arrays.items():
        setattr(matrix, name, np.asarray(array, dtype=np.int32))
    return matrix


FOREIGN = {
    "an index beyond the columns": (changed(indices=[7, 2, 1]), "matrix 1 must store entries within its shape"),
    "a negative index": (changed(indices=[-1, 2, 1]), "matrix 1 must store entries within its shape"),
    "row pointers that fall": (changed(indptr=[0, 5, 3]), "matrix 1 must have row pointers that rise from 0 to its 3 indices"),
    "row pointers beyond the end": (changed(indptr=[0, 2, 9]), "matrix 1 must have row pointers"),
    "integers above 2^53": (sp.csr_matrix(np.array([[2**53 + 1]])), "matrix 1 must be exact in double precision"),
    "no rows": (sp.csr_matrix((0, 3)), r"sizes must be two or more integers of 1 or more, got \[3, 0\]"),
    "no columns": (sp.csr_matrix((3, 0)), r"sizes must be two or more integers of 1 or more, got \[0, 3\]"),
    "more columns than neurons": (sp.csr_matrix((2, 2**40)), "a network must have at most 2147483648 neurons"),
}


@pytest.mark.parametrize(("matrix", "message"), FOREIGN.values(), ids=FOREIGN)
def test_matrix_that_contradicts_itself_is_refused(matrix, message):
    with pytest.raises(NeuroNetError, match=message):
        from_matrices([matrix])


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_network(kind):
    (found,) = from_matrices([kind(MATRIX)]).weights
    assert (found == MATRIX).all()


def test_one_matrix_is_a_network_of_two_layers():
    assert from_matrices(sp.csr_matrix(MATRIX)).sizes == (3, 2)
    with pytest.raises(StateError, match="got None"):
        from_matrices(None)


@pytest.mark.parametrize(
    ("edges", "sizes", "message"),
    [
        (np.ma.array([[0, 2]], mask=[[False, True]]), [2, 1], "edges must have no masked values"),
        ([(0, 2)], [2**62, 1], "a network must have at most 2147483648 neurons"),
        ([(0, 2)], np.array([2, 0]), "sizes must be two or more integers of 1 or more"),
    ],
)
def test_foreign_edges_are_refused(edges, sizes, message):
    with pytest.raises(NeuroNetError, match=message):
        from_edges(edges, sizes)


def test_sizes_may_be_an_array():
    assert from_edges([(0, 2), (1, 2)], np.array([2, 1])).sizes == (2, 1)

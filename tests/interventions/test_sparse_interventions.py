"""Interventions on sparse networks: by connection alone, with the draws and the numbers of the dense layout and of the agents."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from neuronet.core import NeuroNetError, Pattern, SparseNetwork, distinct_ranks, from_edges, to_dense, to_sparse
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.policy_traits import shared_memory_names
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, sparse_memory, to_dense_state, to_sparse_state, transfer_state
from neuronet.engines.tensors import TensorEngine
from neuronet.interventions import Rewire, apply_intervention, parse_intervention
from neuronet.interventions.network_edits import without_layer
from neuronet.interventions.ranking import extreme_indices, lowest_of_rows
from tests.helpers import toys
from tests.helpers.engine_fixtures import max_difference
from tests.interventions.fixtures import game, play
from tests.interventions.test_every_intervention import EXAMPLES, PREPARED

OWN_MEMORY = [policy for policy in (*toys.SHIPPED, *toys.TOYS) if not shared_memory_names(policy)]

SPECS = [
    "lesion(layer=1, share=0.4)",
    'lesion(layer=2, share=0.5, select="most")',
    "lesion(layer=0, neurons=[0])",
    "revive()",
    "freeze(layer=2, share=0.5)",
    "thaw()",
    "noise(sigma=0.2)",
    'switch(policy="random-feedback", layer=1, share=0.5)',
    "rewire(fraction=0.5)",
    'rewire(layer=2, fraction=0.3, which="weakest")',
    "rewire(layer=3, fraction=1.0)",
    "connect(layer=2, pairs=[[0, 1], [1, 0]])",
    "disconnect(layer=1, pairs=[[0, 1]])",
    "disconnect(layer=3, pairs=[[0, 0]])",
    "add(layer=1, neurons=2)",
    "add(layer=2)",
    "remove(layer=1, neurons=[1])",
    'remove(layer=2, share=0.3, select="least")',
    "add_layer(after=1)",
    "remove_layer(layer=1)",
]


@st.composite
def graphs(draw):
    """Networks of few connections: isolated neurons, one connection or all of them, and node ids up to 2^62."""
    sizes = (6, draw(st.integers(1, 6)), draw(st.integers(1, 6)), 3)
    chosen = st.sampled_from
    ids = draw(st.lists(st.integers(0, 2**62), min_size=sum(sizes), max_size=sum(sizes), unique=True))
    starts = np.cumsum([0, *sizes])
    nodes = [ids[first:last] for first, last in pairwise(starts)]
    edges = []
    for below, layer in pairwise(nodes):
        pairs = [(speaker, listener) for speaker in below for listener in layer]
        path = [(below[0], layer[0])] if layer is not nodes[-1] else [(below[0], listener) for listener in layer]
        more = draw(st.one_of(st.just(pairs), st.lists(chosen(pairs), max_size=len(pairs), unique=True)))
        edges += dict.fromkeys([*path, *more])  # every output hears an input
    order = draw(st.permutations(edges))
    return from_edges(np.asarray(order), nodes=nodes, activation="tanh", seed=draw(st.integers(0, 99)), layout="sparse")


def outcome(engine, spec):
    """What an intervention answers: its event, or its refusal."""
    try:
        return apply_intervention(engine, parse_intervention(spec))
    except NeuroNetError as error:
        return str(error)


@settings(max_examples=30, deadline=None)
@given(graphs(), st.sampled_from(OWN_MEMORY), st.lists(st.sampled_from(SPECS), min_size=1, max_size=5))
def test_any_sequence_has_the_same_events_and_numbers_in_both_layouts_and_with_agents(network, policy, specs):
    setup = Setup(network, policy, optimizer=Momentum(), learning_rate=0.01, seed=5)
    sparse, agents = TensorEngine(setup, device="cpu"), NeuronModel(setup)
    full = TensorEngine(replace(setup, network=to_dense(network)), device="cpu")
    for spec in specs:
        first, *others = [outcome(engine, spec) for engine in (sparse, full, agents)]
        assert all(other == first for other in others)
        for engine in (sparse, full, agents):
            play(engine, 1)
    assert sparse.setup.network.is_sparse
    assert not full.setup.network.is_sparse
    for ours, theirs in zip(sparse.setup.network.patterns, to_sparse(full.setup.network).patterns, strict=True):
        assert ours.equals(theirs)
    assert max_difference(sparse.state(), agents.state()) <= 1e-9
    assert max_difference(sparse.state(), to_sparse_state(full.state(), sparse.setup)) <= 1e-9
    agents.close()


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_matrix_is_made(name, monkeypatch):
    setup = game()
    engine = TensorEngine(replace(setup, network=to_sparse(setup.network)), device="cpu")
    play(engine, 2)
    monkeypatch.setattr(sparse_memory, "MAX_DENSE_ENTRIES", 1)  # draws for pairs of neurons, too, are by connection
    for where, part in ((Pattern, "matrix"), (SparseNetwork, "weights"), (SparseNetwork, "masks")):
        monkeypatch.setattr(where, part, None)
    for spec in (PREPARED.get(name), EXAMPLES[name]):
        if spec:
            assert apply_intervention(engine, parse_intervention(spec)).nodes
    play(engine, 1)


@pytest.mark.parametrize("policy", OWN_MEMORY, ids=repr)
def test_first_memory_of_a_sparse_layer_is_that_of_the_engine(policy):
    setup = game(policy)
    setup = replace(setup, network=to_sparse(setup.network))
    fresh = TensorEngine(setup, device="cpu").state()
    other = replace(setup, policies=toys.Backprop())
    moved = transfer_state(TensorEngine(other, device="cpu").state(), [other], [setup])
    assert max_difference(moved, fresh) == 0
    assert fresh.to_arrays().keys() == moved.to_arrays().keys()


@pytest.mark.parametrize("which", ["any", "weakest"])
@pytest.mark.parametrize("fraction", [0.3, 1.0])
def test_rewired_neurons_keep_their_degree_and_the_weights_that_stay(which, fraction):
    setup = game()
    engine = TensorEngine(replace(setup, network=to_sparse(setup.network)), device="cpu")
    play(engine, 3)
    before = engine.network()
    apply_intervention(engine, Rewire(layer=2, fraction=fraction, which=which))
    after = engine.network()
    old, new = (to_dense(network) for network in (before, after))
    for row in range(5):
        had, has = old.masks[1][row], new.masks[1][row]
        count = min(round(fraction * had.sum()), (~had).sum())
        assert has.sum() == had.sum()
        assert (has & ~had).sum() == count
        np.testing.assert_array_equal(new.weights[1][row, has & had], old.weights[1][row, has & had])
        assert not new.weights[1][row, ~had].any()
        if which == "weakest" and count:
            assert np.abs(old.weights[1][row, had & ~has]).max() <= np.abs(old.weights[1][row, had & has]).min(initial=np.inf)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_lowest_of_rows_are_those_of_each_row_alone(data):
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    lengths = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    counts = [data.draw(st.integers(0, length)) for length in lengths]
    values = st.sampled_from([0.0, 0.1, 0.1 * (1 + 1e-16), 0.1 + 2e-17, 0.3, 1.0])
    parts = [np.asarray(data.draw(st.lists(values, min_size=n, max_size=n)), dtype=np.float64) for n in lengths]
    starts = np.cumsum([0, *lengths])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    expected = [
        start + extreme_indices(part, count, largest=False, dtype=dtype)
        for start, part, count in zip(starts, parts, counts, strict=False)
    ]
    found = lowest_of_rows(np.concatenate(parts), rows, np.asarray(counts), dtype=dtype)
    np.testing.assert_array_equal(found, np.concatenate(expected))


def test_distinct_ranks_are_uniform_over_all_subsets():
    games = 3000
    for count, population in ((2, 5), (3, 5), (1, 6), (5, 6)):
        rows, ranks = distinct_ranks(np.full(games, count), np.full(games, population), np.random.default_rng(count))
        sets = ranks.reshape(games, count)
        np.testing.assert_array_equal(rows.reshape(games, count), np.arange(games)[:, None] * np.ones(count, dtype=int))
        assert (np.diff(sets, axis=1) > 0).all()
        assert sets.min() == 0
        assert sets.max() == population - 1
        kinds, found = np.unique(sets, axis=0, return_counts=True)
        assert len(kinds) == comb(population, count)
        assert chisquare(found).pvalue > 1e-3


def test_distinct_ranks_of_none_and_of_all():
    rows, ranks = distinct_ranks(np.array([0, 3, 0, 1]), np.array([4, 3, 0, 9]), np.random.default_rng(0))
    assert rows.tolist() == [1, 1, 1, 3]
    assert ranks[:3].tolist() == [0, 1, 2]


def test_a_removed_layer_leaves_the_product_and_connections_whose_weights_cancel():
    edges = np.array([[0, 2], [0, 3], [1, 3], [2, 4], [3, 4]])
    network = from_edges(
        edges, sizes=(2, 2, 1), weights=[1.0, 2.0, 3.0, 4.0, -2.0], biases=[0, 0, 0.5, 0.25, 1.0], layout="sparse"
    )
    removed = without_layer(network, 1)
    dense = to_dense(network)
    np.testing.assert_array_equal(removed.patterns[0].columns, [0, 1])  # 4 * 1 - 2 * 2 = 0, and still a connection
    np.testing.assert_allclose(removed.values[0], (dense.weights[1] @ dense.weights[0]).ravel(), atol=1e-15)
    np.testing.assert_allclose(removed.biases[0], dense.weights[1] @ dense.biases[0] + dense.biases[1])


def test_a_sparse_state_survives_the_way_through_matrices():
    setup = game()
    setup = replace(setup, network=to_sparse(setup.network))
    engine = TensorEngine(setup, device="cpu")
    play(engine, 3)
    state = engine.state()
    assert max_difference(to_sparse_state(to_dense_state(state, setup), setup), state) == 0

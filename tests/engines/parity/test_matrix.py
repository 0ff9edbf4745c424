"""The parity matrix: both engines play every policy with every activation, optimizer and wiring, to the same numbers.

By default each policy meets every optimizer, and the policies together meet every combination of the other factors. The full
product runs with `pytest -m exhaustive`.
"""

from __future__ import annotations

from functools import cache
from itertools import cycle, product

import networkx as nx
import numpy as np
import pytest

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import OPTIMIZERS
from neuronet.core.payoff import SquaredError
from neuronet.core.policy_traits import shared_memory_names
from neuronet.core.structure.graph import from_graph
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.policies import NodePerturbation
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import feasible_wiring

ROUNDS = 50
RESYNCED = 12
AFTER_ALL_ROUNDS = 1e-9
PER_ROUND = 1e-12  # after one round from the same state

WIRINGS = ("dense", "sparse(0.3)", "small-world(neighbours=5, rewire=0.2)")
LEARNING_RATES = {"sgd": 0.02, "momentum": 0.005, "adam": 0.01}
POLICIES = [*toys.SHIPPED, *toys.TOYS]
SEED = 13

PRODUCT = list(product(ACTIVATIONS, WIRINGS))


def _matrix():
    """Every policy with every optimizer; activation and wiring rotate, so that each of their combinations occurs."""
    for place, (policy, (shift, optimizer)) in enumerate(product(POLICIES, enumerate(OPTIMIZERS))):
        yield (policy, optimizer, *PRODUCT[(place + place // len(PRODUCT) + shift) % len(PRODUCT)])


MATRIX = list(_matrix())
REST = [case for case in product(POLICIES, OPTIMIZERS, ACTIVATIONS, WIRINGS) if case not in MATRIX]


def setup_of(policy, optimizer, activation, connectivity):
    if "scales" in getattr(policy, "hooks", ()) and connectivity == WIRINGS[1]:
        # a length over two or three synapses nearly vanishes now and then, and dividing by it multiplies the rounding
        connectivity = "sparse(0.8)"
    network = build_network((64, 8, 6, 10), connectivity=feasible_wiring(connectivity, policy), activation=activation, seed=SEED)
    rate = LEARNING_RATES[optimizer]
    if isinstance(policy, NodePerturbation) and activation == "identity":
        rate /= 10  # its noisy estimates grow without bound where no activation limits them
    return Setup(network, policy, optimizer=OPTIMIZERS[optimizer](), learning_rate=rate, seed=SEED)


def assert_parity(setup, samples, rounds=ROUNDS, resynced=RESYNCED):
    assert compare(setup, samples, rounds=rounds).largest <= AFTER_ALL_ROUNDS
    assert compare(setup, samples, rounds=resynced, resync=True).largest <= PER_ROUND


def test_matrix_covers_every_value_of_every_factor():
    policies, optimizers, *others = (list(column) for column in zip(*MATRIX, strict=True))
    assert set(map(repr, policies)) == set(map(repr, POLICIES))
    assert set(optimizers) == set(OPTIMIZERS)
    assert set(zip(*others, strict=True)) == set(PRODUCT)
    assert set(zip(optimizers, others[0], strict=True)) == set(product(OPTIMIZERS, ACTIVATIONS))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_neuron_hears_demands_that_cancel(activation):
    """Assumption of the matrix.

    The demands of softmax outputs sum to zero. A neuron that receives attention of equal sign from all of them, and that counts
    signs (p = 1), would get only the rounding of that sum as feedback. Adam multiplies even an intent of 1e-17 by its learning
    rate over epsilon.
    """
    attention = setup_of(toys.Backprop(), "adam", activation, "dense").network.weights[-1]
    assert np.abs(np.sign(attention).sum(axis=0)).max() < len(attention)


@pytest.mark.parametrize("case", MATRIX, ids=str)
def test_policies_play_equally_on_both_engines(case, digits):
    assert_parity(setup_of(*case), digits, rounds=6, resynced=2)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", [*MATRIX, *REST], ids=str)
def test_full_product_plays_equally_on_both_engines(case, digits):
    assert_parity(setup_of(*case), digits)


def test_layers_of_different_policies_play_equally(digits):
    policies = (toys.Saver(), toys.SHIPPED[3], toys.Critic())
    assert_parity(setup_of(policies, "adam", "gelu", WIRINGS[1]), digits)


@cache
def disconnected_network():
    """Return a network with a hidden neuron that has no listeners, and one that has no speakers."""
    graph, sizes = nx.DiGraph(), (6, 5, 4, 3)
    nodes = [[10 * layer + place for place in range(size)] for layer, size in enumerate(sizes)]
    for layer, members in enumerate(nodes):
        graph.add_nodes_from(members, layer=layer)
    for layer in (0, 1, 2):
        graph.add_edges_from((speaker, listener) for speaker in nodes[layer] for listener in nodes[layer + 1])
    graph.remove_edges_from(list(graph.out_edges(nodes[1][2])))
    graph.remove_edges_from(list(graph.in_edges(nodes[1][4])))
    return from_graph(graph, activation="tanh", seed=3)


# values, not classes: see test_no_neuron_hears_demands_that_cancel
VALUES = Samples(*np.split(np.random.default_rng(1).standard_normal((20, 9)), [6], axis=1))


SPARSE_POLICIES = [policy for policy in POLICIES if not shared_memory_names(policy)]


@pytest.mark.parametrize(("policy", "optimizer"), [*zip(SPARSE_POLICIES, cycle(OPTIMIZERS.values()), strict=False)], ids=repr)
def test_disconnected_neurons_play_equally(policy, optimizer):
    setup = Setup(disconnected_network(), policy, optimizer(), learning_rate=0.01, payoff=SquaredError(), seed=5)
    assert_parity(setup, VALUES, rounds=4, resynced=2)

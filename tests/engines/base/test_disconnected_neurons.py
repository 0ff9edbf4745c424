"""Hidden neurons to whom nobody listens, or who listen to nobody."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import OPTIMIZERS, SGD
from neuronet.core.payoff import SquaredError
from neuronet.core.policy import shared_memory_names
from neuronet.core.structure.graph import from_graph
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.policies import FreeRider
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCHES, ENGINES, play

# Values, not classes: the demands of softmax outputs sum to zero, and a policy that counts signs would see nothing but rounding.
SAMPLES = Samples(*np.split(np.random.default_rng(1).standard_normal((20, 9)), [6], axis=1))
ALONE = [policy for policy in toys.SHIPPED if not shared_memory_names(policy)]
"""Who listens to nobody keeps nothing in common with those who do: such policies are refused here."""
POLICIES = [*ALONE, *toys.TOYS]
UNHEARD, DEAF = 2, 4  # places in the first hidden layer


@pytest.fixture(scope="module")
def network():
    """Six inputs, five hidden neurons, four more, three outputs; one of the five is unheard, and one deaf."""
    graph = nx.DiGraph()
    sizes = (6, 5, 4, 3)
    nodes = [[10 * layer + place for place in range(size)] for layer, size in enumerate(sizes)]
    for layer, members in enumerate(nodes):
        graph.add_nodes_from(members, layer=layer)
    for layer in (0, 1, 2):
        graph.add_edges_from((speaker, listener) for speaker in nodes[layer] for listener in nodes[layer + 1])
    graph.remove_edges_from(list(graph.out_edges(nodes[1][UNHEARD])))
    graph.remove_edges_from(list(graph.in_edges(nodes[1][DEAF])))
    return from_graph(graph, activation="tanh", seed=3)


def game(network, policy, optimizer=SGD):
    return Setup(network, policy, optimizer=optimizer(), learning_rate=0.01, payoff=SquaredError(), seed=5)


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_engines_agree(network, policy):
    for optimizer in OPTIMIZERS.values():
        setup = game(network, policy, optimizer)
        assert compare(setup, SAMPLES, batch_size=6, rounds=10).largest <= 1e-9
        assert compare(setup, SAMPLES, batch_size=6, rounds=10, resync=True).largest <= 1e-12


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_numbers_stay_finite(network, name, policy):
    engine = play(ENGINES[name](game(network, policy)), 10, SAMPLES, BATCHES)
    state = engine.state()
    engine.close()
    assert all(np.isfinite(array).all() for array in state.arrays.values())


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("policy", [*ALONE, toys.Explorer(), toys.Direct()], ids=repr)
def test_whom_nobody_hears_does_not_change(network, name, policy):
    """Whatever its policy answers: there is nobody whose demand it could meet."""
    engine = play(ENGINES[name](game(network, policy)), 5, SAMPLES, BATCHES)
    weights = engine.state().arrays["1.weights"]
    engine.close()
    changed = np.any(weights != network.weights[0], axis=1)
    assert not changed[UNHEARD]
    assert changed[[0, 1, 3]].all() != isinstance(policy, FreeRider)  # who never changes, heard or not

"""Populations: who follows which policy."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.graph import from_graph, to_graph
from neuronet.core.structure.groups import Group, layer_groups, policies_by_layer
from neuronet.core.structure.population import ByNode, Population, Shares, as_population
from neuronet.policies import AttentionSeeking, FreeRider, Greedy
from neuronet.registry import build_network

A, B, C = AttentionSeeking(), FreeRider(), Greedy(top=2)
NETWORK = build_network((4, 10, 30, 3), seed=1)


def counts(layer):
    return [len(group.members) for group in layer]


def test_hidden_layers_are_divided_and_outputs_follow_the_first_policy():
    first, second, output = Population.shares([(A, 0.7), (B, 0.2), (C, 0.1)]).groups(NETWORK, seed=5)
    assert [group.policy for group in first] == [A, B, C]
    assert (counts(first), counts(second)) == ([7, 2, 1], [21, 6, 3])
    assert output == A
    for layer, size in ((first, 10), (second, 30)):
        assert layer_groups(layer, size, 1) == layer  # all neurons in one group


def test_seed_changes_the_members_but_not_the_group_sizes():
    population = Population.shares([(A, 0.5), (B, 0.5)])
    groups = population.groups(NETWORK, seed=3)
    assert groups == population.groups(NETWORK, seed=3)
    other = population.groups(NETWORK, seed=4)
    assert groups[:2] != other[:2]
    assert [counts(layer) for layer in groups[:2]] == [counts(layer) for layer in other[:2]]
    assert groups[0] != groups[1]


def test_group_members_are_uniformly_random():
    population = Population.shares([(A, 0.7), (B, 0.3)])
    times = np.zeros(10)
    for seed in range(1000):
        times[list(population.groups(NETWORK, seed)[0][1].members)] += 1
    assert times.sum() == 3000
    assert np.abs(times - 300).max() < 5 * np.sqrt(1000 * 0.3 * 0.7)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5).filter(any), st.integers(1, 300))
def test_group_sizes_differ_from_the_shares_by_less_than_one(weights, neurons):
    shares = [weight / sum(weights) for weight in weights]
    population = Shares(tuple((Greedy(top=number + 1), share) for number, share in enumerate(shares)))
    layer = population.layer(neurons, seed=0, number=1)
    groups = layer_groups(layer, neurons, 1)
    found = {group.policy.top: len(group.members) for group in groups}
    assert sum(found.values()) == neurons
    for number, share in enumerate(shares):
        assert abs(found.get(number + 1, 0) - share * neurons) < 1


def test_growing_share_leaves_other_groups_unchanged():
    before: set[int] = set()
    for share in (0.1, 0.2, 0.5, 0.9):
        layer = Population.shares([(A, 1 - share), (B, share)]).groups(NETWORK, seed=2)[1]
        now = set(layer[1].members)
        assert before < now
        before = now


def test_shares_of_zero_and_one():
    assert Population.shares([(A, 1), (B, 0)]).groups(NETWORK, 0) == (A, A, A)
    assert Population.shares([(A, 0.0), (B, 1.0)]).groups(NETWORK, 0) == (B, B, A)


def test_populations_per_layer():
    population = Population.per_layer([A, [(A, 0.5), (B, 0.5)], Shares(((C, 0.7), (A, 0.3)))])
    first, second, output = population.groups(NETWORK, seed=1)
    assert first == A
    assert counts(second) == [15, 15]
    assert [(group.policy, len(group.members)) for group in output] == [(C, 2), (A, 1)]


def test_assignments_by_neuron_attribute_and_function_agree():
    graph = to_graph(build_network((2, 4, 2), seed=1))
    graph = nx.relabel_nodes(graph, {node: 100 - node for node in graph})
    roles = {97: "rider", 95: "rider", 93: "boss"}
    nx.set_node_attributes(graph, roles, "role")
    network = from_graph(graph)
    expected = ((Group(A, (0, 2)), Group(B, (1, 3))), (Group(A, (0,)), Group(C, (1,))))
    assert Population.by_neuron({97: B, 95: B, 93: C}, A).groups(network, 0) == expected
    assert Population.by_attribute(graph, "role", {"rider": B, "boss": C}, A).groups(network, 0) == expected

    def choose(node, layer):
        assert layer == graph.nodes[node]["layer"]
        return {"rider": B, "boss": C}.get(roles.get(node), A)

    assert Population.by_function(choose).groups(network, 9) == expected
    assert Population.by_neuron({}, A).groups(network, 0) == (A, A)


def test_valid_populations_are_parsed():
    assert as_population(A).groups(NETWORK, 0) == (A, A, A)
    assert as_population([B]).groups(NETWORK, 0) == (B, B, B)
    assert as_population([A, B, C]).groups(NETWORK, 0) == (A, B, C)
    population = Population.shares([(A, 1)])
    assert as_population(population) is population


def test_shares_are_a_mapping_or_pairs_of_policies_or_texts():
    parts = ((A, 0.9), (B, 0.1))
    texts = {"attention": 0.9, "free-rider": 0.1}
    for shares in ({A: 0.9, B: 0.1}, texts, [("attention", 0.9), (B, 0.1)], [["attention", 0.9], (B, 0.1)]):
        assert Population.shares(shares).parts == parts
    assert as_population({A: 0.9, B: 0.1}) == Shares(parts)
    assert Population.per_layer(["attention", {"attention": 0.9, "free-rider": 0.1}]).layers == (A, Shares(parts))


def test_attributes_and_nodes_are_data():
    graph = to_graph(build_network((2, 4, 2), seed=1))
    nx.set_node_attributes(graph, {0: "rider", 3: "rider", 5: "rider", 6: "boss"}, "role")
    found = Population.by_attribute(graph, "role", {"rider": "free-rider", "boss": C}, "attention")
    assert found == ByNode(A, ((B, (0, 3, 5)), (C, (6,))), must_listen=False)
    assert Population.by_neuron({np.int64(5): B, 3: "free-rider"}, A) == ByNode(A, ((B, (3, 5)),))
    undirected = nx.Graph(graph)
    assert Population.by_attribute(undirected, "role", {"rider": B, "boss": C}, A) == found


BAD = {
    "half a mapping": (lambda: Population.shares({"attention": 0.9}), r"shares must add up to 1, got 0.9 = 0.9"),
    "set": (lambda: as_population({A, B}), "policies must be a list, whose order counts"),
    "set of layers": (lambda: Population.per_layer({A, B}), "layers must be a list"),
    "mapping of layers": (lambda: policies_by_layer({A: 0.5, B: 0.3, C: 0.2}, NETWORK.sizes), "policies must be a list"),
    "mapping as parts": (lambda: Shares({A: 1.0}), "pairs of a policy"),
    "typo": (lambda: Population.shares({"atention": 1.0}), "did you mean 'attention'"),
    "no node": (lambda: Population.by_neuron({"3": B}, A), "nodes, which are integers, got '3'"),
    "node twice": (lambda: ByNode(A, ((B, (3,)), (C, (3,)))), "node 3 can follow one policy only"),
    "sum": (lambda: Population.shares([(A, 0.5), (B, 0.4)]), r"shares must add up to 1, got 0.5 \+ 0.4 = 0.9"),
    "negative": (lambda: Population.shares([(A, 1.5), (B, -0.5)]), "a share must be a number from 0 to 1, got 1.5"),
    "no number": (lambda: Population.shares([(A, "all")]), "a share must be a number"),
    "empty": (lambda: Population.shares([]), "pairs of a policy"),
    "no pairs": (lambda: Population.shares([A]), "pairs of a policy"),
    "no policy": (lambda: Population.shares([(Greedy, 1.0)]), "must be an instance of a subclass"),
    "too few": (
        lambda: Population.shares([(A, 0.99), (B, 0.01)]).groups(NETWORK, 0),
        r"a share of 0.01 is too small for even one neuron to follow FreeRider",
    ),
    "too few neurons to mix": (lambda: Population.shares([(A, 0.5), (B, 0.5)]).groups(build_network((4, 3)), 0), "too small"),
    "layers": (lambda: Population.per_layer([A, B]).groups(NETWORK, 0), "one for each of 3 listening layers, got 2"),
    "no layer": (lambda: Population.per_layer([A, 3]), "must"),
    "unknown node": (lambda: Population.by_neuron({99: B}, A).groups(NETWORK, 0), "node 99 cannot follow a policy"),
    "input": (lambda: Population.by_neuron({0: B}, A).groups(NETWORK, 0), "node 0 cannot follow a policy"),
    "attribute": (lambda: Population.by_attribute(to_graph(NETWORK), "role", {"a": B}, A), "no node's 'role' is any of 'a'"),
    "function": (lambda: Population.by_function(lambda node, layer: None).groups(NETWORK, 0), "must be an instance"),
    "nothing meant": (lambda: as_population(3), "a Population, got 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_invalid_populations_are_refused_in_one_sentence(name):
    ask, sentence = BAD[name]
    with pytest.raises(NeuroNetError, match=sentence):
        ask()

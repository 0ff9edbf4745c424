"""Populations in runs: as specs, as objects, from the command line, resumed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pytest

import neuronet as package
from neuronet.core.structure.population import ByNode, Population
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, Noisy
from neuronet.registry import describe_population, format_population, is_mixture, parse_population, split_list

MIXED = "attention:0.75,free-rider:0.25"


@dataclass(frozen=True)
class Nameless(package.LinearPolicy):
    """Holds an object that no text can spell."""

    what: object = object()

    def feedback_weights(self, obs, memory):
        return obs.attention


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.network.weights, other.network.weights, strict=True))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("attention", [(AttentionSeeking(), 1.0)]),
        ("greedy(top=3)", [(Greedy(top=3), 1.0)]),
        (MIXED, [(AttentionSeeking(), 0.75), (FreeRider(), 0.25)]),
        (" attention : .5 , greedy : 5e-1 ", [(AttentionSeeking(), 0.5), (Greedy(), 0.5)]),
        ("greedy(top=3):0.5,noisy(greedy(top=2), sigma=0.1):0.5", [(Greedy(top=3), 0.5), (Noisy(Greedy(top=2), 0.1), 0.5)]),
        ("neuronet.policies:Greedy(2):1", [(Greedy(top=2), 1.0)]),
        ("attention(measure='log'):0.5,attention:0.5", [(AttentionSeeking(measure="log"), 0.5), (AttentionSeeking(), 0.5)]),
    ],
)
def test_spec_is_parsed(text, parts):
    assert parse_population(text) == Population.shares(parts)
    assert parse_population(format_population(parse_population(text))) == Population.shares(parts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("attention:0.9", r"shares must add up to 1, got 0.9 = 0.9"),
        ("attention:0.9,greedy:0.2", r"shares must add up to 1, got 0.9 \+ 0.2 = 1.1"),
        ("attention:0.9,greedy", "'greedy' has no share in 'attention:0.9,greedy'"),
        ("attention,greedy", "'attention' has no share"),
        ("attention:0.5,gredy:0.5", "unknown policy 'gredy': did you mean 'greedy'"),
        ("attention:-0.5,greedy:1.5", "a share must be a number from 0 to 1, got -0.5"),
        ("attention:0.5,,greedy:0.5", "'' has no share"),
        ("", "cannot parse the policy"),
    ],
)
def test_invalid_spec_is_refused(text, sentence):
    with pytest.raises(package.NeuroNetError, match=sentence):
        parse_population(text)


def test_lists_are_split_outside_brackets_and_quotes():
    assert split_list("a(x=1,y=2), b('p,q'), c") == ["a(x=1,y=2)", "b('p,q')", "c"]
    assert is_mixture("a(x=1):0.5,b:0.5")
    assert not is_mixture("a(x=1),mine:B")


NODES = "nodes(attention, [greedy(top=2), 3, 4], [free-rider, 5])"


def test_policies_of_nodes_are_a_spec():
    population = Population.by_neuron({3: Greedy(top=2), 5: FreeRider(), 4: Greedy(top=2)}, AttentionSeeking())
    assert parse_population(NODES) == population
    assert format_population(population) == NODES
    assert parse_population(str(format_population(population, all_parameters=True))) == population
    lenient = ByNode(population.default, population.members, must_listen=False)
    assert parse_population(str(format_population(lenient))) == lenient
    many = Population.by_neuron(dict.fromkeys(range(2, 40), "free-rider"), "attention")
    assert describe_population(many) == "nodes(attention, [free-rider, 2, 3, 4, 5, 6, 7, 8, 9, ...])"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nodes(attention, 3)", "must have a policy for all nodes"),
        ("nodes([free-rider, 3])", "must have a policy for all nodes"),
        ("nodes()", "must have a policy for all nodes"),
        ("nodes(attention, [free-rider, gredy])", "integers"),
        ("nodes(attention, [free-ridr, 3])", "did you mean 'free-rider'"),
        ("nodes(attention, else=greedy)", "must have a policy for all nodes|cannot parse"),
    ],
)
def test_invalid_spec_of_nodes_is_refused(text, sentence):
    with pytest.raises(package.NeuroNetError, match=sentence):
        parse_population(text)


@pytest.mark.parametrize("given", [{"attention", "greedy"}, frozenset({AttentionSeeking()}), b"attention", {0: "attention"}])
def test_what_has_no_order_is_no_list_of_layers(given):
    with pytest.raises(package.NeuroNetError, match=r"must be a list|must be an instance"):
        parse_population(given)


def test_mapping_gives_shares_in_train():
    given = {"attention": 0.75, "free-rider": 0.25}
    assert parse_population(given) == parse_population(MIXED)
    assert format_population(given) == MIXED
    assert same(
        package.train("xor", policy=given, hidden=[8], epochs=1), package.train("xor", policy=MIXED, hidden=[8], epochs=1)
    )
    with pytest.raises(package.NeuroNetError, match=r"shares must add up to 1, got 0.9 = 0.9"):
        package.train("xor", policy={"attention": 0.9})


def test_assignment_by_attribute_is_recorded_and_resumed(tmp_path):
    network = package.build_network((2, 8, 2), seed=1)
    graph = package.to_graph(network)
    nx.set_node_attributes(graph, {0: "rider", 3: "rider", 5: "rider"}, "role")
    population = Population.by_attribute(graph, "role", {"rider": "free-rider"}, default="attention")
    options = {"network": network, "policy": population, "lr_schedule": "constant"}
    whole = package.train("xor", **options, epochs=4)
    assert "nodes(attention, [free-rider, 0, 3, 5])" in repr(whole)
    package.train("xor", **options, epochs=2, out=tmp_path / "run")
    assert same(package.resume(tmp_path / "run", epochs=4), whole)


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_spec_and_object_give_the_same_run(engine):
    options = {"hidden": [8], "epochs": 2, "engine": engine, "seed": 3}
    by_text = package.train("xor", policy=MIXED, **options)
    by_object = package.train("xor", policy=Population.shares([(AttentionSeeking(), 0.75), (FreeRider(), 0.25)]), **options)
    assert same(by_text, by_object)
    assert by_text.config.policy == by_object.config.policy
    assert by_object.config.model_dump()["policy"] == MIXED
    assert not same(by_text, package.train("xor", **options))


def test_only_free_riders_keep_their_weights():
    result = package.train("xor", policy=MIXED, hidden=[8], epochs=2, seed=3)
    start = package.build_network((2, 8, 2), seed=3)
    moved = np.abs(result.network.weights[0] - start.weights[0]).max(axis=1) > 0
    riders = parse_population(MIXED).groups(start, 3)[0][1].members
    assert np.flatnonzero(~moved).tolist() == list(riders)
    assert len(riders) == 2


def test_population_per_layer_in_python_toml_and_options(neuronet, tmp_path):
    layers = [MIXED, "greedy", "attention"]
    result = package.train("xor", policy=layers, hidden=[8, 4], epochs=2)
    mixed = package.train("xor", policy=[parse_population(MIXED), Greedy(), "attention"], hidden=[8, 4], epochs=2)
    assert same(result, mixed)
    assert mixed.config.model_dump()["policy"] == (MIXED, "greedy", "attention")
    (tmp_path / "mine.toml").write_text(f'environment = "xor"\nhidden = [8, 4]\nepochs = 2\npolicy = {json.dumps(layers)}\n')
    by_toml = neuronet("run", "--config", "mine.toml", "--json")
    by_options = neuronet(
        "run", "xor", "--hidden", "8,4", "--epochs", "2", "--json", *(word for each in layers for word in ("--policy", each))
    )
    for answer in (by_toml, by_options):
        assert answer.status == 0, answer.err
        assert json.loads(answer.out)["loss"] == result.loss
        assert json.loads(answer.out)["policy"] == layers


def test_replicas_equal_single_runs():
    several = package.train("xor", policy="noisy:0.5,free-rider:0.5", hidden=[6], epochs=2, replicas=2, seed=4)
    for place in range(2):
        single = package.train("xor", policy="noisy:0.5,free-rider:0.5", hidden=[6], epochs=2, seed=4 + place, engine="tensors")
        gaps = [np.abs(a - b).max() for a, b in zip(several.networks[place].weights, single.network.weights, strict=True)]
        assert max(gaps) < 1e-12


def test_resumed_run_keeps_its_population(tmp_path):
    options = {"hidden": [8], "lr_schedule": "constant"}
    whole = package.train("xor", policy=MIXED, **options, epochs=4)
    package.train("xor", policy=MIXED, **options, epochs=2, out=tmp_path / "named")
    assert same(package.resume(tmp_path / "named", epochs=4), whole)
    by_hand = Population.by_function(lambda node, layer: FreeRider() if node in (3, 5) else AttentionSeeking())
    whole = package.train("xor", policy=by_hand, **options, epochs=4)
    package.train("xor", policy=by_hand, **options, epochs=2, out=tmp_path / "mine")
    with pytest.raises(package.NeuroNetError, match=r"<lambda>', which the record .* neuronet\.resume\(folder, policy=\.\.\.\)"):
        package.resume(tmp_path / "mine", epochs=4)
    other = Population.by_function(lambda node, layer: FreeRider() if node in (3, 6) else AttentionSeeking())
    with pytest.raises(package.NeuroNetError, match="the policies differ"):
        package.resume(tmp_path / "mine", epochs=4, policy=other)
    assert same(package.resume(tmp_path / "mine", epochs=4, policy=by_hand), whole)


def test_policy_without_a_spec_can_be_mixed():
    population = Population.shares([(AttentionSeeking(), 0.5), (Nameless(), 0.5)])
    result = package.train("xor", policy=population, hidden=[4], epochs=1)
    assert "Nameless" in result.config.model_dump()["policy"]

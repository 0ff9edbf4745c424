"""Connections, neurons and layers that move, come and go: both engines alike, and nothing lost that should be kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet import from_graph, to_graph
from neuronet import interventions as meddle
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.policy import shared_memory_names
from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import SequentialReplicas, TensorEngine
from neuronet.policies import AttentionSeeking, Greedy, IncomeProtecting, KeepingPromises
from tests.helpers import toys
from tests.interventions import fixtures
from tests.interventions.fixtures import SAMPLES, engines, game, gap, play, weights_gap

OPTIMIZERS = [SGD(), Momentum(), Adam()]


def structural_sequence(engine):
    """Some of everything, with rounds between."""
    events = []
    for act in (
        lambda: meddle.rewire(engine, fraction=0.3, layer=1),
        lambda: meddle.add(engine, layer=1, neurons=2, policy=toys.Saver()),
        lambda: meddle.lesion(engine, layer=1, neurons=[7, 1]),
        lambda: meddle.remove(engine, layer=1, neurons=[0, 3]),
        lambda: meddle.add_layer(engine, after=1),
        lambda: meddle.disconnect(engine, layer=2, pairs=[(0, 1), (2, 2)]),
        lambda: meddle.revive(engine),
        lambda: meddle.remove_layer(engine, layer=3),
        lambda: meddle.connect(engine, layer=2, pairs=[(0, 1)]),
        lambda: meddle.add(engine, layer=2),
        lambda: meddle.rewire(engine, fraction=0.5, share=0.5, which="weakest", layer=1),
    ):
        play(engine, 4)
        events.append(act())
    play(engine, 4)
    return events


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("policies", [fixtures.POPULATION, Greedy()], ids=["society", "greedy"])
@pytest.mark.parametrize("channels", [(), ("demand:delay(2)", "activity:k-winners(0.6)")], ids=["clear", "channels"])
def test_both_engines_do_the_same(policies, optimizer, channels):
    model, engine = engines(game(policies, optimizer=optimizer, channels=channels))
    assert structural_sequence(model) == structural_sequence(engine)
    assert model.network().sizes == (6, 7, 8, 3)
    assert weights_gap(model, engine) < 1e-9
    model.close()


KEEPERS = [policy for policy in (*toys.TOYS, *toys.SHIPPED) if policy.memory_axes]


@pytest.mark.parametrize("policy", KEEPERS, ids=repr)
def test_both_engines_do_the_same_for_every_kind_of_memory(policy):
    common = bool(shared_memory_names(policy))
    model, engine = engines(game(policy, connectivity="dense" if common else "sparse(0.6)"))
    for each in (model, engine):
        play(each)
        meddle.add(each, layer=1)
        if not common:
            meddle.rewire(each, fraction=0.4)
        play(each)
        meddle.remove(each, layer=1, neurons=2)
        meddle.add_layer(each, after=2, activation="tanh")
        play(each)
        meddle.remove_layer(each, layer=2)
        play(each)
    assert weights_gap(model, engine) < 1e-9
    model.close()


@pytest.mark.parametrize("form", [TensorEngine, SequentialReplicas])
def test_replicas_as_each_alone(form):
    setups = [game(toys.Saver(), seed=seed) for seed in (1, 2)]
    several, singles = form(setups, device="cpu"), [TensorEngine(setup, device="cpu") for setup in setups]
    for each in (several, *singles):
        structural_sequence(each)
    for place, single in enumerate(singles):
        assert gap(several.state().replica(place), single.state()) < 1e-12


@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.6)"])
def test_new_neurons_change_nothing_at_first_and_are_listened_to_later(connectivity):
    for engine in engines(game(AttentionSeeking(), connectivity=connectivity)):
        play(engine)
        before = np.asarray(engine.outputs(SAMPLES.inputs))
        event = meddle.add(engine, layer=1, neurons=3)
        np.testing.assert_allclose(engine.outputs(SAMPLES.inputs), before, atol=1e-15)
        assert event.nodes == ((21, 22, 23),)
        play(engine, 1)
        attention = engine.network().weights[1][:, -3:]
        assert np.count_nonzero(attention) == (
            15 if connectivity == "dense" else np.count_nonzero(engine.network().masks[1][:, -3:])
        )
        engine.close()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_new_layer_changes_nothing_at_first_and_goes_without_trace(after, activation):
    for engine in engines(game(AttentionSeeking(), activation=activation)):
        play(engine)
        before, state = np.asarray(engine.outputs(SAMPLES.inputs)), engine.state()
        meddle.add_layer(engine, after=after)
        assert len(engine.network().sizes) == 5
        np.testing.assert_allclose(engine.outputs(SAMPLES.inputs), before, atol=1e-14)
        play(engine, 0)
        meddle.remove_layer(engine, layer=after + 1)
        for layer in (1, 2, 3):
            np.testing.assert_allclose(engine.state().arrays[f"{layer}.weights"], state.arrays[f"{layer}.weights"], atol=1e-15)
            np.testing.assert_array_equal(engine.state().arrays[f"{layer}.bias"], state.arrays[f"{layer}.bias"])
        engine.close()


def test_a_linear_layer_is_taken_out_without_changing_anything():
    for engine in engines(game(AttentionSeeking(), activation="identity")):
        play(engine)
        before = np.asarray(engine.outputs(SAMPLES.inputs))
        meddle.remove_layer(engine, layer=2)
        assert engine.network().sizes == (6, 7, 3)
        np.testing.assert_allclose(engine.outputs(SAMPLES.inputs), before, atol=1e-12)
        engine.close()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_who_leaves_is_missed_as_little_as_if_never_there(optimizer):
    setup = game(IncomeProtecting(), optimizer=optimizer, connectivity="dense")
    network = setup.network
    left = replace(
        network,
        weights=(
            np.delete(network.weights[0], [1, 4], axis=0),
            np.delete(network.weights[1], [1, 4], axis=1),
            network.weights[2],
        ),
        biases=(np.zeros(5), *network.biases[1:]),
        nodes=(network.nodes[0], np.delete(network.nodes[1], [1, 4]), *network.nodes[2:]),
    )
    ours, theirs = TensorEngine(setup, device="cpu"), TensorEngine(replace(setup, network=left), device="cpu")
    meddle.remove(ours, layer=1, neurons=[1, 4])
    assert gap(ours.state(), theirs.state()) == 0
    for engine in (ours, theirs):
        play(engine)
    assert gap(ours.state(), theirs.state()) == 0


def test_rewiring_moves_as_many_connections_as_asked_for():
    engine = TensorEngine(game(), device="cpu")
    play(engine)
    before, network = engine.state().arrays, engine.network()
    meddle.rewire(engine, layer=1, fraction=0.5, which="weakest")
    after, then = engine.state().arrays, engine.network()
    for old, new, weights in zip(network.masks[0], then.masks[0], network.weights[0], strict=True):
        moved = min(round(0.5 * old.sum()), int((~old).sum()))
        assert new.sum() == old.sum()
        gone = np.flatnonzero(old & ~new)
        assert len(gone) == moved
        assert set(gone) == set(np.flatnonzero(old)[np.argsort(np.abs(weights[old]))[:moved]])
    stay, come = network.masks[0] & then.masks[0], ~network.masks[0] & then.masks[0]
    for name in ("1.weights", "1.velocity.weights"):
        np.testing.assert_array_equal(after[name][stay], before[name][stay])
        assert not after[name][come].any()


def test_memory_about_those_who_stay_is_kept():
    engine = TensorEngine(game(toys.Saver(), connectivity="dense"), device="cpu")
    play(engine)
    before = engine.state().arrays
    meddle.remove(engine, layer=1, neurons=[2, 3])
    meddle.add(engine, layer=1)
    after = engine.state().arrays
    rest = [0, 1, 4, 5, 6]
    np.testing.assert_array_equal(after["1.group0.income"][:5], before["1.group0.income"][rest])
    np.testing.assert_array_equal(after["2.group0.income"][:, [0, 1, 2, 3, 4, 6]], before["2.group0.income"][:, [*rest, 7]])
    assert before["2.group0.income"][:, rest].any()
    assert not after["1.group0.income"][5].any()  # the newcomer's
    assert not after["2.group0.income"][:, 5].any()


def test_disconnected_and_connected_again_is_as_at_first_but_without_attention():
    engine = TensorEngine(game(connectivity="dense"), device="cpu")
    play(engine)
    meddle.disconnect(engine, layer=1, pairs=[(0, 1), (6, 5)])
    assert engine.network().connections == 6 * 7 - 2 + 7 * 5 + 5 * 3
    meddle.connect(engine, layer=1, pairs=[(0, 1), (6, 5)])
    assert engine.network().masks[0] is None
    assert engine.network().weights[0][0, 1] == engine.network().weights[0][6, 5] == 0
    assert np.count_nonzero(engine.network().weights[0]) == 40


def test_agents_come_and_go_and_the_others_are_who_they_were():
    model = NeuronModel(game())
    play(model)
    known = {agent.node: agent for layer in model.layers for agent in layer}
    meddle.remove(model, layer=1, neurons=[0, 3])
    (new,) = meddle.add(model, layer=1, policy=AttentionSeeking()).nodes[0]
    meddle.add_layer(model, after=2)
    assert len(model.agents) == sum(len(layer) for layer in model.layers) == sum(model.network().sizes)
    assert {6, 9}.isdisjoint(agent.node for agent in model.agents)
    assert all(model.neuron(node) is agent for node, agent in known.items() if node not in (6, 9))
    assert model.neuron(new).policy == AttentionSeeking()
    for number, layer in enumerate(model.layers):
        assert [(agent.layer, agent.index) for agent in layer] == [(number, place) for place in range(len(layer))]
    graph = to_graph(model.network())
    assert set(graph.nodes) == {agent.node for agent in model.agents}
    again = from_graph(graph)
    np.testing.assert_array_equal(again.weights[1], model.network().weights[1])
    with pytest.raises(NeuroNetError, match=r"cannot leave its layer: use neuronet\.interventions\.remove"):
        model.neuron(new).remove()
    model.close()


def test_no_newcomer_has_the_number_of_one_who_left():
    engine = TensorEngine(game(), device="cpu")
    for expected in (21, 22, 23):
        assert meddle.add(engine, layer=1).nodes == ((expected,),)
        meddle.remove(engine, layer=1, neurons=7)
    assert meddle.add_layer(engine, after=2).nodes[0][0] == 24
    model = NeuronModel(engine.setup)
    model.restore(engine.state())
    assert meddle.add(model, layer=2).nodes == ((29,),)
    model.close()


def test_a_game_is_taken_back_to_where_it_was():
    for engine in engines(game()):
        play(engine)
        setups, state = engine.setups, engine.state()
        structural_sequence(engine)
        engine.replace_game(setups, state)
        assert gap(engine.state(), state) == 0
        assert engine.round_number == 5
        engine.close()


def test_the_other_engine_goes_on_with_what_has_become_of_a_game():
    model = NeuronModel(game())
    structural_sequence(model)
    engine = TensorEngine(model.setup, device="cpu")
    engine.restore(model.state())
    for each in (model, engine):
        play(each)
    assert weights_gap(model, engine) < 1e-12
    model.close()


DENSE, SPARSE = "dense", "sparse(0.6)"
REFUSALS = [
    (DENSE, lambda e: meddle.rewire(e, layer=1), "no connection of layer 1 would move: its neurons hear everybody"),
    (SPARSE, lambda e: meddle.rewire(e, layer=1, which="best"), "known are any, weakest"),
    (DENSE, lambda e: meddle.connect(e, layer=1, pairs=[(0, 0)]), "neuron 0 of layer 1 already listens to neuron 0"),
    (DENSE, lambda e: meddle.disconnect(e, layer=1, pairs=[(0, 6)]), r"but no pair \(0, 6\)"),
    (DENSE, lambda e: meddle.connect(e, layer=1, pairs=[3]), r"a listener and a speaker each, such as \[\(0, 3\)\]"),
    (DENSE, lambda e: meddle.disconnect(e, layer=3, pairs=[(1, p) for p in range(5)]), "output 19 could no longer be reached"),
    (DENSE, lambda e: meddle.remove(e, layer=2), "nobody would be left in layer 2: remove the layer instead"),
    (DENSE, lambda e: meddle.remove(e, layer=3, neurons=0), "layer must be one of the layers 1 to 2, hidden"),
    (DENSE, lambda e: meddle.add(e, layer=0), "since inputs and outputs are the environment's, got 0"),
    (DENSE, lambda e: meddle.add(e, layer=1, neurons=0), "neurons must be an integer of 1 or more"),
    (DENSE, lambda e: meddle.add_layer(e, after=3), "layer must be one of the layers 0 to 2, after which another one comes"),
    (DENSE, lambda e: meddle.add_layer(e, after=1, activation="relo"), "did you mean 'relu'"),
    (DENSE, lambda e: meddle.remove_layer(e, layer=3), "hidden, since inputs and outputs are the environment's"),
]


@pytest.mark.parametrize(("connectivity", "act", "sentence"), REFUSALS, ids=[sentence for _, _, sentence in REFUSALS])
def test_what_is_impossible_is_refused_and_changes_nothing(connectivity, act, sentence):
    engine = TensorEngine(game(connectivity=connectivity), device="cpu")
    before = engine.state()
    with pytest.raises(NeuroNetError, match=sentence):
        act(engine)
    assert gap(engine.state(), before) == 0
    play(engine, 1)


def test_memory_in_common_does_not_go_with_connections_that_are_left_out():
    engine = TensorEngine(game(KeepingPromises(), connectivity="dense"), device="cpu")
    with pytest.raises(NeuroNetError, match="in common, but not all neurons of layer 1 hear all speakers"):
        meddle.disconnect(engine, layer=1, pairs=[(0, 0)])

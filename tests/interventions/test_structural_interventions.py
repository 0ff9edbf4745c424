"""Connections, neurons and layers that move, come and go: equal on both engines, and what remains keeps its state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet import from_graph, interventions, to_graph
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.policy_traits import shared_memory_names
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
        lambda: interventions.rewire(engine, fraction=0.3, layer=1),
        lambda: interventions.add(engine, layer=1, neurons=2, policy=toys.Saver()),
        lambda: interventions.lesion(engine, layer=1, neurons=[7, 1]),
        lambda: interventions.remove(engine, layer=1, neurons=[0, 3]),
        lambda: interventions.add_layer(engine, after=1),
        lambda: interventions.disconnect(engine, layer=2, pairs=[(0, 1), (2, 2)]),
        lambda: interventions.revive(engine),
        lambda: interventions.remove_layer(engine, layer=3),
        lambda: interventions.connect(engine, layer=2, pairs=[(0, 1)]),
        lambda: interventions.add(engine, layer=2),
        lambda: interventions.rewire(engine, fraction=0.5, share=0.5, which="weakest", layer=1),
    ):
        play(engine, 3)
        events.append(act())
    play(engine, 3)
    return events


CHANNELS = ("demand:delay(2)", "activity:k-winners(0.6)")


@pytest.mark.parametrize(
    ("policies", "optimizer", "channels"),
    [
        (fixtures.POPULATION, SGD(), ()),
        (fixtures.POPULATION, Momentum(), CHANNELS),
        (fixtures.POPULATION, Adam(), ()),
        (Greedy(), SGD(), CHANNELS),
        (Greedy(), Momentum(), ()),
        (Greedy(), Adam(), CHANNELS),
    ],  # every pair of values
    ids=str,
)
def test_both_engines_agree(policies, optimizer, channels):
    model, engine = engines(game(policies, optimizer=optimizer, channels=channels))
    assert structural_sequence(model) == structural_sequence(engine)
    assert model.network().sizes == (6, 7, 8, 3)
    assert weights_gap(model, engine) < 1e-9
    model.close()


KEEPERS = [policy for policy in (*toys.TOYS, *toys.SHIPPED) if policy.memory_axes]


@pytest.mark.parametrize("policy", KEEPERS, ids=repr)
def test_both_engines_agree_for_every_kind_of_memory(policy):
    common = bool(shared_memory_names(policy))
    model, engine = engines(game(policy, connectivity="dense" if common else "sparse(0.6)"))
    for game_engine in (model, engine):
        play(game_engine, 3)
        interventions.add(game_engine, layer=1)
        if not common:
            interventions.rewire(game_engine, fraction=0.4)
        play(game_engine, 3)
        interventions.remove(game_engine, layer=1, neurons=2)
        interventions.add_layer(game_engine, after=2, activation="tanh")
        play(game_engine, 3)
        interventions.remove_layer(game_engine, layer=2)
        play(game_engine, 3)
    assert weights_gap(model, engine) < 1e-9
    model.close()


@pytest.mark.parametrize("form", [TensorEngine, SequentialReplicas])
def test_replicas_equal_single_runs(form):
    setups = [game(toys.Saver(), seed=seed) for seed in (1, 2)]
    several, singles = form(setups, device="cpu"), [TensorEngine(setup, device="cpu") for setup in setups]
    for each in (several, *singles):
        structural_sequence(each)
    for place, single in enumerate(singles):
        assert gap(several.state().replica(place), single.state()) < 1e-12


@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.6)"])
def test_added_neurons_change_nothing_at_first_and_gain_weights_later(connectivity):
    for engine in engines(game(AttentionSeeking(), connectivity=connectivity)):
        play(engine)
        before = np.asarray(engine.outputs(SAMPLES.inputs))
        event = interventions.add(engine, layer=1, neurons=3)
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
def test_added_layer_changes_nothing_and_can_be_removed(after, activation):
    for engine in engines(game(AttentionSeeking(), activation=activation)):
        play(engine)
        before, state = np.asarray(engine.outputs(SAMPLES.inputs)), engine.state()
        interventions.add_layer(engine, after=after)
        assert len(engine.network().sizes) == 5
        np.testing.assert_allclose(engine.outputs(SAMPLES.inputs), before, atol=1e-14)
        play(engine, 0)
        interventions.remove_layer(engine, layer=after + 1)
        for layer in (1, 2, 3):
            np.testing.assert_allclose(engine.state().layer(layer).weights, state.layer(layer).weights, atol=1e-15)
            np.testing.assert_array_equal(engine.state().layer(layer).bias, state.layer(layer).bias)
        engine.close()


def test_removing_a_linear_layer_changes_no_output():
    for engine in engines(game(AttentionSeeking(), activation="identity")):
        play(engine)
        before = np.asarray(engine.outputs(SAMPLES.inputs))
        interventions.remove_layer(engine, layer=2)
        assert engine.network().sizes == (6, 7, 3)
        np.testing.assert_allclose(engine.outputs(SAMPLES.inputs), before, atol=1e-12)
        engine.close()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_removal_equals_a_network_without_the_neurons(optimizer):
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
    interventions.remove(ours, layer=1, neurons=[1, 4])
    assert gap(ours.state(), theirs.state()) == 0
    for engine in (ours, theirs):
        play(engine)
    assert gap(ours.state(), theirs.state()) == 0


def test_rewire_moves_the_given_fraction():
    engine = TensorEngine(game(), device="cpu")
    play(engine)
    before, network = engine.state().to_arrays(), engine.network()
    interventions.rewire(engine, layer=1, fraction=0.5, which="weakest")
    after, then = engine.state().to_arrays(), engine.network()
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


def test_memory_of_remaining_connections_is_kept():
    engine = TensorEngine(game(toys.Saver(), connectivity="dense"), device="cpu")
    play(engine)
    before = engine.state().to_arrays()
    interventions.remove(engine, layer=1, neurons=[2, 3])
    interventions.add(engine, layer=1)
    after = engine.state().to_arrays()
    rest = [0, 1, 4, 5, 6]
    np.testing.assert_array_equal(after["1.group0.income"][:5], before["1.group0.income"][rest])
    np.testing.assert_array_equal(after["2.group0.income"][:, [0, 1, 2, 3, 4, 6]], before["2.group0.income"][:, [*rest, 7]])
    assert before["2.group0.income"][:, rest].any()
    assert not after["1.group0.income"][5].any()  # the newcomer's
    assert not after["2.group0.income"][:, 5].any()


def test_disconnect_and_connect_resets_the_weight_only():
    engine = TensorEngine(game(connectivity="dense"), device="cpu")
    play(engine)
    interventions.disconnect(engine, layer=1, pairs=[(0, 1), (6, 5)])
    assert engine.network().connections == 6 * 7 - 2 + 7 * 5 + 5 * 3
    interventions.connect(engine, layer=1, pairs=[(0, 1), (6, 5)])
    assert engine.network().masks[0] is None
    assert engine.network().weights[0][0, 1] == engine.network().weights[0][6, 5] == 0
    assert np.count_nonzero(engine.network().weights[0]) == 40


def test_remaining_agents_keep_their_identity():
    model = NeuronModel(game())
    play(model)
    known = {agent.node: agent for layer in model.layers for agent in layer}
    interventions.remove(model, layer=1, neurons=[0, 3])
    (new,) = interventions.add(model, layer=1, policy=AttentionSeeking()).nodes[0]
    interventions.add_layer(model, after=2)
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


def test_node_numbers_are_never_reused():
    engine = TensorEngine(game(), device="cpu")
    for expected in (21, 22, 23):
        assert interventions.add(engine, layer=1).nodes == ((expected,),)
        interventions.remove(engine, layer=1, neurons=7)
    assert interventions.add_layer(engine, after=2).nodes[0][0] == 24
    model = NeuronModel(engine.setup)
    model.restore(engine.state())
    assert interventions.add(model, layer=2).nodes == ((29,),)
    model.close()


def test_replace_game_restores_an_earlier_network():
    for engine in engines(game()):
        play(engine)
        setups, state = engine.setups, engine.state()
        structural_sequence(engine)
        engine.replace_game(setups, state)
        assert gap(engine.state(), state) == 0
        assert engine.round_number == 5
        engine.close()


def test_changed_network_transfers_to_the_other_engine():
    model = NeuronModel(game())
    structural_sequence(model)
    engine = TensorEngine(model.setup, device="cpu")
    engine.restore(model.state())
    for game_engine in (model, engine):
        play(game_engine)
    assert weights_gap(model, engine) < 1e-12
    model.close()


DENSE, SPARSE = "dense", "sparse(0.6)"
REFUSALS = [
    (DENSE, lambda e: interventions.rewire(e, layer=1), "no connection of layer 1 would move"),
    (SPARSE, lambda e: interventions.rewire(e, layer=1, which="best"), "known are any, weakest"),
    (DENSE, lambda e: interventions.connect(e, layer=1, pairs=[(0, 0)]), "neuron 0 of layer 1 already listens to neuron 0"),
    (DENSE, lambda e: interventions.disconnect(e, layer=1, pairs=[(0, 6)]), r"but no pair \(0, 6\)"),
    (DENSE, lambda e: interventions.connect(e, layer=1, pairs=[3]), r"a listener and a speaker each, such as \[\(0, 3\)\]"),
    (
        DENSE,
        lambda e: interventions.disconnect(e, layer=3, pairs=[(1, p) for p in range(5)]),
        "disconnect output 19",
    ),
    (DENSE, lambda e: interventions.remove(e, layer=2), "no neuron would be left in layer 2"),
    (DENSE, lambda e: interventions.remove(e, layer=3, neurons=0), "layer must be one of the layers 1 to 2, hidden"),
    (DENSE, lambda e: interventions.add(e, layer=0), "belong to the environment, got 0"),
    (DENSE, lambda e: interventions.add(e, layer=1, neurons=0), "neurons must be an integer of 1 or more"),
    (
        DENSE,
        lambda e: interventions.add_layer(e, after=3),
        "layer must be one of the layers 0 to 2, after which another one comes",
    ),
    (DENSE, lambda e: interventions.add_layer(e, after=1, activation="relo"), "did you mean 'relu'"),
    (DENSE, lambda e: interventions.remove_layer(e, layer=3), "hidden, since inputs and outputs belong to the environment"),
]


@pytest.mark.parametrize(("connectivity", "act", "sentence"), REFUSALS, ids=[sentence for _, _, sentence in REFUSALS])
def test_impossible_intervention_is_refused_and_changes_nothing(connectivity, act, sentence):
    engine = TensorEngine(game(connectivity=connectivity), device="cpu")
    before = engine.state()
    with pytest.raises(NeuroNetError, match=sentence):
        act(engine)
    assert gap(engine.state(), before) == 0
    play(engine, 1)


def test_shared_memory_needs_a_fully_connected_layer():
    engine = TensorEngine(game(KeepingPromises(), connectivity="dense"), device="cpu")
    with pytest.raises(NeuroNetError, match="layer 1, which is not fully connected"):
        interventions.disconnect(engine, layer=1, pairs=[(0, 0)])

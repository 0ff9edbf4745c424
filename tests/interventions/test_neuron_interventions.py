"""Lesions, freezing, noise and other policies: what they do, and that both engines do it equally."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet import interventions
from neuronet.core.errors import ConfigurationError, NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import SequentialReplicas, TensorEngine
from neuronet.policies import AttentionSeeking, KeepingPromises, Noisy
from tests.helpers import toys
from tests.interventions import fixtures
from tests.interventions.fixtures import SAMPLES, engines, game, gap, play, weights_gap

OPTIMIZERS = [SGD(), Momentum(), Adam()]


def intervention_sequence(engine):
    """Some of everything, with rounds between."""
    play(engine)
    interventions.lesion(engine, layer=1, neurons=[0, 3])
    play(engine)
    interventions.freeze(engine, layer=2, share=0.4)
    interventions.noise(engine, sigma=0.2, layer=1, share=0.5)
    play(engine)
    interventions.lesion(engine, layer=0, neurons=2)
    interventions.lesion(engine, layer=3, neurons=1)
    play(engine)
    interventions.revive(engine)
    interventions.switch(engine, Noisy(toys.Oja(), sigma=0.2), share=0.5, select="most")
    play(engine)
    return interventions.thaw(engine)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize(
    "policies", [fixtures.POPULATION, toys.Explorer(), KeepingPromises()], ids=["mixed", "explorer", "keeping-promises"]
)
def test_both_engines_agree(policies, optimizer):
    model, engine = engines(
        game(policies, optimizer=optimizer, connectivity="dense" if isinstance(policies, KeepingPromises) else "sparse(0.6)")
    )
    assert intervention_sequence(model) == intervention_sequence(engine)
    for game_engine in (model, engine):
        play(game_engine)
    assert weights_gap(model, engine) < 1e-9
    assert model.setup.silent == model.setup.frozen == frozenset()
    model.close()


@pytest.mark.parametrize("form", [TensorEngine, SequentialReplicas])
def test_replicas_equal_single_runs(form):
    setups = [game(toys.Random(), seed=seed) for seed in (1, 2)]
    several, singles = form(setups, device="cpu"), [TensorEngine(setup, device="cpu") for setup in setups]
    last = [intervention_sequence(engine) for engine in (several, *singles)]
    assert last[0].nodes == (last[1].nodes[0], last[2].nodes[0])
    assert last[0].nodes[0] != last[0].nodes[1]  # a choice of its own
    for place, single in enumerate(singles):
        play(single)
        assert gap(several.state().replica(place), single.state()) > 0
    play(several)
    for place, single in enumerate(singles):
        assert gap(several.state().replica(place), single.state()) < 1e-12


@pytest.mark.parametrize("make", [NeuronModel, lambda setup: TensorEngine(setup, device="cpu")], ids=["agents", "tensors"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_lesion_equals_a_network_without_the_neurons(make, optimizer):
    """The same game in a network without them."""
    setup = game(AttentionSeeking(), optimizer=optimizer, connectivity="dense")
    whole, without = make(setup), make(smaller(setup, gone=[1, 4]))
    interventions.lesion(whole, layer=1, neurons=[1, 4])
    held = whole.network()
    play(whole, 10)
    play(without, 10)
    ours, theirs = whole.network(), without.network()
    rest = [0, 2, 3, 5, 6]
    for mine, other in ((ours.weights[0][rest], theirs.weights[0]), (ours.weights[1][:, rest], theirs.weights[1])):
        np.testing.assert_allclose(mine, other, atol=1e-12)
    np.testing.assert_array_equal(ours.weights[0][[1, 4]], held.weights[0][[1, 4]])
    np.testing.assert_array_equal(ours.weights[1][:, [1, 4]], held.weights[1][:, [1, 4]])  # no response to silence
    for engine in (whole, without):
        engine.close()


def smaller(setup, gone):
    network = setup.network
    weights = (np.delete(network.weights[0], gone, axis=0), np.delete(network.weights[1], gone, axis=1), network.weights[2])
    biases = (np.delete(network.biases[0], gone), *network.biases[1:])
    nodes = (network.nodes[0], np.delete(network.nodes[1], gone), *network.nodes[2:])
    left = replace(network, weights=weights, biases=biases, nodes=nodes)
    return replace(setup, network=left, policies=AttentionSeeking())


def test_silent_neurons_send_nothing_and_revive_restores_them():
    model = NeuronModel(game(AttentionSeeking()))
    play(model)
    before = np.array(model.outputs(SAMPLES.inputs))
    interventions.lesion(model, layer=1, share=0.3)
    silent = [neuron for neuron in model.layers[1] if neuron.silent]
    assert len(silent) == 2
    assert np.abs(model.outputs(SAMPLES.inputs) - before).max() > 0.01
    play(model, 1)
    for neuron in silent:
        assert not model.boards[1].activity[neuron.index].any()
        assert not model.boards[1].demand[neuron.index].any()
    model.close()
    model = NeuronModel(game(AttentionSeeking()))
    play(model)
    interventions.lesion(model, layer=1, share=0.3)
    interventions.revive(model)
    np.testing.assert_array_equal(model.outputs(SAMPLES.inputs), before)
    model.close()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_frozen_neurons_keep_their_weights_and_others_learn(optimizer):
    for engine in engines(game(toys.Oja(), optimizer=optimizer)):  # Oja's own decay would move them without any demand
        play(engine)
        interventions.freeze(engine, layer=1, neurons=[2, 5])
        before = engine.network()
        play(engine)
        after = engine.network()
        moved = np.abs(after.weights[0] - before.weights[0]).max(axis=1)
        assert moved[[2, 5]].max() == 0
        assert np.delete(moved, [2, 5]).min() > 0
        interventions.thaw(engine, layer=1)
        play(engine)
        assert np.abs(engine.network().weights[0] - after.weights[0]).max(axis=1)[[2, 5]].min() > 0
        engine.close()


def test_noise_has_the_given_std_on_connections_only():
    network_before = game(connectivity="sparse(0.6)").network
    engine = TensorEngine(game(), device="cpu")
    interventions.noise(engine, layer=1, neurons=range(1, 7), sigma=0.5)
    change = engine.network().weights[0] - network_before.weights[0]
    mask = network_before.masks[0]
    assert not change[~mask].any()
    assert not change[0].any()
    size = np.sqrt((network_before.weights[0][mask] ** 2).mean())
    assert 0.3 < np.sqrt((change[1:][mask[1:]] ** 2).mean()) / size < 0.7  # 0.5, from about 20 draws


def test_select_most_takes_the_largest_outgoing_weights():
    engine = TensorEngine(game(AttentionSeeking()), device="cpu")
    received = (engine.network().weights[1] ** 2).sum(axis=0)
    event = interventions.lesion(engine, layer=1, share=0.4, select="most")
    assert set(event.nodes[0]) == {6 + place for place in np.argsort(received)[-3:]}


def test_fused_rounds_are_not_used_with_silent_neurons():
    order = np.arange(40)
    quick, slow = (
        TensorEngine(game(AttentionSeeking(), connectivity="dense", activation="relu"), device="cpu") for _ in range(2)
    )
    held = quick.prepare(SAMPLES)
    for act in (lambda engine: None, lambda engine: interventions.lesion(engine, layer=1, neurons=1), interventions.revive):
        for engine in (quick, slow):
            act(engine)
        quick.play_rounds(held, order, 8)
        play(slow, 5)
    assert weights_gap(quick, slow) < 1e-12


def test_both_engines_agree_with_delayed_messages():
    model, engine = engines(game(toys.Explorer(), optimizer=Adam(), channels=("demand:delay(2)", "activity:k-winners(0.6)")))
    assert intervention_sequence(model) == intervention_sequence(engine)
    for game_engine in (model, engine):
        play(game_engine)
    assert weights_gap(model, engine) < 1e-9
    model.close()


def test_state_with_silent_neurons_transfers_between_engines():
    model = NeuronModel(game())
    interventions.lesion(model, layer=2, neurons=1)
    play(model)
    engine = TensorEngine(model.setup, device="cpu")
    engine.restore(model.state())
    for game_engine in (model, engine):
        play(game_engine)
    assert weights_gap(model, engine) < 1e-12
    model.close()


REFUSALS = [
    (lambda e: interventions.lesion(e, layer=1, neurons=[7]), "layer 1 has neurons 0 to 6, but no 7"),
    (lambda e: interventions.lesion(e, layer=4), "layer must be one of the layers 0 to 3"),
    (lambda e: interventions.freeze(e, layer=0), "layer must be one of the layers 1 to 3"),
    (lambda e: interventions.lesion(e, neurons=[1]), "give layer with them"),
    (lambda e: interventions.lesion(e, layer=1, neurons=[1], share=0.5), "and no share"),
    (lambda e: interventions.lesion(e, layer=1, neurons=[]), "indices within the layer"),
    (lambda e: interventions.lesion(e, layer=1, share=0.01), "0.01 .* of the 7 neurons of layer 1"),
    (lambda e: interventions.lesion(e, layer=1, share=2.0), "share must be a number above 0 and at most 1"),
    (lambda e: interventions.lesion(e, layer=1, select="most"), "give share with it"),
    (lambda e: interventions.lesion(e, layer=1, share=0.5, select="luck"), "known are least, most, random"),
    (lambda e: interventions.lesion(e, layer=3, share=0.5, select="most"), "output neurons have no listeners"),
    (interventions.revive, r"revive: none of these neurons is silent"),
    (lambda e: interventions.thaw(e, layer=2), "none of these neurons of layer 2 is frozen"),
    (lambda e: interventions.noise(e, sigma=-1), "sigma must be a finite number above 0"),
    (lambda e: interventions.switch(e, "greedy"), "a policy must be an instance of a subclass of neuronet.Policy"),
    (
        lambda e: interventions.apply_intervention(e, "lesion"),
        "an intervention must be a dataclass such as neuronet.interventions.Lesion, got str",
    ),
]


@pytest.mark.parametrize(("act", "sentence"), REFUSALS, ids=[sentence for _, sentence in REFUSALS])
def test_impossible_intervention_is_refused_and_changes_nothing(act, sentence):
    engine = TensorEngine(game(), device="cpu")
    before = engine.state()
    with pytest.raises(NeuroNetError, match=sentence):
        act(engine)
    assert gap(engine.state(), before) == 0


def test_interventions_are_an_attribute_of_the_package():
    import neuronet

    assert neuronet.interventions.lesion is interventions.lesion
    assert "interventions" in dir(neuronet)


def test_comparison_refuses_interventions():
    from neuronet import compare

    with pytest.raises(NeuroNetError, match="interventions is not an option"):
        compare("xor", ["greedy"], interventions=["1: revive()"])


def test_silent_node_outside_the_network_is_refused():
    with pytest.raises(NeuroNetError, match="node 99 is not in the network"):
        game(silent=frozenset({99}))


@pytest.mark.parametrize("layer", [0.5, -1, True, "1"])
def test_layer_must_be_an_integer(layer):
    with pytest.raises(ConfigurationError, match="noise: layer must be an integer"):
        interventions.Noise(layer)

"""Update schedules: equal on both engines where both support them, fixed by the seed, and resumable."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import neuronet
from neuronet.cli.main import start
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.learning.update_schedule import (
    UPDATE_SCHEDULES,
    Inactive,
    PartialUpdate,
    RandomSequential,
    Synchronous,
    UpdateSchedule,
)
from neuronet.core.structure.population import Group
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import State
from neuronet.engines.parity import compare
from neuronet.engines.tensors import DataParallelEngine, SequentialReplicas, TensorEngine
from neuronet.policies import AttentionSeeking, KeepingPromises
from neuronet.registry import build_network, parse_update_schedule
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, SIZES, game, identical, max_difference, play
from tests.helpers.paths import ROOT

MASKED = ["partial(0.5)", "inactive(0.4)", "inactive(0.5, rounds=3)"]
MIXED = [[Group(toys.Saver(), (0, 3)), Group(toys.Critic(), (1, 2, 4))], toys.Hopeful(), toys.Jealous()]
POLICIES = [toys.Backprop(), toys.Explorer(), toys.Tiring(toys.Saver()), toys.Hopeful(), toys.Direct(), toys.Inert(), MIXED]


def changed(before: State, after: State, layer: int):
    """Which neurons of a layer have another weight, bias or velocity, (J,)."""
    old, new = (state.layer(layer).buffers for state in (before, after))
    pairs = [(getattr(old[name], part), getattr(new[name], part)) for name in old for part in ("weights", "bias")]
    return np.any([(one != other).reshape(SIZES[layer], -1).any(axis=1) for one, other in pairs], axis=0)


@pytest.mark.parametrize("update_schedule", MASKED)
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam(epsilon=1e-4)], ids=repr)
def test_engines_give_equal_results(update_schedule, optimizer):
    for number, policy in enumerate(POLICIES):
        connectivity = ("dense", "sparse(0.5)")[number % 2]
        setup = game(policy, connectivity=connectivity, optimizer=optimizer, update_schedule=update_schedule, learning_rate=0.02)
        assert compare(setup, SAMPLES, batch_size=6, rounds=6).largest <= 1e-10, policy


@pytest.mark.parametrize("channels", ["demand:delay(2)", "activity:k-winners(0.5)"])
def test_engines_give_equal_results_with_channels(channels):
    for policy in POLICIES[1:4]:
        assert (
            compare(
                game(policy, channels=channels, optimizer=Momentum(), update_schedule="partial(0.5)"), SAMPLES, rounds=6
            ).largest
            <= 1e-10
        )
    awake = game(toys.Backprop(), channels="activity:k-winners(0.5)", update_schedule="inactive(0.4)")
    assert compare(awake, SAMPLES, rounds=6).largest <= 1e-10


@pytest.mark.parametrize(("name", "update_schedule"), [*product(ENGINES, MASKED), ("agents", "random-sequential")])
def test_restored_game_continues_bit_for_bit(name, update_schedule):
    for policy in POLICIES[1:4]:
        setup = game(policy, optimizer=Momentum(), update_schedule=update_schedule)
        unbroken = play(ENGINES[name](setup), 6).state()
        first, resumed = play(ENGINES[name](setup), 3), ENGINES[name](setup)
        resumed.restore(copy.deepcopy(first.state()))
        assert identical(play(resumed, 3).state(), unbroken)
        first.outputs(SAMPLES.inputs)
        assert identical(play(first, 3).state(), unbroken)


@pytest.mark.parametrize("kind", [TensorEngine, SequentialReplicas])
@pytest.mark.parametrize("update_schedule", MASKED)
def test_replicas_equal_single_runs(update_schedule, kind):
    base = game(toys.Tiring(toys.Saver()), optimizer=Momentum(), update_schedule=update_schedule)
    setups = [replace(base, seed=seed, network=build_network(SIZES, seed=seed)) for seed in (3, 4)]
    together = kind(setups, device="cpu")
    for number in range(5):
        batch = SAMPLES.at(BATCHES.indices(number))
        together.play(np.stack([batch.inputs] * 2), np.stack([batch.targets] * 2))
    for place, setup in enumerate(setups):
        assert max_difference(together.state().replica(place), play(ENGINES["tensors"](setup), 5).state()) <= 1e-12


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=repr)
def test_only_the_selected_share_adapts(name, optimizer):
    setup = game(toys.Saver(), optimizer=optimizer, update_schedule="partial(0.4)")
    engine = ENGINES[name](setup)
    for number in range(4):
        before = engine.state()
        after = play(engine, 1).state()
        for layer in (1, 2, 3):
            acting = setup.update_schedule.update_mask(setup.seed, layer, SIZES[layer], number)
            assert acting.sum() == round(0.4 * SIZES[layer])
            np.testing.assert_array_equal(changed(before, after, layer), acting)
            income = before.layer(layer).memories[0]["income"] != after.layer(layer).memories[0]["income"]
            np.testing.assert_array_equal(income.any(axis=1), acting)


@pytest.mark.parametrize("name", ENGINES)
def test_partial_round_equals_the_synchronous_round_for_active_neurons(name):
    setup = game(AttentionSeeking(), optimizer=Momentum())
    whole = play(ENGINES[name](setup), 1).network()
    part = play(ENGINES[name](replace(setup, update_schedule=PartialUpdate(0.5))), 1).network()
    for layer, (ours, all_of_them, first) in enumerate(
        zip(part.weights, whole.weights, setup.network.weights, strict=True), start=1
    ):
        acting = PartialUpdate(0.5).update_mask(setup.seed, layer, SIZES[layer], 0)[:, None]
        np.testing.assert_allclose(ours, np.where(acting, all_of_them, first), atol=1e-15)


@pytest.mark.parametrize("name", ENGINES)
def test_inactive_neurons_are_silent_except_in_evaluation(name):
    """A round with sleepers is a round of a network without them."""
    setup = game(AttentionSeeking(), update_schedule="inactive(0.4)")
    engine = ENGINES[name](setup)
    awake = [np.ones(SIZES[0], bool)]
    awake += [setup.update_schedule.active_mask(setup.seed, layer, SIZES[layer], 0) for layer in (1, 2)] + [
        np.ones(SIZES[3], bool)
    ]
    assert [each.sum() for each in awake] == [6, 3, 2, 3]
    smaller = replace(
        setup,
        update_schedule=Synchronous(),
        network=neuronet.Network(
            tuple(w[np.ix_(awake[n + 1], awake[n])] for n, w in enumerate(setup.network.weights)),
            tuple(b[awake[n + 1]] for n, b in enumerate(setup.network.biases)),
            (None,) * 3,
            setup.network.activations,
            tuple(nodes[each] for nodes, each in zip(setup.network.nodes, awake, strict=True)),
        ),
        policies=AttentionSeeking(),
    )
    outputs = np.asarray(engine.outputs(SAMPLES.inputs))
    np.testing.assert_allclose(outputs, np.asarray(ENGINES[name](game(AttentionSeeking())).outputs(SAMPLES.inputs)), atol=1e-14)
    np.testing.assert_allclose(
        np.asarray(engine.play(SAMPLES.inputs, SAMPLES.targets)),
        np.asarray((other := ENGINES[name](smaller)).play(SAMPLES.inputs, SAMPLES.targets)),
        atol=1e-14,
    )
    ours, theirs = engine.network(), other.network()
    for n, (w, small) in enumerate(zip(ours.weights, theirs.weights, strict=True)):
        np.testing.assert_allclose(w[np.ix_(awake[n + 1], awake[n])], small, atol=1e-14)
        first = setup.network.weights[n]
        np.testing.assert_array_equal(w[~awake[n + 1]], first[~awake[n + 1]])
        np.testing.assert_array_equal(w[:, ~awake[n]], first[:, ~awake[n]])


def test_inactive_neurons_stay_the_same_for_the_given_rounds():
    nights = [Inactive(0.5, rounds=3).active_mask(1, 1, 40, number).tolist() for number in range(7)]
    assert nights[0] == nights[1] == nights[2] != nights[3]
    assert nights[3] == nights[4] == nights[5] != nights[6]


@pytest.mark.parametrize("update_schedule", [PartialUpdate(0.01), Inactive(0.99)], ids=repr)
def test_one_neuron_always_stays_active(update_schedule):
    chosen = (
        update_schedule.update_mask(1, 1, 3, 0)
        if isinstance(update_schedule, PartialUpdate)
        else update_schedule.active_mask(1, 1, 3, 0)
    )
    assert chosen.sum() == 1


# -- one after another


def test_random_sequential_updates_are_seen_by_later_neurons():
    """A round written out for a network of one hidden and one output neuron, in either order."""
    network = build_network((2, 1, 1), activation="tanh", seed=3)
    orders = set()
    for seed in range(4):
        setup = replace(
            game(AttentionSeeking()), network=network, policies=AttentionSeeking(), seed=seed, update_schedule=RandomSequential()
        )
        setup = replace(setup, payoff=neuronet.SquaredError())
        inputs, targets = np.array([[0.3, -0.7], [1.0, 0.2]]), np.array([[0.5], [-0.4]])
        model = NeuronModel(setup)
        model.play(inputs, targets)
        (w1, w2), (b1, b2) = ([np.array(each) for each in some] for some in (network.weights, network.biases))
        said = np.tanh(inputs @ w1.T + b1)
        output_demand = setup.payoff.feedback(np, said @ w2.T + b2, targets)  # evaluated once a round
        order = RandomSequential().order(seed, 2, 0).tolist()
        orders.add(tuple(order))
        for place in order:
            said = np.tanh(inputs @ w1.T + b1)
            if place == 1:
                w2, b2 = w2 + 0.05 * output_demand.T @ said / 2, b2 + 0.05 * output_demand.mean(axis=0)
            else:
                demand = (output_demand @ w2) * (1 - said**2)
                w1, b1 = w1 + 0.05 * demand.T @ inputs / 2, b1 + 0.05 * demand.mean(axis=0)
        after = model.network()
        for ours, theirs in zip((*after.weights, *after.biases), (w1, w2, b1, b2), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-14)
        np.testing.assert_allclose(model.boards[1].activity.T, np.tanh(inputs @ w1.T + b1), atol=1e-14)
    assert orders == {(0, 1), (1, 0)}


def test_random_order_changes_every_round_and_is_independent_of_mesa():
    orders = [RandomSequential().order(1, 30, number).tolist() for number in range(3)]
    assert orders[0] != orders[1] != orders[2]
    setup = game(toys.Explorer(), update_schedule="random-sequential")
    assert identical(play(NeuronModel(setup, shuffle=True), 3).state(), play(NeuronModel(setup), 3).state())
    assert not identical(
        play(NeuronModel(setup), 1).state(), play(NeuronModel(replace(setup, update_schedule=Synchronous())), 1).state()
    )


# -- how they are given, and what is refused


@pytest.mark.parametrize("name", UPDATE_SCHEDULES)
def test_names_are_parsed(name):
    assert parse_update_schedule(name) == UPDATE_SCHEDULES[name]()
    assert UPDATE_SCHEDULES[name]().is_synchronous == (name == "synchronous")


WRONG = {
    "partial(0)": "share must be a number above 0 and at most 1, got 0",
    "inactive(1)": "share must be a number from 0 to below 1, got 1",
    "inactive(0.1, rounds=0)": "rounds must be an integer of 1 or more, got 0",
    "parcial": "unknown update schedule 'parcial': did you mean 'partial'? known are",
    "linear": "unknown update schedule 'linear'",
}


@pytest.mark.parametrize("text", WRONG)
def test_invalid_schedules_are_refused(text):
    with pytest.raises(NeuroNetError) as caught:
        parse_update_schedule(text)
    assert str(caught.value).startswith(WRONG[text])


REFUSED = [
    (
        lambda: TensorEngine(game(toys.Backprop(), update_schedule="random-sequential")),
        "update schedule random-sequential needs engine agents",
    ),
    (
        lambda: game(toys.Backprop(), update_schedule="random-sequential", channels="demand:dropout"),
        "random-sequential",
    ),
    (
        lambda: game(toys.Backprop(), update_schedule="inactive", channels="demand:delay"),
        "delayed demands.*inactive",
    ),
    (
        lambda: game(KeepingPromises(), update_schedule="partial"),
        "shares memory 'projector'.*synchronous",
    ),
    (
        lambda: DataParallelEngine(game(toys.Backprop(), update_schedule="partial")),
        "several processes need the synchronous update schedule",
    ),
    (
        lambda: neuronet.train("xor", update_schedule="random-sequential", engine="tensors"),
        "update schedule random-sequential needs engine agents",
    ),
    (
        lambda: neuronet.train("xor", update_schedule="random-sequential", replicas=2),
        "the agent engine needs 1 replica, got 2 replicas",
    ),
    (
        lambda: TensorEngine([game(toys.Backprop()), game(toys.Backprop(), update_schedule="partial")]),
        "replicas must have equal setups",
    ),
]


@pytest.mark.parametrize(("make", "match"), REFUSED)
def test_unsupported_combinations_raise(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()


def test_runs_save_and_resume_schedules(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = ["run", "xor", "--update-schedule", "inactive(0.3)", "--hidden", "6", "--epochs", "1", "--out", "here"]
    monkeypatch.setattr(sys, "argv", ["neuronet", *words])
    assert start() == 0
    assert json.loads(Path("here/config.json").read_text())["update_schedule"] == "inactive(share=0.3, rounds=1)"
    options = {"update_schedule": PartialUpdate(0.5), "hidden": 6, "lr_schedule": "constant", "batch_size": 48}
    unbroken = neuronet.train("xor", epochs=3, **options)
    neuronet.train("xor", epochs=1, out="there", **options)
    resumed = neuronet.resume("there", epochs=3)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(resumed.network.weights, unbroken.network.weights, strict=True))
    one_by_one = neuronet.train("xor", epochs=1, **{**options, "update_schedule": "random-sequential"})
    assert one_by_one.config.engine == "agents"


def test_engines_agree_on_a_custom_schedule():
    class Odd(UpdateSchedule):
        def update_mask(self, seed, layer, neurons, number):
            return np.arange(neurons) % 2 == number % 2

    setup = game(toys.Saver(), update_schedule=Odd())
    assert compare(setup, SAMPLES, rounds=4).largest <= 1e-12


def test_all_are_listed_and_documented(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "update-schedules"])
    assert start() == 0
    listed = capsys.readouterr().out
    page = (ROOT / "docs" / "update-schedules.md").read_text(encoding="utf-8")
    for name, cls in UPDATE_SCHEDULES.items():
        assert f"  {name} " in listed
        assert f"`{name}`" in page
        assert cls is Synchronous or (f"`{cls.__name__}(" in page and f"\n## {name}\n" in page)

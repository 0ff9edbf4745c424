"""Policies assigned during a game."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError, StateError
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.structure.population import Group, Population
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, transfer_state
from neuronet.engines.base.state_transfer import with_policies
from neuronet.engines.tensors import SequentialReplicas, TensorEngine
from neuronet.policies import AttentionSeeking, Noisy, RandomFeedback
from neuronet.registry import build_network
from tests.helpers import toys

SAMPLES = Samples(np.random.default_rng(1).standard_normal((40, 6)), np.arange(40) % 3)

FIRST = (
    (Group(toys.Saver(), (0, 2, 5, 6)), Group(toys.Random(), (1, 3, 4))),
    (Group(toys.Backprop(), (0, 1, 4)), Group(toys.Jealous(), (2, 3))),
    toys.Critic(),
)
THEN = (
    (Group(toys.Hopeful(), (1, 6)), Group(toys.Random(), (3, 4, 5)), Group(toys.Saver(), (0, 2))),
    Noisy(toys.Oja(), sigma=0.2),
    (Group(toys.Critic(), (0,)), Group(toys.Tiring(toys.Saver()), (1, 2))),
)


def game(policies=FIRST, seed=3, connectivity="sparse(0.6)", rate=0.05):
    network = build_network((6, 7, 5, 3), connectivity=connectivity, activation="tanh", seed=seed)
    return Setup(network, policies, optimizer=Momentum(), learning_rate=rate, seed=seed)


def play(engine, rounds, first=0):
    for number in range(first, first + rounds):
        part = slice(8 * (number % 5), 8 * (number % 5) + 8)
        engine.play(SAMPLES.inputs[part], SAMPLES.targets[part])


def gap(one, other):
    first, second = one.to_arrays(), other.to_arrays()
    assert first.keys() == second.keys()
    return max(float(np.abs(first[name] - second[name]).max(initial=0.0)) for name in first)


def weights_gap(one, other):
    return max(float(np.abs(a - b).max()) for a, b in zip(one.network().weights, other.network().weights, strict=True))


def test_both_engines_continue_equally():
    model, engine = NeuronModel(game()), TensorEngine(game(), device="cpu")
    for player in (model, engine):
        play(player, 10)
        player.assign(THEN)
        play(player, 10, 10)
        player.assign(Population.shares([(toys.Saver(), 0.5), (toys.Hopeful(), 0.5)]))
        play(player, 10, 20)
    assert model.round_number == engine.round_number == 30
    assert weights_gap(model, engine) < 1e-9
    model.close()


def test_memory_stays_with_an_unchanged_policy():
    engine = TensorEngine(game(connectivity="dense"), device="cpu")
    born = engine.state().to_arrays()
    play(engine, 7)
    before = engine.state()
    engine.assign(THEN)
    after = engine.state()
    assert (after.round, engine.round_number) == (7, 7)
    for layer in (1, 2, 3):
        for name in ("weights", "bias", "velocity.weights", "velocity.bias"):
            np.testing.assert_array_equal(after.to_arrays()[f"{layer}.{name}"], before.to_arrays()[f"{layer}.{name}"])
    income = before.to_arrays()["1.group0.income"]
    assert income.min() >= 0
    assert income.max() > 0
    np.testing.assert_array_equal(after.to_arrays()["1.group2.income"], income[[0, 1]])  # neurons 0 and 2
    back = before.to_arrays()["1.group1.back"]
    np.testing.assert_array_equal(after.to_arrays()["1.group1.back"][:2], back[[1, 2]])  # neurons 3 and 4
    whole = TensorEngine(game(toys.Random(), connectivity="dense"), device="cpu").state().to_arrays()["1.group0.back"]
    np.testing.assert_array_equal(after.to_arrays()["1.group1.back"][2], whole[5])  # neuron 5 as it would have been born
    np.testing.assert_array_equal(back, born["1.group1.back"])
    np.testing.assert_array_equal(after.to_arrays()["1.group0.hope"], 0)
    assert set(after.to_arrays()["3.group0.baseline"]) == {before.to_arrays()["3.group0.baseline"][0]}


def test_assigning_the_old_policy_restores_nothing_else():
    model = NeuronModel(game(AttentionSeeking()))
    play(model, 3)
    before = model.state()
    model.assign(RandomFeedback())
    model.assign(AttentionSeeking())
    assert gap(model.state(), before) == 0
    model.close()


@pytest.mark.parametrize("form", [TensorEngine, SequentialReplicas])
def test_replicas_have_different_members(form):
    population = Population.shares([(toys.Saver(), 0.5), (toys.Random(), 0.5)])
    setups = [game(seed=seed, rate=rate) for seed, rate in ((1, 0.05), (2, 0.02))]
    several = form(setups, device="cpu")
    singles = [TensorEngine(setup, device="cpu") for setup in setups]
    for engine in (several, *singles):
        play(engine, 4)
        engine.assign(population)
        play(engine, 4, 4)
    assert several.setups[0].groups(1)[0].members != several.setups[1].groups(1)[0].members
    for place, single in enumerate(singles):
        assert gap(several.state().replica(place), single.state()) < 1e-12


def test_transfer_state_does_not_change_its_argument():
    setups = [game()]
    engine = TensorEngine(setups, device="cpu")
    play(engine, 3)
    state = engine.state()
    copies = state.map(np.copy)
    changed = transfer_state(state, setups, with_policies(setups, THEN))
    for array in changed.arrays.values():
        array[...] = 7
    assert gap(state, copies) == 0


def test_refused_policies_change_nothing():
    engine = TensorEngine(game(), device="cpu")
    before = engine.state()
    with pytest.raises(NeuroNetError, match="one for each of 3 listening layers"):
        engine.assign((toys.Backprop(),) * 2)
    with pytest.raises(StateError, match="incompatible state"):
        transfer_state(before, [game(THEN)], [game()])
    assert gap(engine.state(), before) == 0
    play(engine, 1)

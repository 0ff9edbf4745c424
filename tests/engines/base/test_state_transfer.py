"""A game goes on from its state, on either engine, as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError, StateError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.engines.base import State
from neuronet.engines.parity import compare
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking, Greedy, Noisy, TremblingHand
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, SIZES, game, identical, max_difference, play

POLICIES = [AttentionSeeking(p=3, foresight=1), Greedy(2), Noisy(TremblingHand(tremble=0.2)), *toys.TOYS[1:]]
OPTIMIZERS = [SGD(), Momentum(), Adam()]


@pytest.fixture
def start():
    """Makes engines that are closed after the test."""
    made = []

    def make(name, setup):
        made.append(ENGINES[name](setup))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def weights_and_biases(state: State) -> State:
    return replace(state, layers=tuple(replace(layer, memories=()) for layer in state.layers))


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_restored_state_is_identical(start, name, policy):
    setup = game(policy, optimizer=Adam(), learning_rate=0.01)
    state = play(start(name, setup), 3).state()
    fresh = start(name, setup)
    fresh.restore(state)
    assert identical(fresh.state(), state)
    assert fresh.round_number == 3


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_same_engine_continues_bit_for_bit(start, name, connectivity, policy):
    setup = game(policy, connectivity=connectivity, optimizer=Momentum())
    unbroken = play(start(name, setup), 4)
    resumed = start(name, setup)
    resumed.restore(play(start(name, setup), 2).state())
    play(resumed, 2)
    ours, theirs = resumed.state(), unbroken.state()
    if connectivity != "dense":  # what the tensor engine keeps for connections that are not there does not matter
        ours, theirs = weights_and_biases(ours), weights_and_biases(theirs)
    assert identical(ours, theirs)


ROUTES = {"from agents": ("agents", "tensors", "agents"), "from tensors": ("tensors", "agents", "tensors")}
SWITCHES = [("from agents", "dense", SGD()), ("from tensors", "dense", Adam()), ("from agents", "sparse(0.5)", Momentum())]
OTHER_SWITCHES = [case for case in product(ROUTES, ["dense", "sparse(0.5)"], OPTIMIZERS) if case not in SWITCHES]


@pytest.mark.parametrize(
    ("route", "connectivity", "optimizer"),
    [*SWITCHES, *(pytest.param(*case, marks=pytest.mark.exhaustive) for case in OTHER_SWITCHES)],
    ids=str,
)
def test_game_continues_on_the_other_engine(start, route, connectivity, optimizer):
    for policy in POLICIES:
        setup = game(policy, connectivity=connectivity, optimizer=optimizer, learning_rate=0.02)
        names = ROUTES[route]
        unbroken = play(start(names[0], setup), 6)
        state = None
        for name in names:
            engine = start(name, setup)
            if state is not None:
                engine.restore(state)
            state = play(engine, 2).state()
        assert max_difference(weights_and_biases(state), weights_and_biases(unbroken.state())) <= 1e-9, policy
        if connectivity == "dense":
            assert max_difference(state, unbroken.state()) <= 1e-9, policy


@pytest.mark.parametrize("name", ENGINES)
def test_a_state_is_a_copy(start, name):
    engine = play(start(name, game(toys.Saver(), optimizer=Momentum())), 2)
    state = engine.state()
    before = state.map(np.copy)
    play(engine, 2)
    assert identical(state, before)


@pytest.mark.parametrize("name", ENGINES)
def test_restored_engine_copies_the_state(start, name):
    setup = game(toys.Saver(), optimizer=Momentum())
    state = play(start(name, setup), 2).state()
    engine = start(name, setup)
    engine.restore(state)
    for array in state.to_arrays().values():
        array[...] = np.nan
    assert max_difference(play(engine, 2).state(), play(start(name, setup), 4).state()) == 0.0


@pytest.mark.parametrize("name", ENGINES)
def test_a_state_may_be_read_only(start, name):
    """As arrays from a file may be."""
    setup = game(toys.Saver(), optimizer=Momentum())
    state = play(start(name, setup), 2).state()
    for array in state.to_arrays().values():
        array.flags.writeable = False
    engine = start(name, setup)
    engine.restore(state)
    assert identical(engine.state(), state)


@pytest.mark.parametrize("name", ENGINES)
def test_inputs_may_be_read_only(start, name):
    inputs = np.broadcast_to(np.linspace(0.0, 1.0, SIZES[0]), (4, SIZES[0]))
    targets = np.broadcast_to(np.int64(1), 4)
    assert np.isfinite(np.asarray(start(name, game(toys.Backprop())).play(inputs, targets))).all()


OTHER_GAMES = {
    "sizes": lambda: replace(game(toys.Saver()), network=build_network((6, 5, 5, 3), activation="tanh")),
    "depth": lambda: replace(game(toys.Saver()), network=build_network((6, 5, 3)), policies=toys.Saver()),
    "optimizer": lambda: game(toys.Saver(), optimizer=Momentum()),
    "memory": lambda: game(toys.Inert()),
    "no memory": lambda: game(toys.Backprop()),
}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("difference", ["sizes", "optimizer", "memory", "no memory"])
def test_a_state_of_another_game_is_refused(start, name, difference):
    foreign = start("tensors", OTHER_GAMES[difference]()).state()
    engine = play(start(name, game(toys.Saver())), 2)
    before = engine.state()
    with pytest.raises(StateError, match="incompatible state: '") as caught:
        engine.restore(foreign)
    assert "\n" not in str(caught.value)
    assert identical(engine.state(), before)


@pytest.mark.parametrize("name", ENGINES)
def test_a_missing_array_is_named(start, name):
    engine = start(name, game(toys.Backprop()))
    arrays = engine.state().to_arrays()
    del arrays["2.bias"]
    with pytest.raises(StateError, match=r"'2\.bias' is missing"):
        engine.restore(State.from_arrays(0, arrays))
    arrays["2.bias"], arrays["9.bias"] = np.zeros(SIZES[2]), np.zeros(1)
    with pytest.raises(StateError, match=r"'9\.bias' is unknown"):
        engine.restore(State.from_arrays(0, arrays))


def test_a_state_of_replicas_is_for_replicas(start):
    several = TensorEngine([game(toys.Backprop()), game(toys.Backprop(), seed=9)], device="cpu")
    with pytest.raises(NeuroNetError, match=r"'1.weights' must have shape \(5, 6\), got \(2, 5, 6\)"):
        start("agents", game(toys.Backprop())).restore(several.state())
    with pytest.raises(NeuroNetError, match=r"'1.weights' must have shape \(2, 5, 6\), got \(5, 6\)"):
        several.restore(start("agents", game(toys.Backprop())).state())


def test_replica_continues_as_an_agent_model(start):
    setups = [game(toys.Saver(), connectivity="sparse(0.5)", seed=seed, network_seed=seed) for seed in (4, 5)]
    several = play(TensorEngine(setups, device="cpu"), 3)
    model = start("agents", setups[1])
    model.restore(several.state().replica(1))
    play(model, 3)
    play(several, 3)
    assert max_difference(weights_and_biases(model.state()), weights_and_biases(several.state().replica(1))) <= 1e-9


@pytest.mark.parametrize("name", ENGINES)
def test_network_is_returned_unchanged(start, name):
    setup = game(AttentionSeeking(), connectivity="sparse(0.5)")
    engine = play(start(name, setup), 3)
    network, state = engine.network(), engine.state()
    for layer in (1, 2, 3):
        np.testing.assert_array_equal(network.weights[layer - 1], state.layer(layer).weights)
        np.testing.assert_array_equal(network.biases[layer - 1], state.layer(layer).bias)
        assert not np.array_equal(network.weights[layer - 1], setup.network.weights[layer - 1])
    again = start(name, replace(setup, network=network))
    inputs = np.random.default_rng(0).standard_normal((4, SIZES[0]))
    np.testing.assert_array_equal(np.asarray(again.outputs(inputs)), np.asarray(engine.outputs(inputs)))


def test_single_precision_state_transfers():
    samples = Samples(np.random.default_rng(1).standard_normal((20, 6)), np.arange(20) % 3)
    for policy in (AttentionSeeking(), Noisy(), toys.Saver()):
        assert compare(game(policy, dtype="float32"), samples, batch_size=6, rounds=10, resync=True).largest < 1e-6

"""Channels that are added, replaced or removed during a game, and the state of the router."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Momentum
from neuronet.engines.base import State
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import SignSymmetric
from neuronet.registry import as_channels
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, game, identical, max_difference, play


@pytest.mark.parametrize("name", ENGINES)
def test_channels_can_be_replaced_during_a_game(name):
    setup = game(toys.Saver(), optimizer=Momentum(), channels="demand:delay(2)")
    engine = play(ENGINES[name](setup), 4)
    before = engine.state()
    assert before.messages
    engine.use_channels(as_channels("demand:dropout(0.5)"))
    kept = before.without_messages()
    assert identical(engine.state(), kept)
    fresh = ENGINES[name](replace(setup, channels=as_channels("demand:dropout(0.5)")))
    fresh.restore(kept)
    assert identical(play(engine, 3).state(), play(fresh, 3).state())
    with pytest.raises(NeuroNetError, match=r"at most 2, .*got 7"):
        engine.use_channels(as_channels("demand@7:dropout"))


@pytest.mark.parametrize("name", ENGINES)
def test_removed_channels_leave_no_state(name):
    setup = game(toys.Backprop())
    engine = play(ENGINES[name](replace(setup, channels=as_channels("activity:dropout(0.5)"))), 2)
    engine.use_channels(())
    fresh = ENGINES[name](setup)
    fresh.restore(engine.state())
    assert max_difference(play(engine, 2).state(), play(fresh, 2).state()) <= 1e-14


def test_engines_agree_on_delays_added_during_a_game():
    states = []
    for name in ENGINES:
        engine = play(ENGINES[name](game(toys.Saver(), optimizer=Momentum())), 3)
        engine.use_channels(as_channels("demand:delay(2)"))
        states.append(play(engine, 5).state())
    assert max_difference(*states) <= 1e-12


@pytest.mark.parametrize("name", ENGINES)
def test_policies_may_change_while_demands_are_delayed(name):
    setup = game(toys.Backprop(), channels="demand:delay(2)")
    engine = play(ENGINES[name](setup), 4)
    under_way = engine.state().messages
    engine.assign(SignSymmetric())
    after = engine.state().messages
    assert all(np.array_equal(after[key], array) for key, array in under_way.items())
    play(engine, 3)


WRONG = {
    "1.history.9.speaker_activity": (np.zeros((6, 6)), "'1.history.9.speaker_activity' is not an array"),
    "1.history.1.speaker_activity": (np.zeros((6, 7)), "'1.history.1.speaker_activity' must have 2 axes, the last of 6"),
    "1.history.1.reward": (None, "'1.history.1.reward' is missing"),
    "1.in_flight.activity.0.1": (np.zeros((6, 5)), "'1.in_flight.activity.0.1' is not an array"),
    "1.in_flight.demand.0.1": (np.zeros((6, 3)), "'1.in_flight.demand.0.1' must have 2 axes, the last of 4"),
}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("key", WRONG)
def test_incompatible_router_state_raises(name, key):
    engine = play(ENGINES[name](game(toys.Backprop(), channels="demand:delay(1)")), 3)
    array, sentence = WRONG[key]
    arrays = {**engine.state().to_arrays(), key: array}
    if array is None:
        del arrays[key]
    with pytest.raises(NeuroNetError, match=re.escape(f"incompatible state: {sentence}")):
        engine.restore(State.from_arrays(3, arrays))
    with pytest.raises(NeuroNetError, match=r"incompatible state: '1\.(history|in_flight)\."):
        ENGINES[name](game(toys.Backprop())).restore(engine.state())


def test_replicas_share_their_channels():
    with pytest.raises(NeuroNetError, match="replicas must have equal setups"):
        TensorEngine([game(toys.Backprop()), game(toys.Backprop(), channels="demand:dropout")])

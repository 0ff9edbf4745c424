"""Every channel of the registry, in both directions: equal engines, and games that go on from a state."""

from __future__ import annotations

import pytest

from neuronet.channels import CHANNELS
from neuronet.core.learning.optimizers import Momentum
from neuronet.engines.parity import compare
from neuronet.policies import AttentionSeeking
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, game, identical, play

POLICIES = (toys.Noisy(toys.Oja(), sigma=0.2), AttentionSeeking(), toys.Critic())
DEMANDS_ONLY = {"delay"}  # an activity must arrive in its own round
PLACES = [f"activity:{name}" for name in CHANNELS if name not in DEMANDS_ONLY] + [f"demand:{name}" for name in CHANNELS]


@pytest.mark.parametrize("channel", PLACES)
def test_engines_agree(channel):
    setup = game(POLICIES, optimizer=Momentum(), channels=channel, learning_rate=0.02)
    assert compare(setup, SAMPLES, batch_size=6, rounds=6).largest <= 1e-10


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("channel", PLACES)
def test_restored_game_equals_unbroken_game(channel, engine):
    setup = game(POLICIES, optimizer=Momentum(), channels=channel)
    resumed = ENGINES[engine](setup)
    resumed.restore(play(ENGINES[engine](setup), 3).state())
    assert identical(play(resumed, 4).state(), play(ENGINES[engine](setup), 7).state())

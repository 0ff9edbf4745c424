"""Slopes over several rounds equal finite differences of rounds that the engine plays."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from neuronet.core import SGD, Batches, ConfigurationError
from neuronet.engines.base import SynapseArrays
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.games.reaction.differentiable_round import DifferentiableRound
from neuronet.games.reaction.horizon import COSINES, batches_from, discounted_slopes, horizon_slopes
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.profiles import parse_profile
from neuronet.games.simulation.training import train_profile

GAME = GameSetup(Digits(), hidden=(5, 4), activation="tanh", learning_rate=0.3)
STEP, DISCOUNT = 1e-4, 0.8


def played_value(start, layer, neuron, step, rounds):
    """Return the discounted attention of a neuron over rounds that the engine plays after a move of its synapses."""
    setup = replace(setup_of(GAME, start.layers, start.network, start.seed), optimizer=SGD())
    value = 0.0
    with closing(TensorEngine(setup, device="cpu")) as engine:
        state = replace(start.state, layers=tuple(replace(part, optimizer={}) for part in start.state.layers))
        own = SynapseArrays(state.layer(layer).weights.copy(), state.layer(layer).bias.copy())
        own.weights[neuron] += step[:-1]
        own.bias[neuron] += step[-1]
        engine.restore(state.with_layer(layer, weights=own.weights, bias=own.bias))
        for number, batch in enumerate(played_batches(start, rounds)):
            engine.play(batch.inputs, batch.targets)
            value += DISCOUNT**number * 0.5 * np.sum(engine.state().layer(layer + 1).weights[:, neuron] ** 2)
    return float(value)


def played_batches(start, rounds):
    order = Batches(len(GAME.environment.train), GAME.batch_size, (start.seed,))
    return [GAME.environment.train.at(order.indices(start.round + number)) for number in range(rounds)]


@pytest.mark.parametrize("profile", ["attention", "budgeted"])
@pytest.mark.parametrize("layer", [1, 2])
def test_slopes_equal_finite_differences_of_played_rounds(profile, layer):
    start = train_profile(GAME, profile, 0, 3)
    game = DifferentiableRound.of_game(GAME, start, parse_profile(profile).groups(start.network, 0))
    horizons = (1, 4)
    found = discounted_slopes(game, layer, batches_from(GAME, start, 4), horizons, DISCOUNT)
    chosen = (0, 20, -1) if layer == 1 else range(6)
    for horizon, slopes in zip(horizons, found, strict=True):
        for entry in chosen:
            step = np.zeros(GAME.sizes[layer - 1] + 1)
            step[entry] = STEP
            up, down = (played_value(start, layer, 1, sign * step, horizon) for sign in (1, -1))
            assert slopes[1, entry].item() == pytest.approx((up - down) / (2 * STEP), abs=1e-6 * float(slopes[1].abs().max()))


def test_one_round_is_the_real_slope():
    start = train_profile(GAME, "attention", 0, 3)
    table = horizon_slopes(GAME, start, (1, 3))
    assert len(table) == 2 * (5 + 4)
    assert table[table["horizon"] == 1]["real"].min() > 1 - 1e-12
    assert table[list(COSINES)].abs().max().max() <= 1
    assert table[table["horizon"] == 3]["real"].min() < 0.999


def test_policies_with_memory_and_bad_numbers_are_refused():
    start = train_profile(GAME, "attention", 0, 0)
    for profile in ("noisy", "income-protecting"):
        with pytest.raises(ConfigurationError, match="without memory and randomness"):
            horizon_slopes(GAME, start, profile=profile)
    with pytest.raises(ConfigurationError, match="horizons"):
        horizon_slopes(GAME, start, (0,))
    with pytest.raises(ConfigurationError, match="discount"):
        horizon_slopes(GAME, start, discount=0)

"""The differentiable round makes the changes of the engines, for every policy, and autograd differentiates it correctly."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from neuronet.core import SGD
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import State
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.profiles import parse_profile
from neuronet.games.simulation.training import train_profile
from neuronet.policies import POLICIES

GAME = GameSetup(Digits(), hidden=(6, 5), activation="tanh", learning_rate=0.1)
PROBE = as_tensors(GAME.probe_samples.inputs, GAME.probe_samples.targets)
MIXED = ("budgeted(strategic=true):0.5,noisy:0.5", "budgeted(bias=counted):0.4,income-protecting:0.6")


def tensors(setup):
    return TensorEngine(setup, device="cpu")


def played_changes(start, layers, engine):
    """Return the changes of a round per unit of learning rate, by really playing it with SGD."""
    setup = replace(setup_of(GAME, layers, start.network, start.seed), optimizer=SGD())
    with closing(engine(setup)) as game:
        game.restore(State(start.state.round, tuple(replace(layer, optimizer={}) for layer in start.state.layers)))
        before = game.state()
        game.play(GAME.probe_samples.inputs, GAME.probe_samples.targets)
        after = game.state()
    return [
        np.column_stack((new.weights - old.weights, new.bias - old.bias)) / setup.learning_rate
        for old, new in zip(before.layers, after.layers, strict=True)
    ]


def assert_equal_changes(setup, profile, engine, rounds=3, rtol=1e-9, atol=1e-11):
    """Assert that a round after some rounds of training makes the changes of an engine."""
    layers = parse_profile(profile).groups(setup.network(0), 0)
    start = train_profile(setup, layers, 0, rounds)
    game = DifferentiableRound.of_game(setup, start, layers)
    for own, expected in zip(game.changes(game.play(*PROBE)), played_changes(start, layers, engine), strict=True):
        np.testing.assert_allclose(own.numpy(), expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("profile", [*POLICIES, *MIXED])
def test_changes_equal_those_of_the_engine(profile):
    assert_equal_changes(GAME, profile, tensors)


def test_changes_equal_those_of_the_agents():
    assert_equal_changes(GAME, "budgeted(strategic=true)", NeuronModel)


def test_wiring_is_kept():
    assert_equal_changes(replace(GAME, connectivity="sparse(0.3)"), "budgeted", tensors, rounds=2, rtol=1e-7, atol=1e-9)


def test_replicas_on_a_leading_axis_are_independent():
    layers = parse_profile("budgeted").groups(GAME.network(0), 0)
    game = DifferentiableRound.of_game(GAME, train_profile(GAME, layers, 0, 2), layers)
    moves = torch.zeros(2, 1, 6, dtype=torch.float64)
    moves[1, 0, 3] = 0.5
    together = game.changes(game.play(*PROBE, moves={1: moves}))
    for replica in range(2):
        alone = game.changes(game.play(*PROBE, moves={1: moves[replica]}))
        for one, two in zip(alone, together, strict=True):
            np.testing.assert_allclose(one.numpy(), two.expand(2, *one.shape)[replica].numpy(), rtol=1e-12, atol=1e-14)

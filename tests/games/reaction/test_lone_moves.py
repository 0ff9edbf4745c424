"""Gains of lone moves equal those of rounds that are really played, and best moves equal the theory's where it has them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

from neuronet.core import SGD, Group, Policy, Wrapper
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.reaction.lone_moves import LoneMoves, best_moves, slope
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.profiles import parse_profile
from neuronet.policies import AttentionSeeking
from neuronet.theory.best_response import best_response, neuron_records
from neuronet.theory.strategy import utility_after
from tests.games.toy_game import RATE, toy

GAME = GameSetup(Digits(), hidden=(5, 4), activation="tanh", learning_rate=0.1)
BATCH = GAME.environment.train.at(np.arange(12))
STEP = 1e-4
POLICIES = ("attention", "budgeted", "budgeted(strategic=true)", "best-response", "greedy", "keeping-promises")


@dataclass(frozen=True)
class SaysMore(Wrapper):
    """Wrapper that adds numbers to what its neuron says, as a real deviation in a real game."""

    policy: Policy = field(default_factory=AttentionSeeking)
    more: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)), compare=False)

    def speak(self, activity, obs, memory):
        return super().speak(activity, obs, memory) + torch.as_tensor(self.more)


def moves_of(profile, layer, **options):
    layers = parse_profile(profile).groups(GAME.network(0), 0)
    game = DifferentiableRound.of_game(GAME, InitialState(GAME.network(0), 0), layers)
    return LoneMoves(game, layer, *as_tensors(BATCH.inputs, BATCH.targets), **options)


def utility_when_played(profile, layer, neuron, *, said=None, synapses=None):
    """Return the attention of a neuron after a round of the engine in which it says more, or begins with other synapses."""
    network = GAME.network(0)
    layers = list(parse_profile(profile).groups(network, 0))
    if synapses is not None:
        weights, biases = [list(part) for part in (network.weights, network.biases)]
        weights[layer - 1], biases[layer - 1] = weights[layer - 1].copy(), biases[layer - 1].copy()
        weights[layer - 1][neuron] += synapses[:-1]
        biases[layer - 1][neuron] += synapses[-1]
        network = replace(network, weights=tuple(weights), biases=tuple(biases))
    setup = replace(setup_of(GAME, tuple(layers), network, 0), optimizer=SGD())
    if said is not None:
        policy, others = setup.groups(layer)[0].policy, tuple(n for n in range(GAME.hidden[layer - 1]) if n != neuron)
        layers[layer - 1] = (Group(policy, others), Group(SaysMore(policy, said[:, None]), (neuron,)))
        setup = replace(setup, policies=tuple(layers))
    with closing(TensorEngine(setup, device="cpu")) as engine:
        engine.play(BATCH.inputs, BATCH.targets)
        return float(0.5 * np.sum(engine.state().layer(layer + 1).weights[:, neuron] ** 2))


def played_slope(size, utility):
    """Return the central differences of a utility in a move of this size."""
    found = []
    for entry in range(size):
        step = np.zeros(size)
        step[entry] = STEP
        found.append((utility(step) - utility(-step)) / (2 * STEP))
    return np.array(found)


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("profile", POLICIES)
def test_slope_in_the_activity_equals_finite_differences_of_played_rounds(profile, layer):
    moves = moves_of(profile, layer)
    found = slope(moves.gain, torch.zeros(GAME.hidden[layer - 1], 12, dtype=torch.float64))
    for neuron in (0, 3):
        expected = played_slope(12, lambda step, n=neuron: utility_when_played(profile, layer, n, said=step))
        np.testing.assert_allclose(found[neuron].numpy(), expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("profile", ["attention", "budgeted(strategic=true)"])
def test_slope_in_the_synapses_equals_finite_differences_of_played_rounds(profile):
    found = slope(moves_of(profile, 2).synapse_gain, torch.zeros(4, 6, dtype=torch.float64))
    expected = played_slope(6, lambda step: utility_when_played(profile, 2, 1, synapses=step))
    np.testing.assert_allclose(found[1].numpy(), expected, atol=1e-6 * np.abs(expected).max())


def test_frozen_slope_is_the_feedback_of_attention_and_of_strategic_neurons():
    for profile in ("attention(foresight=1)", "budgeted(policy=attention(foresight=1),strategic=true)"):
        moves = moves_of(profile, 1, react=False)
        found = slope(moves.gain, torch.zeros(5, 12, dtype=torch.float64))
        expected = moves.played.fields[1]["feedback"].T * GAME.learning_rate / 12
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-9, atol=1e-12)


def test_frozen_gain_and_best_move_equal_those_of_the_theory():
    moves = moves_of("attention", 2, react=False)
    record = neuron_records("tensors")[0]
    record = replace(
        record,
        attention=moves.played.fields[2]["attention"].numpy(),
        demand=moves.played.fields[2]["demand"].numpy(),
        activity=moves.activity.numpy(),
    )
    radius = 0.3
    found = best_moves(moves.gain, 12, torch.full((4,), radius, dtype=torch.float64), steps=60)
    expected = best_response(replace(record, attention=record.attention[:, :1], activity=record.activity[:, :1]), 0.1, radius)
    np.testing.assert_allclose(found[0].numpy(), expected.step, atol=1e-7)
    before, after = (
        utility_after(record, activity, 0.1, 2.0) for activity in (record.activity, record.activity + found.T.numpy())
    )
    np.testing.assert_allclose(moves.gain(found).numpy(), after - before, rtol=1e-9)


def test_best_real_moves_gain_more_than_any_other_that_is_tried():
    for profile in ("attention", "budgeted"):
        moves = moves_of(profile, 1)
        radius = 0.1 * torch.linalg.vector_norm(moves.activity, dim=0)
        best = moves.gain(best_moves(moves.gain, 12, radius))
        random = torch.Generator().manual_seed(0)
        for _ in range(50):
            tried = torch.randn(5, 12, generator=random, dtype=torch.float64)
            tried = tried * (radius / torch.linalg.vector_norm(tried, dim=1))[:, None]
            assert bool((moves.gain(tried) < best).all())


def test_whispering_pays_where_the_loss_is_stationary():
    settled = toy(first=(0.5, 1.0, 2.0), paid=(1.0, 0.5, 0.25))  # the output is 1.5 x
    layers = parse_profile("attention").groups(settled.network(0), 0)
    game = DifferentiableRound.of_game(settled, InitialState(settled.network(0), 0), layers)
    batch = as_tensors(settled.probe_samples.inputs, settled.probe_samples.targets)
    moves = LoneMoves(game, 1, *batch)
    start = torch.zeros(3, 4, dtype=torch.float64)
    whispering = -(slope(moves.gain, start) * moves.activity.T).sum(dim=1)
    expected = RATE * moves.played.fields[1]["attention"][0] ** 2 * (moves.activity**2).mean(dim=0)
    np.testing.assert_allclose(whispering.numpy(), expected.numpy(), rtol=1e-12)
    assert slope(replace(moves, react=False).gain, start).abs().max() < 1e-15


def test_reacting_term_below_softmax_outputs_is_a_covariance():
    moves = moves_of("attention", 2)
    start = torch.zeros(4, 12, dtype=torch.float64)
    reacting = slope(moves.gain, start) - slope(replace(moves, react=False).gain, start)
    chances = torch.softmax(moves.played.fields[3]["potential"], dim=1)
    attention = moves.played.fields[2]["attention"]
    both, one, other = chances @ (moves.anticipated * attention), chances @ moves.anticipated, chances @ attention
    expected = -GAME.learning_rate / 12 * moves.activity * (both - one * other)
    np.testing.assert_allclose(reacting.numpy(), expected.T.numpy(), rtol=1e-9, atol=1e-14)

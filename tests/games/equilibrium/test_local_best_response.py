"""Distances from the local best response vanish at stationary points and measure direction."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.environments import Digits
from neuronet.games.equilibrium.feedback_scaling import MatchedNormFeedback, ScaledFeedback
from neuronet.games.equilibrium.local_best_response import distances, distances_over_training, mean_distances
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import parse_profile
from neuronet.games.simulation.training import train_profile
from neuronet.policies import AttentionSeeking, Greedy, IncomeProtecting, SignSymmetric
from neuronet.theory.reference import descent
from neuronet.theory.test_case import GameCase
from tests.games.toy_game import OPPOSE, SEEK, profile_of, toy

SMALL = GameSetup(Digits(), hidden=(6, 5), rounds=4)


def test_attention_seekers_are_near_their_best_response_and_contrarians_opposite():
    game = toy(learning_rate=0.001)
    table = distances(game, InitialState(game.network(0), 0), profile_of(SEEK, OPPOSE, SEEK)).set_index("neuron")
    assert table["angle"].tolist() == pytest.approx([0, 180, 0], abs=1e-3)
    assert table["missed_gain"].tolist() == pytest.approx([0, 2, 0], abs=1e-3)


def test_no_gain_is_attainable_at_a_stationary_loss():
    settled = toy(first=(0.5, 1.0, 2.0), paid=(1.0, 0.5, 0.25))  # the output is 1.5 x
    table = distances(settled, InitialState(settled.network(0), 0), "attention")
    assert table["slope"].max() < 1e-15
    assert table["missed_gain"].isna().all()
    moving = distances(toy(), InitialState(toy().network(0), 0), "attention")
    assert moving["slope"].min() > 0.01


def test_slope_equals_the_gradient_norm_of_the_loss():
    start = InitialState(SMALL.network(0), 0)
    table = distances(SMALL, start, "attention")
    setup = setup_of(SMALL, parse_profile("attention").groups(start.network, 0), start.network, 0)
    expected = descent(GameCase(setup, SMALL.probe_samples.inputs, SMALL.probe_samples.targets))
    for layer, part in enumerate(expected[:-1], start=1):
        norms = np.linalg.norm(part, axis=1)
        np.testing.assert_allclose(table[table["layer"] == layer]["slope"], norms, rtol=1e-8, atol=1e-12)


def test_neurons_at_a_stationary_loss_gain_where_demands_react():
    settled = toy(first=(0.5, 1.0, 2.0), paid=(1.0, 0.5, 0.25))
    table = distances(settled, InitialState(settled.network(0), 0), "attention")
    assert (table["real_attainable_gain"] > 0).all()
    assert table["real_angle"].isna().all()  # attention-seeking makes no move there


def test_lone_policies_are_measured_among_other_listeners():
    start = train_profile(SMALL, "attention", 0, 4)
    own, among = (distances(SMALL, start, "budgeted", listeners=others) for others in (None, "attention"))
    plain = distances(SMALL, start, "attention")
    for name in ("real_missed_gain", "real_angle"):
        np.testing.assert_allclose(among[name], plain[name], rtol=1e-9)  # a budget alone turns no feedback
        assert np.abs(own[name] - plain[name]).max() > 1e-3
    assert among["policy"].unique().tolist() == ["budgeted"]


def test_neurons_that_oppose_attention_lose_in_both_games():
    table = mean_distances(distances(SMALL, InitialState(SMALL.network(0), 0), "contrarian"))
    assert (table[["missed_gain", "real_missed_gain", "synapse_missed_gain"]] > 1).to_numpy().all()
    assert table["losing"].tolist() == [6, 5]


def test_distances_over_training_with_groups_and_memory():
    table = distances_over_training(SMALL, "income-protecting:0.5,greedy:0.5", 0, [0, 3])
    assert len(table) == 2 * (6 + 5)
    by_policy = table.groupby("policy")["angle"].median()
    assert by_policy["income-protecting"] < 2
    assert by_policy["greedy"] > 20
    assert len(mean_distances(table)) == 4
    start = train_profile(SMALL, IncomeProtecting(), 0, 3)
    again = distances(SMALL, start)  # the memory is renamed for the wrapper
    assert again["policy"].unique().tolist() == ["income-protecting"]


def test_scaled_feedback_changes_the_step_and_matched_norm_keeps_it():
    start = InitialState(SMALL.network(0), 0)
    own = AttentionSeeking()
    games = [
        ScaledFeedback(own, 1.0),
        MatchedNormFeedback(own, own),
        MatchedNormFeedback(ScaledFeedback(Greedy(), 7.0), own),
        MatchedNormFeedback(Greedy(), own),
    ]
    loss = play(SMALL, [own, *games], [0], start).loss[:, 0]
    assert loss[1] == pytest.approx(loss[0], rel=1e-12)
    assert loss[2] == pytest.approx(loss[0], rel=1e-12)
    assert loss[3] == pytest.approx(loss[4], rel=1e-12)
    assert abs(loss[4] - loss[0]) > 1e-6
    angles = [
        distances(SMALL, start, policy).query("layer == 2")["angle"]
        for policy in (MatchedNormFeedback(SignSymmetric(), own), SignSymmetric())
    ]
    np.testing.assert_allclose(*angles, rtol=1e-6)


def test_matched_norm_needs_a_reference_without_memory():
    with pytest.raises(ConfigurationError, match="without memory"):
        MatchedNormFeedback(SEEK, IncomeProtecting())

"""Lengths of changes are those of the gradient where all seek attention; their spread decides how far the outputs turn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core import DataError
from neuronet.environments import Digits
from neuronet.games.equilibrium.response_lengths import length_spread, response_lengths
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.profiles import parse_profile
from neuronet.games.simulation.training import train_profile
from neuronet.plotting.games import lengths_figure
from neuronet.theory.reference import descent
from neuronet.theory.test_case import GameCase

GAME = GameSetup(Digits(), hidden=(6, 5), activation="tanh")


def gradient_at(start):
    setup = setup_of(GAME, start.layers, start.state.network(start.network), start.seed)
    return descent(GameCase(setup, GAME.probe_samples.inputs, GAME.probe_samples.targets))


def test_lengths_of_attention_seekers_are_those_of_the_gradient():
    start = train_profile(GAME, "attention", 0, 5)
    for lengths, gradient in zip(response_lengths(GAME, start, "attention"), gradient_at(start), strict=True):
        np.testing.assert_allclose(lengths, np.linalg.norm(gradient[:, :-1], axis=1), rtol=1e-9)


def test_budgeted_outputs_have_the_lengths_of_the_gradient_and_hidden_neurons_others():
    start = train_profile(GAME, "attention", 0, 5)
    *hidden, outputs = response_lengths(GAME, start)
    norms = [np.linalg.norm(gradient[:, :-1], axis=1) for gradient in gradient_at(start)]
    np.testing.assert_allclose(outputs, norms[-1], rtol=1e-9)
    assert np.abs(hidden[0] / norms[0] - 1).min() > 0.1


def test_spread_decides_how_far_the_outputs_turn():
    start = train_profile(GAME, "attention", 0, 5)
    layers = parse_profile("budgeted").groups(start.network, 0)
    game = DifferentiableRound.of_game(GAME, start, layers)
    change = game.changes(game.play(*as_tensors(GAME.probe_samples.inputs, GAME.probe_samples.targets)))[-1][:, :-1].numpy()
    gradient = gradient_at(start)[-1][:, :-1]
    cosine = np.sum(change * gradient) / np.linalg.norm(change) / np.linalg.norm(gradient)
    variation = length_spread(GAME, "attention", 0, [5])["variation"].iloc[-1]
    assert cosine == pytest.approx((1 + variation**2) ** -0.5, rel=1e-9)


def test_attention_seeking_is_aligned_whatever_the_spread():
    table = length_spread(GAME, "budgeted", 0, [0, 4], profile="attention")
    assert table["neurons"].tolist() == [6, 5, 10] * 2
    assert table["angle"].max() < 1e-5
    assert (table["variation"] > 0.05).all()
    assert (table["ratio"] > 1).all()


def test_figure_has_a_row_for_each_training_policy():
    table = pd.concat(length_spread(GAME, name, 0, [0, 2]).assign(trained_by=name) for name in ("budgeted", "attention"))
    figure = lengths_figure(table)
    assert [axes.get_title(loc="left").rsplit(" ", 1)[-1] for axes in figure.axes] == ["budgeted"] * 2 + ["attention"] * 2
    assert all(len(axes.lines) == 3 for axes in figure.axes)
    with pytest.raises(DataError, match="variation"):
        lengths_figure(table.drop(columns="variation"))
    with pytest.raises(DataError, match="no row"):
        lengths_figure(table.iloc[:0])

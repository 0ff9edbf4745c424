"""Replicator and logit dynamics: closed forms, constants of motion, and the kinds of their endings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import root
from scipy.special import softmax

from neuronet.core import ConfigurationError, SpecError
from neuronet.games import SymmetricGame, endings, replicator, trajectory
from neuronet.games.metagame.dynamics import LOGIT_NOISE, simplex_samples
from tests.games.metagame.fixtures import matrix_game, random_game

TIMES = np.linspace(0, 300, 61)


def rock_paper_scissors(win=1.0, loss=1.0):
    return matrix_game(np.array([[0, -loss, win], [win, 0, -loss], [-loss, win, 0]]) / (win + loss))


def test_replicator_of_constant_payoffs_is_logistic():
    """The share x of the better of two policies grows at the rate x (1 - x)."""
    shares = np.linspace(0, 1, 11)
    game = matrix_game([[1.0, 1.0], [0.0, 0.0]])
    assert replicator(game, np.stack((shares, 1 - shares), axis=-1))[:, 0] == pytest.approx(shares * (1 - shares), abs=1e-15)
    times = np.linspace(0, 30, 61)
    path = trajectory(game, np.array([0.1, 0.9]), times)
    assert path[:, 0] == pytest.approx(1 / (1 + 9 * np.exp(-times)), abs=1e-9)


@pytest.mark.parametrize("players", [2, 3])
def test_trajectories_have_the_velocity_of_the_replicator_equation(players):
    game, step = random_game(players, 4), 1e-4
    path = trajectory(game, np.array([0.4, 0.3, 0.2, 0.1]), np.array([1 - step, 1, 1 + step]), tolerance=1e-12)
    assert (path[2] - path[0]) / (2 * step) == pytest.approx(replicator(game, path[1]), abs=1e-7)


def test_product_of_shares_is_constant_in_rock_paper_scissors():
    path = trajectory(rock_paper_scissors(), simplex_samples(3, 5), TIMES)
    products = np.log(path).sum(axis=-1)
    assert np.ptp(products, axis=0) == pytest.approx(np.zeros(5), abs=1e-6)
    assert np.ptp(path, axis=0).min() > 0.01  # it moves


@pytest.mark.parametrize(("win", "loss", "kind"), [(1.0, 1.0, "cycle"), (1.0, 0.5, "fixed"), (0.5, 1.0, "undecided")])
def test_rock_paper_scissors_ends_as_its_payoffs_say(win, loss, kind):
    """Zemanian's cases: neutral cycles, a stable interior point, and a spiral towards the boundary that never ends."""
    ended = endings(rock_paper_scissors(win, loss), simplex_samples(3, 6))
    assert set(ended.kinds) == {kind}
    if kind != "undecided":
        assert ended.shares == pytest.approx(np.full((6, 3), 1 / 3), abs=2e-3 if kind == "cycle" else 1e-5)


def test_games_of_two_policies_end_at_their_equilibria():
    hawk_dove = endings(matrix_game([[-1.0, 2.0], [0.0, 1.0]]), simplex_samples(2, 8))
    assert hawk_dove.shares == pytest.approx(np.full((8, 2), 0.5), abs=1e-5)
    assert hawk_dove.counts() == {"fixed": 8}
    starts = np.array([[0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    coordination = endings(matrix_game([[2.0, 0.0], [0.0, 1.0]]), starts)  # divided at one third
    assert coordination.shares[:, 0] == pytest.approx([1, 0, 0], abs=1e-5)


def test_logit_dynamics_rest_where_choices_answer_payoffs():
    game = random_game(2, 3).rescaled(4)
    ended = endings(game, simplex_samples(3, 4), "logit")
    assert set(ended.kinds) == {"fixed"}
    for mix in ended.shares:
        assert mix == pytest.approx(softmax(game.expected(mix) / LOGIT_NOISE), abs=1e-5)
        answer = root(lambda x: softmax(game.expected(x) / LOGIT_NOISE) - x, mix)
        assert answer.success
        assert mix == pytest.approx(answer.x, abs=1e-5)


def test_games_and_starts_are_played_side_by_side():
    games = [random_game(3, 3, seed) for seed in (0, 1)]
    both = SymmetricGame(games[0].names, 3, np.stack([game.payoffs for game in games])[:, None])
    starts = simplex_samples(3, 2)
    path = trajectory(both, np.broadcast_to(starts, (2, 2, 3)), np.array([3.0]), tolerance=1e-10)[0]
    for game, ended in zip(games, path, strict=True):
        assert ended == pytest.approx(trajectory(game, starts, np.array([3.0]), tolerance=1e-10)[0], abs=1e-8)


def test_what_is_no_trajectory_is_refused():
    game, start = random_game(2, 3), np.full(3, 1 / 3)
    with pytest.raises(SpecError, match="dynamics must be one of replicator, logit, got 'hedge'"):
        trajectory(game, start, TIMES, "hedge")
    for mix in (np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.5]), np.array([0.5, 0.5, 0.5])):
        with pytest.raises(ConfigurationError, match="positive shares of the 3 policies with sum 1"):
            trajectory(game, mix, TIMES)
    with pytest.raises(ConfigurationError, match="times must be increasing"):
        trajectory(game, start, TIMES[::-1])
    with pytest.raises(ConfigurationError, match="horizon must be"):
        endings(game, start, horizon=0)

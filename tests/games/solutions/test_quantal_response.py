"""Quantal response: closed forms, the fixed point itself, and the rest points of logit dynamics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import softmax

from neuronet.core import ConfigurationError
from neuronet.games import NormalFormGame, endings, quantal_responses
from neuronet.games.metagame.dynamics import LOGIT_NOISE
from tests.games.metagame.fixtures import matrix_game, random_game
from tests.games.solutions.test_normal_form import normal_form


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (5, 5), (2, 3, 2), (3, 3, 3)])
def test_mixes_are_softmax_of_payoffs_and_end_in_a_nash_equilibrium(shape):
    game, numbers = normal_form(shape, 4), [0, 0.5, 3, 30, 1e5]
    found = quantal_responses(game, numbers)
    for rationality, mixes in zip(numbers, found, strict=True):
        for mix, earned in zip(mixes, game.deviation_payoffs(mixes), strict=True):
            assert mix == pytest.approx(softmax(rationality * earned / game.unit), abs=1e-7)
    assert game.regret(found[-1]) / game.unit < 1e-4


def test_asymmetric_matching_pennies_by_bisection():
    """The column player's share solves one equation in one unknown."""
    game, rationality = NormalFormGame((("h", "t"),) * 2, np.array([[[9, 0], [0, 1]], [[0, 1], [1, 0]]], dtype=float)), 12.0
    scale = rationality / 9

    def row(column):
        return 1 / (1 + np.exp(-scale * (9 * column - (1 - column))))

    column = brentq(lambda share: share - 1 / (1 + np.exp(-scale * (1 - 2 * row(share)))), 0, 1, xtol=1e-14)
    ((found, other),) = quantal_responses(game, [rationality])
    assert (found[0], other[0]) == pytest.approx((row(column), column), abs=1e-9)


def test_rest_points_of_logit_dynamics_are_quantal_responses():
    for game in (matrix_game([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), random_game(3, 3, 2)):
        units = game.rescaled(game.payoff_range)
        rest = endings(units, np.full(3, 1 / 3), "logit", horizon=200.0)
        if str(rest.kinds) == "fixed":
            ((mix, *_),) = quantal_responses(units.normal_form(), [units.normal_form().unit / LOGIT_NOISE])
            assert mix == pytest.approx(rest.shares, abs=1e-4)


@pytest.mark.parametrize("numbers", [[], [-1], [3, 1], [float("inf")]])
def test_rationality_must_ascend(numbers):
    with pytest.raises(ConfigurationError, match="ascending"):
        quantal_responses(normal_form((2, 2)), numbers)

"""Rules of learning in games whose outcome is known."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core import ConfigurationError, SpecError
from neuronet.games import LEARNERS, learn
from tests.games.metagame.fixtures import matrix_game, random_game

START = np.array([0.5, 0.3, 0.2])
ROCK_PAPER_SCISSORS = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]


@pytest.mark.parametrize("rule", LEARNERS)
def test_average_play_of_rock_paper_scissors_is_its_equilibrium(rule):
    found = learn(matrix_game(ROCK_PAPER_SCISSORS), START, rule, 4000, step=0.01)
    assert found.average == pytest.approx(np.full(3, 1 / 3), abs=0.03)
    assert 0 <= found.regret < 0.03  # of Hedge at most log(3) / (step * rounds) + step / 2
    assert found.average == pytest.approx(found.mixes.mean(axis=0))


@pytest.mark.parametrize("rule", LEARNERS)
def test_dominant_policy_is_learned(rule):
    found = learn(matrix_game([[3.0, 2.0], [1.0, 0.0]]), np.array([0.1, 0.9]), rule, 300)
    assert found.mixes[-1] == pytest.approx([1, 0], abs=1e-6)


def test_hedge_leaves_the_orbits_of_the_replicator_equation():
    """In discrete steps the product of the shares falls, and mixes come ever closer to the corners."""
    found = learn(matrix_game(ROCK_PAPER_SCISSORS), START, "hedge", 500, step=0.2)
    assert np.log(found.mixes[-1]).sum() < np.log(found.mixes[0]).sum() - 1
    assert found.mixes[0] == pytest.approx(START)


def test_hedge_steps_multiply_odds():
    game = random_game(3, 3)
    first, second = learn(game, START, "hedge", 2, step=0.3).mixes
    earned = game.expected(first)
    assert np.log(second / first) - np.log(second / first)[0] == pytest.approx(0.3 * (earned - earned[0]), abs=1e-12)


def test_regret_is_that_of_the_best_single_policy():
    game = random_game(2, 3, 4)
    found = learn(game, START, "regret-matching", 50)
    earned = np.array([game.expected(mix) for mix in found.mixes])
    assert found.regret == pytest.approx((earned.mean(axis=0) - (earned * found.mixes).sum(axis=1).mean()).max())


def test_what_cannot_be_learned_is_refused():
    game = random_game(2, 3)
    with pytest.raises(SpecError, match="rule must be one of fictitious-play, hedge, regret-matching, got 'luck'"):
        learn(game, START, "luck", 10)
    for start in ([0.5, 0.5], [0.5, 0.6, -0.1], [0.5, 0.5, 0.5]):
        with pytest.raises(ConfigurationError, match="shares of the 3 policies with sum 1"):
            learn(game, np.array(start), "hedge", 10)
    with pytest.raises(ConfigurationError, match="rounds must be"):
        learn(game, START, "hedge", 0)

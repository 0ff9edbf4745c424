"""Correlated equilibria of known games, gaps by plain loops, and the play of learners."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuronet.core import ConfigurationError
from neuronet.games import (
    NormalFormGame,
    bimatrix_equilibria,
    correlated_equilibrium,
    correlation_gap,
    learn,
    played_distribution,
)
from tests.games.metagame.fixtures import matrix_game, random_game
from tests.games.solutions.test_normal_form import normal_form


def gap_by_loops(game, distribution, coarse):
    """Return the gap by the definition: every rule that replaces what a player is told."""
    largest = 0.0
    for player in range(len(game.strategies)):
        own = range(len(game.strategies[player]))
        for rule in [[other] * len(own) for other in own] if coarse else product(own, repeat=len(own)):
            gain = 0.0
            for profile in product(*(range(len(names)) for names in game.strategies)):
                changed = list(profile)
                changed[player] = rule[profile[player]]
                gain += distribution[profile] * (game.payoffs[(player, *changed)] - game.payoffs[(player, *profile)])
            largest = max(largest, gain)
    return largest


def test_chicken():
    """The best correlated equilibrium of Aumann's game pays 5.25 to each player, more than any mix of Nash equilibria."""
    game = matrix_game([[6, 2], [7, 0]]).normal_form()
    found = correlated_equilibrium(game)
    assert found.distribution == pytest.approx(np.array([[0.5, 0.25], [0.25, 0]]), abs=1e-9)
    assert found.payoffs == pytest.approx([5.25, 5.25])


def test_worst_equilibrium_of_the_prisoners_dilemma_is_its_only_one():
    game = matrix_game([[3, 0], [5, 1]]).normal_form()
    for weights in ((1, 1), (-1, -1)):
        found = correlated_equilibrium(game, weights=weights)
        assert found.distribution == pytest.approx(np.array([[0, 0], [0, 1]]), abs=1e-9)


def test_coarse_equilibria_may_pay_more():
    """The three-strategy game of Moulin and Vial's kind: rock, paper, scissors with costly ties."""
    game = matrix_game([[-3, -1, 1], [1, -3, -1], [-1, 1, -3]]).normal_form()
    told, untold = (correlated_equilibrium(game, coarse=coarse) for coarse in (False, True))
    assert told.payoffs.sum() <= untold.payoffs.sum() + 1e-9
    assert gap_by_loops(game, untold.distribution, coarse=True) <= 1e-9


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3, 2), (2, 2, 2), (2, 3, 2)])
@pytest.mark.parametrize("coarse", [False, True])
def test_gap_equals_the_definition(shape, coarse):
    game = normal_form(shape)
    drawn = np.random.default_rng(1).dirichlet(np.ones(np.prod(shape))).reshape(shape)
    assert correlation_gap(game, drawn, coarse=coarse) == pytest.approx(gap_by_loops(game, drawn, coarse), abs=1e-12)
    found = correlated_equilibrium(game, coarse=coarse)
    assert gap_by_loops(game, found.distribution, coarse) <= 1e-9
    assert found.payoffs == pytest.approx([(found.distribution * payoff).sum() for payoff in game.payoffs])


def incentives_by_open_spiel(game, distribution, coarse):
    """Return what each player gains who disobeys, by OpenSpiel's distance to a (coarse) correlated equilibrium."""
    import pyspiel

    played = pyspiel.convert_to_turn_based(game.to_openspiel())
    state, keys = played.new_initial_state(), {}
    while not state.is_terminal():
        keys[state.current_player()] = state.information_state_string()
        state.apply_action(0)
    sizes = distribution.shape
    device = []
    for profile in product(*map(range, sizes)):
        policy = {key: [(row, float(row == profile[player])) for row in range(sizes[player])] for player, key in keys.items()}
        device.append((float(distribution[profile]), pyspiel.TabularPolicy(policy)))
    measure = pyspiel.cce_dist if coarse else pyspiel.ce_dist
    return measure(played, device).deviation_incentives


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (2, 3, 2)])
@pytest.mark.parametrize("coarse", [False, True])
def test_gaps_equal_open_spiels(shape, coarse):
    pytest.importorskip("pyspiel", reason="open_spiel is not installed: it comes with neuronet[games]")
    for seed in range(3):
        game = normal_form(shape, seed)
        drawn = np.random.default_rng(seed).dirichlet(np.ones(np.prod(shape))).reshape(shape)
        theirs = max(incentives_by_open_spiel(game, drawn, coarse))
        assert correlation_gap(game, drawn, coarse=coarse) == pytest.approx(theirs, abs=1e-12)
        found = correlated_equilibrium(game, coarse=coarse)
        assert max(incentives_by_open_spiel(game, found.distribution, coarse)) == pytest.approx(0, abs=1e-8)


def test_equilibria_are_nested():
    """A Nash equilibrium is a correlated one, and that a coarse one; so each kind pays at least as much at its best."""
    for seed in range(10):
        game = normal_form((3, 3), seed)
        nash, _ = bimatrix_equilibria(*game.payoffs)
        products = [np.multiply.outer(*equilibrium.mixes) for equilibrium in nash]
        assert max(correlation_gap(game, product) for product in products) <= 1e-9
        best = max(float((product * game.payoffs.sum(axis=0)).sum()) for product in products)
        told, untold = (correlated_equilibrium(game, coarse=coarse).payoffs.sum() for coarse in (False, True))
        assert best <= told + 1e-9 <= untold + 2e-9


@pytest.mark.parametrize("rule", ["hedge", "regret-matching"])
def test_learners_come_close_to_a_coarse_equilibrium(rule):
    """The gap of a history is the regret that the learners have."""
    game = random_game(2, 3, seed=3)
    played = learn(game, np.array([0.6, 0.3, 0.1]), rule, rounds=2000, step=0.05)
    distribution = played_distribution([played.mixes, played.mixes])
    assert correlation_gap(game.normal_form(), distribution, coarse=True) == pytest.approx(max(played.regret, 0), abs=1e-9)
    assert played.regret < 0.05


def test_wrong_arguments_are_refused():
    game = normal_form((2, 2))
    with pytest.raises(ConfigurationError, match="distribution"):
        correlation_gap(game, np.ones((2, 2)))
    with pytest.raises(ConfigurationError, match="weights"):
        correlated_equilibrium(game, weights=[1.0])
    with pytest.raises(ConfigurationError, match="rounds"):
        played_distribution([np.ones((2, 1)), np.ones((3, 1))])
    with pytest.raises(ConfigurationError, match="profiles"):
        correlated_equilibrium(NormalFormGame((("a",) * 400, ("b",) * 400), np.zeros((2, 400, 400))))

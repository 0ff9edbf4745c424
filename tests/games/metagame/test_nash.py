from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame.nash import (
    is_stable,
    match_equilibrium,
    nash,
    payoff_matrix,
    strictly_copositive,
    symmetric_equilibria,
    symmetric_nash,
)
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions
from tests.games.metagame.test_symmetric_game import random_game


def matrix_game(matrix):
    matrix = np.array(matrix, dtype=float)
    return SymmetricGame.from_matrix("abcd"[: len(matrix)], matrix)


def mixes(found, digits=6):
    return sorted(tuple(np.round(each.mixes[0], digits)) for each in found)


def stables(found):
    return sorted(tuple(np.round(each.mixes[0], 6)) for each in found if each.stable)


def test_games_whose_equilibria_are_known():
    prisoners = symmetric_equilibria(matrix_game([[3, 0], [5, 1]]))
    assert mixes(prisoners) == stables(prisoners) == [(0, 1)]
    stag_hunt = symmetric_equilibria(matrix_game([[4, 0], [3, 3]]))
    assert mixes(stag_hunt) == [(0, 1), (0.75, 0.25), (1, 0)]
    assert stables(stag_hunt) == [(0, 1), (1, 0)]
    hawks = symmetric_equilibria(matrix_game([[-1, 2], [0, 1]]))
    assert mixes(hawks) == stables(hawks) == [(0.5, 0.5)]


@pytest.mark.parametrize(("win", "stable"), [(2.0, True), (0.5, False)])
def test_rock_paper_scissors(win, stable):
    """Stable where winning brings more than losing costs; even then not where both are the same."""
    found = symmetric_equilibria(matrix_game([[0, -1, win], [win, 0, -1], [-1, win, 0]]))
    assert mixes(found) == [(0.333333,) * 3]
    assert found[0].stable is stable


def test_an_invader_who_does_as_well_decides():
    """Both are best answers to a; b does better or worse than a against b."""
    everybody = np.array([1.0, 0.0])
    assert is_stable(matrix_game([[1, 1], [1, 0]]), everybody)
    assert not is_stable(matrix_game([[1, 0], [1, 1]]), everybody)
    assert not is_stable(matrix_game([[1, 1], [1, 1]]), everybody)


def test_stability_where_invaders_help_each_other():
    """Each alone is repelled, both together get in: the form has a negative value only where both have a share."""
    matrix = np.array([[0, 1, 1], [0, 0, 2.6], [0, 2.6, 0]])
    assert not is_stable(matrix_game(matrix), np.array([1.0, 0, 0]))
    matrix[1, 2] = matrix[2, 1] = 1.4
    assert is_stable(matrix_game(matrix), np.array([1.0, 0, 0]))


def test_copositive_without_being_positive_definite():
    assert strictly_copositive(np.array([[1.0, 5.0], [5.0, 1.0]]))
    assert not strictly_copositive(np.array([[1.0, -1.5], [-1.5, 1.0]]))
    assert not strictly_copositive(np.array([[1.0, 1.0], [1.0, 0.0]]))


def test_own_search_finds_what_nashpy_finds():
    for seed in range(12):
        game = random_game(2, 3 + seed % 2, seed)
        found, degenerate = symmetric_nash(game)
        assert not degenerate
        assert mixes(symmetric_equilibria(game)) == mixes(found)


@pytest.mark.parametrize("players", [3, 4, 6])
def test_volunteers(players):
    """Everybody has 1 if anybody pays 0.3 for it: all stay away with the probability 0.3^(1 / (n - 1))."""
    rows = compositions(players - 1, 2)
    payoffs = np.stack((np.full(len(rows), 0.7), (rows[:, 0] > 0).astype(float)))
    found = symmetric_equilibria(SymmetricGame(("pay", "wait"), players, payoffs))
    away = 0.3 ** (1 / (players - 1))
    assert [each.mixes[0] for each in found] == [pytest.approx([1 - away, away])]
    assert found[0].stable


def test_three_policies_and_three_players():
    """Each earns minus the share of those who do the same: the even mix alone is an equilibrium."""
    rows = compositions(2, 3)
    found = symmetric_equilibria(SymmetricGame(("a", "b", "c"), 3, -rows.T.astype(float)))
    assert mixes(found) == stables(found) == [(0.333333,) * 3]


def test_equilibria_are_found_again_in_games_that_differ_little():
    game = matrix_game([[-1, 2], [0, 1]])
    (known,) = symmetric_equilibria(game)
    again = match_equilibrium(matrix_game([[-1, 2.2], [0, 1]]), known)
    assert again is not None
    assert again.mixes[0] == pytest.approx([6 / 11, 5 / 11])
    assert match_equilibrium(matrix_game([[-1, 0.9], [0, 1]]), known) is None


def test_roles():
    found, degenerate = nash(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]]))
    assert sorted((tuple(a.round(6)), tuple(b.round(6))) for a, b in (each.mixes for each in found)) == [
        ((0, 1), (0, 1)),
        ((0.666667, 0.333333), (0.333333, 0.666667)),
        ((1, 0), (1, 0)),
    ]
    assert not degenerate
    assert max(each.regret for each in found) < 1e-12
    assert nash(np.ones((2, 2)), np.ones((2, 2)))[1]


def test_matrices_are_for_two():
    matrix = np.arange(9.0).reshape(3, 3)
    assert (payoff_matrix(matrix_game(matrix)) == matrix).all()
    with pytest.raises(NeuroNetError, match="room for 2 players, got 3"):
        payoff_matrix(random_game(3, 2))


def test_equilibria_are_not_found_twice():
    for seed in range(4):
        found = mixes(symmetric_equilibria(random_game(3, 3, seed)), 4)
        assert all(a != b for a, b in pairwise(found))


def test_stability_of_a_mix_that_a_third_policy_does_as_well_against():
    """Against the bare definition, for invaders in every direction about hawks, doves and a stranger."""
    rng, everybody, found = np.random.default_rng(5), np.array([0.5, 0.5, 0.0]), []
    angles = np.linspace(0, np.pi, 2001)[:, None]
    ways = np.cos(angles) * np.array([1.0, -1.0, 0.0]) + np.sin(angles) * np.array([-0.5, -0.5, 1.0])
    for _ in range(60):
        own = rng.uniform(-3, 3)
        matrix = np.array([[-1, 2, 0], [0, 1, 0], [own, 1 - own, 0]])
        matrix[:, 2] = rng.uniform(-3, 3, 3)
        lead = -np.einsum("wi,ij,wj->w", ways, matrix, ways)
        if np.abs(lead.min()) > 0.05:
            found.append(is_stable(matrix_game(matrix), everybody))
            assert found[-1] == (lead.min() > 0)
    assert 10 < sum(found) < len(found) - 10

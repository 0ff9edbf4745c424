from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.games.metagame.nash import (
    match_equilibrium,
    payoff_matrix,
    symmetric_equilibria,
)
from neuronet.games.metagame.stability import is_stable, strictly_copositive
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions
from neuronet.games.solutions.bimatrix import bimatrix_equilibria
from tests.games.metagame.external_solvers import nash_by_nashpy
from tests.games.metagame.fixtures import matrix_game, random_game


def mixes(equilibria, digits=6):
    return sorted(tuple(np.round(equilibrium.mixes[0], digits)) for equilibrium in equilibria)


def stable_mixes(equilibria):
    return mixes([equilibrium for equilibrium in equilibria if equilibrium.stable])


def test_equilibria_of_classic_games():
    prisoners = symmetric_equilibria(matrix_game([[3, 0], [5, 1]]))
    assert mixes(prisoners) == stable_mixes(prisoners) == [(0, 1)]
    stag_hunt = symmetric_equilibria(matrix_game([[4, 0], [3, 3]]))
    assert mixes(stag_hunt) == [(0, 1), (0.75, 0.25), (1, 0)]
    assert stable_mixes(stag_hunt) == [(0, 1), (1, 0)]
    hawks = symmetric_equilibria(matrix_game([[-1, 2], [0, 1]]))
    assert mixes(hawks) == stable_mixes(hawks) == [(0.5, 0.5)]


@pytest.mark.parametrize(("win", "stable"), [(2.0, True), (0.5, False)])
def test_stability_of_rock_paper_scissors(win, stable):
    """The interior equilibrium is stable if a win gains more than a loss costs."""
    found = symmetric_equilibria(matrix_game([[0, -1, win], [win, 0, -1], [-1, win, 0]]))
    assert mixes(found) == [(0.333333,) * 3]
    assert found[0].stable is stable


def test_stability_against_an_alternative_best_response():
    """Both policies are best responses to a; stability depends on their payoffs against b."""
    resident = np.array([1.0, 0.0])
    assert is_stable(matrix_game([[1, 1], [1, 0]]), resident)
    assert not is_stable(matrix_game([[1, 0], [1, 1]]), resident)
    assert not is_stable(matrix_game([[1, 1], [1, 1]]), resident)


def test_stability_against_two_cooperating_mutants():
    """Each mutant alone is repelled, both together invade: the form is negative only in the interior."""
    matrix = np.array([[0, 1, 1], [0, 0, 2.6], [0, 2.6, 0]])
    assert not is_stable(matrix_game(matrix), np.array([1.0, 0, 0]))
    matrix[1, 2] = matrix[2, 1] = 1.4
    assert is_stable(matrix_game(matrix), np.array([1.0, 0, 0]))


def test_copositive_matrix_need_not_be_positive_definite():
    assert strictly_copositive(np.array([[1.0, 5.0], [5.0, 1.0]]))
    assert not strictly_copositive(np.array([[1.0, -1.5], [-1.5, 1.0]]))
    assert not strictly_copositive(np.array([[1.0, 1.0], [1.0, 0.0]]))


def test_equilibria_equal_nashpy():
    pytest.importorskip("nashpy", reason="nashpy is not installed")
    for seed in range(12):
        matrix = payoff_matrix(random_game(2, 3 + seed % 2, seed))
        pairs, degenerate = nash_by_nashpy(matrix, matrix.T)
        equilibria, ours_degenerate = bimatrix_equilibria(matrix, matrix.T)
        assert not degenerate
        assert not ours_degenerate
        symmetric = sorted(tuple(np.round(one, 6)) for one, other in pairs if np.allclose(one, other, atol=1e-8))
        assert mixes(symmetric_equilibria(matrix_game(matrix))) == symmetric
        theirs = sorted((tuple(np.round(one, 6)), tuple(np.round(other, 6))) for one, other in pairs)
        assert sorted(tuple(tuple(np.round(mix, 6)) for mix in found.mixes) for found in equilibria) == theirs


def test_equilibria_between_roles_equal_nashpy():
    pytest.importorskip("nashpy", reason="nashpy is not installed")
    rng = np.random.default_rng(0)
    for shape in ((2, 2), (2, 3), (4, 3), (4, 4)) * 3:
        rows, columns = rng.normal(size=(2, *shape))
        theirs, _ = nash_by_nashpy(rows, columns)
        ours, _ = bimatrix_equilibria(rows, columns)
        assert len(ours) == len(theirs)
        for equilibrium, pair in zip(ours, theirs, strict=True):
            for mix, expected in zip(equilibrium.mixes, pair, strict=True):
                assert mix == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("players", [3, 4, 6])
def test_volunteers_dilemma(players):
    """Each player earns 1 if one volunteers at the cost 0.3: in equilibrium each waits with probability 0.3^(1 / (n - 1))."""
    rows = compositions(players - 1, 2)
    payoffs = np.stack((np.full(len(rows), 0.7), (rows[:, 0] > 0).astype(float)))
    found = symmetric_equilibria(SymmetricGame(("pay", "wait"), players, payoffs))
    waiting = 0.3 ** (1 / (players - 1))
    assert [equilibrium.mixes[0] for equilibrium in found] == [pytest.approx([1 - waiting, waiting])]
    assert found[0].stable


def test_uniform_equilibrium_of_three_policies_and_three_players():
    """A policy earns minus its number of opponents: only the uniform mix is an equilibrium."""
    rows = compositions(2, 3)
    found = symmetric_equilibria(SymmetricGame(("a", "b", "c"), 3, -rows.T.astype(float)))
    assert mixes(found) == stable_mixes(found) == [(0.333333,) * 3]


def test_equilibria_are_matched_in_slightly_different_games():
    game = matrix_game([[-1, 2], [0, 1]])
    (known,) = symmetric_equilibria(game)
    again = match_equilibrium(matrix_game([[-1, 2.2], [0, 1]]), known)
    assert again is not None
    assert again.mixes[0] == pytest.approx([6 / 11, 5 / 11])
    assert match_equilibrium(matrix_game([[-1, 0.9], [0, 1]]), known) is None


def test_equilibria_of_the_battle_of_the_sexes():
    found, degenerate = bimatrix_equilibria(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]]))
    assert sorted((tuple(a.round(6)), tuple(b.round(6))) for a, b in (equilibrium.mixes for equilibrium in found)) == [
        ((0, 1), (0, 1)),
        ((0.666667, 0.333333), (0.333333, 0.666667)),
        ((1, 0), (1, 0)),
    ]
    assert not degenerate
    assert max(equilibrium.regret for equilibrium in found) < 1e-12
    assert bimatrix_equilibria(np.ones((2, 2)), np.ones((2, 2)))[1]


def test_payoff_matrix_needs_two_players():
    matrix = np.arange(9.0).reshape(3, 3)
    assert (payoff_matrix(matrix_game(matrix)) == matrix).all()
    with pytest.raises(ConfigurationError, match="2 players, got 3"):
        payoff_matrix(random_game(3, 2))


def test_equilibria_are_distinct():
    for seed in range(4):
        found = mixes(symmetric_equilibria(random_game(3, 3, seed)), 4)
        assert all(a != b for a, b in pairwise(found))


def test_stability_of_a_mix_with_an_alternative_best_response():
    """The result equals the definition of stability, evaluated for mutants in all directions."""
    rng, resident, found = np.random.default_rng(5), np.array([0.5, 0.5, 0.0]), []
    angles = np.linspace(0, np.pi, 2001)[:, None]
    directions = np.cos(angles) * np.array([1.0, -1.0, 0.0]) + np.sin(angles) * np.array([-0.5, -0.5, 1.0])
    for _ in range(60):
        own = rng.uniform(-3, 3)
        matrix = np.array([[-1, 2, 0], [0, 1, 0], [own, 1 - own, 0]])
        matrix[:, 2] = rng.uniform(-3, 3, 3)
        lead = -np.einsum("wi,ij,wj->w", directions, matrix, directions)
        if np.abs(lead.min()) > 0.05:
            found.append(is_stable(matrix_game(matrix), resident))
            assert found[-1] == (lead.min() > 0)
    assert 10 < sum(found) < len(found) - 10

"""Iterated elimination of strictly dominated strategies."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.games import NormalFormGame, solve_game, undominated
from tests.games.metagame.fixtures import matrix_game


def game_of(rows, columns):
    payoffs = np.array([rows, columns], dtype=float)
    names = tuple(tuple(str(number) for number in range(size)) for size in payoffs.shape[1:])
    return NormalFormGame(names, payoffs)


def test_strategy_below_a_mix_is_eliminated():
    """The last row is below no pure row, but below half and half of the others; then the last column goes."""
    found = undominated(game_of([[4, 0, 1], [0, 4, 1], [1, 1, 0]], [[1, 2, 0], [2, 1, 0], [0, 0, 9]]))
    assert found.kept == ((0, 1), (0, 1))
    assert found.eliminated == ((0, 2), (1, 2))
    assert not found.solved


def test_weakly_dominated_strategies_stay():
    assert undominated(game_of([[1, 1], [1, 0]], [[1, 0], [1, 0]])).kept == ((0, 1), (0,))
    assert undominated(game_of(np.ones((2, 2)), np.ones((2, 2)))).eliminated == ()


def test_game_of_three_players_that_dominance_solves_is_complete():
    """Each contributor loses 1 and gives each of all three 0.5."""
    counts = np.indices((2, 2, 2)).sum(axis=0)
    payoffs = np.array([0.5 * (3 - counts) - (1 - np.indices((2, 2, 2))[player]) for player in range(3)])
    found = solve_game(NormalFormGame((("give", "keep"),) * 3, payoffs))
    assert found.undominated.solved
    assert found.complete
    assert found.eliminated == [(f"player {number}", "give") for number in (1, 2, 3)]
    (nash,) = found.of_kind("Nash")
    assert [mix.tolist() for mix in nash.mixes] == [[0, 1]] * 3


@pytest.mark.parametrize("seed", range(8))
def test_eliminated_strategies_are_played_in_no_equilibrium(seed):
    rng = np.random.default_rng(seed)
    game = game_of(*rng.normal(size=(2, 3, 4)))
    found = solve_game(game)
    for player, strategy in found.undominated.eliminated:
        assert all(solution.mixes[player][strategy] < 1e-9 for solution in found.of_kind("Nash"))
        assert found.of_kind("correlated")[0].mixes[player][strategy] < 1e-6


def test_prisoners_dilemma_is_solved():
    assert undominated(matrix_game([[3, 0], [5, 1]]).normal_form()).kept == ((1,), (1,))

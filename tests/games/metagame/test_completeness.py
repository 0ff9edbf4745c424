"""All Nash equilibria of random games, against complete labellings of the vertices of both best-response polytopes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from neuronet.games.metagame.nash import payoff_matrix, symmetric_equilibria
from neuronet.games.metagame.stability import NEUTRAL, NO_EQUILIBRIUM, NOT_STABLE, STABLE, copositive, stability
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.solutions.bimatrix import bimatrix_equilibria
from tests.games.metagame.fixtures import matrix_game


def labelled_vertices(matrix, own_first):
    """Return the vertices of {x >= 0, matrix x <= 1}, each with the set of its tight inequalities.

    Inequalities 0 to m - 1 are the first player's strategies, the others the second player's (Mangasarian 1964).
    """
    rows, size = matrix.shape
    left, right = np.vstack((-np.eye(size), matrix)), np.append(np.zeros(size), np.ones(rows))
    labels = [*range(size), *range(size, size + rows)] if own_first else [*range(rows, rows + size), *range(rows)]
    bases = np.array(list(combinations(range(size + rows), size)))
    systems = left[bases]
    regular = np.abs(np.linalg.det(systems)) > 1e-12
    points = np.linalg.solve(systems[regular], right[bases[regular]][..., None])[..., 0]
    inside = (points @ left.T <= right + 1e-9).all(axis=1) & (points.sum(axis=1) > 1e-9)
    return [
        (point / point.sum(), frozenset(labels[number] for number in basis))
        for point, basis in zip(points[inside], bases[regular][inside], strict=True)
    ]


def equilibria_by_labels(rows, columns):
    """Return all equilibria of a nondegenerate game as pairs of mixes."""
    rows, columns = rows - rows.min() + 1, columns - columns.min() + 1
    first, second = labelled_vertices(columns.T, own_first=True), labelled_vertices(rows, own_first=False)
    whole = frozenset(range(sum(rows.shape)))
    return [(x, y) for x, tight in first for y, other in second if tight | other == whole]


def as_set(pairs):
    return sorted(tuple(np.round(np.concatenate(pair), 6) + 0.0) for pair in pairs)


@pytest.mark.parametrize("games", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_all_equilibria_of_random_games_are_found(games):
    rng = np.random.default_rng(7)
    for _ in range(games):
        shape = tuple(rng.integers(2, 6, size=2))
        rows, columns = rng.normal(size=(2, *shape))
        found, degenerate = bimatrix_equilibria(rows, columns)
        ours, theirs = as_set(equilibrium.mixes for equilibrium in found), as_set(equilibria_by_labels(rows, columns))
        assert not degenerate
        assert len(ours) == len(theirs)
        assert np.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("games", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_all_symmetric_equilibria_of_random_games_are_found(games):
    rng = np.random.default_rng(8)
    for _ in range(games):
        matrix = rng.normal(size=(rng.integers(2, 6),) * 2)
        ours = as_set(equilibrium.mixes for equilibrium in symmetric_equilibria(matrix_game(matrix)))
        both = equilibria_by_labels(matrix, matrix.T)
        theirs = as_set([x] for x, y in both if np.allclose(x, y, atol=1e-7))
        assert len(ours) == len(theirs)
        assert np.allclose(ours, theirs, atol=1e-6)


def test_game_that_another_library_gets_wrong():
    """nashpy 0.0.43 misses the equilibrium (.1778, 0, .8222) of this game."""
    matrix = np.array([[0.764221, -1.320947, -0.369392], [-0.015789, -0.353916, -0.413731], [-1.63234, 1.631104, 0.148985]])
    found = [tuple(np.round(equilibrium.mixes[0], 4)) for equilibrium in symmetric_equilibria(matrix_game(matrix))]
    assert (0.1778, 0.0, 0.8222) in found


def test_stability_of_a_given_mix_has_a_witness():
    hawks = matrix_game([[-1, 2], [0, 1]])
    assert stability(hawks, np.array([0.5, 0.5])).conclusion == STABLE
    assert stability(hawks, np.array([0.5, 0.5])).advantage < 0
    pure = stability(hawks, np.array([1.0, 0.0]))
    assert (pure.conclusion, tuple(pure.mutant)) == (NO_EQUILIBRIUM, (0, 1))
    assert pure.advantage == pytest.approx(1.0, abs=0.01)
    costly_loss = stability(matrix_game([[0, -1, 0.5], [0.5, 0, -1], [-1, 0.5, 0]]), np.full(3, 1 / 3))
    assert costly_loss.conclusion == NOT_STABLE
    assert costly_loss.advantage > 0


def test_mix_is_no_mutant_of_itself():
    found = stability(matrix_game([[1, 1], [1, 0]]), np.array([1.0, 0.0]))
    assert found.conclusion == STABLE
    assert found.mutant.tolist() == [0, 1]
    assert found.advantage == pytest.approx(-1e-3)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_equilibria_that_mutants_neither_gain_nor_lose_by_are_neutrally_stable(scale):
    cycle = stability(matrix_game(scale * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])), np.full(3, 1 / 3))
    assert cycle.conclusion == NEUTRAL
    assert cycle.advantage == 0
    equal = matrix_game(scale * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 2]]))
    assert stability(equal, np.array([0.5, 0.5, 0])).conclusion == NEUTRAL
    assert stability(equal, np.array([1.0, 0, 0])).conclusion == NEUTRAL
    assert stability(matrix_game(scale * np.array([[1, 0], [1, 1]])), np.array([1.0, 0])).conclusion == NOT_STABLE


def test_neutral_stability_equals_its_definition():
    """Two players: of all mutants that earn as much against the mix, none earns more against itself than the mix does."""
    rng, kinds = np.random.default_rng(0), set()
    grid = np.array([(a, b, 10 - a - b) for a in range(11) for b in range(11 - a)]) / 10
    for _ in range(50):
        matrix = rng.integers(-1, 2, size=(3, 3)).astype(float)
        for equilibrium in symmetric_equilibria(matrix_game(matrix)):
            mix = equilibrium.mixes[0]
            mutants = grid[np.abs((mix - grid) @ matrix @ mix) < 1e-9]
            worst = (((mix - mutants) * (mutants @ matrix.T)).sum(axis=1)).min(initial=0.0)
            kinds.add(equilibrium.stability)
            if equilibrium.stability in (STABLE, NEUTRAL):
                assert worst > -1e-9
            elif worst > -1e-9:  # a finer grid of mutants near the mix
                near = mix + 0.01 * (grid - mix)
                best = near[np.abs((mix - near) @ matrix @ mix) < 1e-9]
                assert (((mix - best) * (best @ matrix.T)).sum(axis=1)).min(initial=0.0) < 0
    assert kinds == {STABLE, NEUTRAL, NOT_STABLE}


def test_neutral_stability_of_three_players_is_decided_by_mutants():
    """The second policy earns as much among few of its kind, and more where both opponents are of its kind."""
    rows = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 2.0]])
    assert stability(SymmetricGame(("a", "b"), 3, rows), np.array([1.0, 0])).conclusion == NOT_STABLE
    assert stability(SymmetricGame(("a", "b"), 3, np.ones((2, 3))), np.array([1.0, 0])).conclusion == NEUTRAL


def test_copositive_forms_may_vanish():
    assert copositive(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert copositive(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert not copositive(np.array([[1.0, -1.1], [-1.1, 1.0]]))


def test_conclusions_of_equilibria_agree_with_their_witnesses():
    rng = np.random.default_rng(3)
    for _ in range(60):
        game = matrix_game(rng.normal(size=(3, 3)))
        for equilibrium in symmetric_equilibria(game):
            found = stability(game, equilibrium.mixes[0])
            assert (found.conclusion == STABLE) == equilibrium.stable
            assert (found.advantage < 0) == equilibrium.stable
            assert payoff_matrix(game).shape == (3, 3)

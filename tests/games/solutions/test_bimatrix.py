"""Equilibria of games between two roles that may be degenerate."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from neuronet.games.solutions.bimatrix import bimatrix_equilibria, has_continuum

PAIR = ([[1, 0, 0], [1, 1, 1]], [[1, 1, 0], [0, 1, 1]])
"""Degenerate game with an odd number of extreme equilibria: the second row against any mix of the last two columns is one."""


def has_more_replies_than_strategies(payoffs):
    """Return whether some mix of the rows has more best replies than it plays, by a feasibility problem for each pair of sets."""
    rows, columns = payoffs.shape
    for size in range(1, min(rows, columns - 1) + 1):
        for support, replies in product(combinations(range(rows), size), combinations(range(columns), size + 1)):
            part = payoffs[list(support)]
            others = [column for column in range(columns) if column not in replies]
            equal = [[*part[:, column], -1.0] for column in replies] + [[1.0] * size + [0.0]]
            below = [[*part[:, column], -1.0] for column in others]
            found = linprog(
                np.zeros(size + 1),
                A_ub=below or None,
                b_ub=np.zeros(len(others)) if others else None,
                A_eq=equal,
                b_eq=[*np.zeros(size + 1), 1.0],
                bounds=[*[(0, None)] * size, (None, None)],
            )
            if found.status == 0:
                return True
    return False


def small_games():
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 3))

    def tables(shape):
        row = st.lists(st.integers(0, 4), min_size=shape[1], max_size=shape[1])
        table = st.lists(row, min_size=shape[0], max_size=shape[0]).map(lambda rows: np.array(rows, dtype=float))
        return st.tuples(table, table)

    return shapes.flatmap(tables)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(small_games())
def test_degeneracy_equals_its_definition(game):
    rows, columns = game
    expected = has_more_replies_than_strategies(columns) or has_more_replies_than_strategies(rows.T)
    assert bimatrix_equilibria(rows, columns)[1] == expected


@settings(max_examples=30, deadline=None, derandomize=True)
@given(small_games())
def test_equilibria_of_degenerate_games_have_no_regret_and_include_all_pure_ones(game):
    rows, columns = game
    found, _ = bimatrix_equilibria(rows, columns)
    assert found
    assert max(equilibrium.regret for equilibrium in found) < 1e-8
    pure = {
        (row, column)
        for row, column in np.ndindex(rows.shape)
        if rows[row, column] == rows[:, column].max() and columns[row, column] == columns[row].max()
    }
    assert pure == {(a[0], b[0]) for a, b in (equilibrium.support for equilibrium in found) if len(a) == len(b) == 1}


def test_degenerate_game_with_an_odd_number_of_equilibria_is_degenerate():
    rows, columns = np.array(PAIR, dtype=float)
    found, degenerate = bimatrix_equilibria(rows, columns)
    assert degenerate
    assert has_continuum(found)
    assert [equilibrium.support for equilibrium in found] == [((0,), (0,)), ((1,), (1,)), ((1,), (2,))]


def test_degenerate_game_may_have_finitely_many_equilibria():
    """The second column is never played, although the first row makes both columns equal."""
    found, degenerate = bimatrix_equilibria(np.array([[0.0, 1], [1, 2]]), np.array([[1.0, 1], [1, 0]]))
    assert degenerate
    assert not has_continuum(found)
    assert [equilibrium.support for equilibrium in found] == [((1,), (0,))]


def test_equilibria_do_not_depend_on_a_constant_in_the_payoffs():
    """Payoffs of neurons differ in their last digits."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        rows, columns = rng.integers(0, 9, size=(2, 3, 3)).astype(float)
        plain, degenerate = bimatrix_equilibria(rows, columns)
        shifted, again = bimatrix_equilibria(rows + 2.0**20, columns - 2.0**20)
        assert [equilibrium.support for equilibrium in shifted] == [equilibrium.support for equilibrium in plain]
        assert again == degenerate


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_degeneracy_does_not_depend_on_the_unit_of_a_players_payoffs(scale):
    rows, columns = np.array(PAIR, dtype=float)
    assert bimatrix_equilibria(rows * scale, columns)[1]
    rng = np.random.default_rng(1)
    rows, columns = rng.normal(size=(2, 3, 3))
    assert not bimatrix_equilibria(rows * scale, columns)[1]

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions, multinomials


def random_game(players, policies, seed=0, lead=()):
    shape = (*lead, policies, comb(players + policies - 2, policies - 1))
    return SymmetricGame(tuple("abcde"[:policies]), players, np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize(("total", "parts"), [(0, 3), (1, 2), (3, 3), (4, 2), (2, 5)])
def test_compositions_are_all_there_are(total, parts):
    found = compositions(total, parts)
    every = [row for row in product(range(total + 1), repeat=parts) if sum(row) == total]
    assert sorted(map(tuple, found.tolist())) == sorted(every)
    assert found[0, 0] == total
    assert multinomials(found).sum() == parts**total


@pytest.mark.parametrize(("players", "policies"), [(2, 2), (2, 4), (3, 3), (4, 2), (5, 3)])
def test_expected_payoffs_are_those_of_every_table_of_opponents(players, policies):
    game = random_game(players, policies)
    mix = np.random.default_rng(1).dirichlet(np.ones(policies))
    found = np.zeros(policies)
    for opponents in product(range(policies), repeat=players - 1):
        counts = np.bincount(opponents, minlength=policies)
        row = next(m for m, each in enumerate(game.opponents) if (each == counts).all())
        found += np.prod(mix[list(opponents)]) * game.payoffs[:, row]
    assert game.expected(mix) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize(("players", "followers"), [(2, (3, 2)), (3, (3, 0, 2)), (4, (2, 2, 2))])
def test_payoffs_in_a_population_are_those_of_every_group_drawn(players, followers):
    game = random_game(players, len(followers))
    found = game.population_payoffs(np.array(followers))
    members = np.repeat(np.arange(len(followers)), followers)
    for policy in range(len(followers)):
        if followers[policy] == 0:
            assert np.isnan(found[policy])
            continue
        others = np.delete(members, np.flatnonzero(members == policy)[0])
        drawn = [
            np.bincount(others[list(group)], minlength=len(followers)) for group in combinations(range(len(others)), players - 1)
        ]
        earned = [game.payoffs[policy, game.index[tuple(counts.tolist())]] for counts in drawn]
        assert found[policy] == pytest.approx(np.mean(earned), abs=1e-12)


def test_slopes_are_those_of_expected_payoffs():
    game, mix, step = random_game(4, 3), np.array([0.5, 0.2, 0.3]), 1e-6
    for way in (np.array([1.0, -1.0, 0.0]), np.array([0.0, 1.0, -1.0])):
        slope = (game.expected(mix + step * way) - game.expected(mix - step * way)) / (2 * step)
        assert game.payoff_jacobian(mix) @ way == pytest.approx(slope, abs=1e-8)


def test_tables_drawn_anew_stand_on_a_leading_axis():
    game = random_game(3, 3, lead=(4,))
    mix = np.array([0.2, 0.5, 0.3])
    each = [SymmetricGame(game.names, 3, payoffs) for payoffs in game.payoffs]
    assert game.expected(mix) == pytest.approx(np.stack([one.expected(mix) for one in each]))
    assert game.pairwise_payoffs(0, 2) == pytest.approx(np.stack([one.pairwise_payoffs(0, 2) for one in each]))
    assert game.population_payoffs(np.array([3, 1, 2])) == pytest.approx(
        np.stack([o.population_payoffs(np.array([3, 1, 2])) for o in each])
    )


def test_what_is_no_game_is_refused():
    with pytest.raises(NeuroNetError, match="2 policies and 2 players"):
        SymmetricGame(("a",), 2, np.ones((1, 1)))
    with pytest.raises(NeuroNetError, match=r"are \(2, 3\), got \(2, 2\)"):
        SymmetricGame(("a", "b"), 3, np.ones((2, 2)))
    with pytest.raises(NeuroNetError, match="as large as the 3 players"):
        random_game(3, 2).population_payoffs(np.array([1, 1]))

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions, multinomials
from tests.games.metagame.fixtures import population_payoffs, random_game


@pytest.mark.parametrize(("total", "parts"), [(0, 3), (1, 2), (3, 3), (4, 2), (2, 5)])
def test_compositions_are_complete(total, parts):
    found = compositions(total, parts)
    every = [row for row in product(range(total + 1), repeat=parts) if sum(row) == total]
    assert sorted(map(tuple, found.tolist())) == sorted(every)
    assert found[0, 0] == total
    assert multinomials(found).sum() == parts**total


@pytest.mark.parametrize(("players", "policies"), [(2, 2), (2, 4), (3, 3), (4, 2), (5, 3)])
def test_expected_payoffs_equal_the_sum_over_opponents(players, policies):
    game = random_game(players, policies)
    mix = np.random.default_rng(1).dirichlet(np.ones(policies))
    found = np.zeros(policies)
    for opponents in product(range(policies), repeat=players - 1):
        counts = np.bincount(opponents, minlength=policies)
        row = next(m for m, opponents_per_policy in enumerate(game.opponents) if (opponents_per_policy == counts).all())
        found += np.prod(mix[list(opponents)]) * game.payoffs[:, row]
    assert game.expected(mix) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize(("players", "members_by_policy"), [(2, (3, 2)), (3, (3, 0, 2)), (4, (2, 2, 2))])
def test_population_payoffs_equal_the_mean_over_groups(players, members_by_policy):
    game = random_game(players, len(members_by_policy))
    found = population_payoffs(game, np.array(members_by_policy))
    members = np.repeat(np.arange(len(members_by_policy)), members_by_policy)
    for policy in range(len(members_by_policy)):
        if members_by_policy[policy] == 0:
            assert np.isnan(found[policy])
            continue
        others = np.delete(members, np.flatnonzero(members == policy)[0])
        drawn = [
            np.bincount(others[list(group)], minlength=len(members_by_policy))
            for group in combinations(range(len(others)), players - 1)
        ]
        earned = [game.payoffs[policy, game.index[tuple(counts.tolist())]] for counts in drawn]
        assert found[policy] == pytest.approx(np.mean(earned), abs=1e-12)


def test_payoff_jacobian_equals_finite_differences():
    game, mix, step = random_game(4, 3), np.array([0.5, 0.2, 0.3]), 1e-6
    for direction in (np.array([1.0, -1.0, 0.0]), np.array([0.0, 1.0, -1.0])):
        slope = (game.expected(mix + step * direction) - game.expected(mix - step * direction)) / (2 * step)
        assert game.payoff_jacobian(mix) @ direction == pytest.approx(slope, abs=1e-8)


def test_resampled_games_have_a_leading_axis():
    game = random_game(3, 3, lead=(4,))
    mix = np.array([0.2, 0.5, 0.3])
    games = [SymmetricGame(game.names, 3, payoffs) for payoffs in game.payoffs]
    assert game.expected(mix) == pytest.approx(np.stack([single.expected(mix) for single in games]))
    assert game.pairwise_payoffs(0, 2) == pytest.approx(np.stack([single.pairwise_payoffs(0, 2) for single in games]))


def test_invalid_games_are_refused():
    with pytest.raises(ConfigurationError, match="2 policies and 2 players"):
        SymmetricGame(("a",), 2, np.ones((1, 1)))
    with pytest.raises(ConfigurationError, match=r"shape \(2, 3\), got \(2, 2\)"):
        SymmetricGame(("a", "b"), 3, np.ones((2, 2)))

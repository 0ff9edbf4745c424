"""Games of few roles against the same games with all players told apart: payoffs, all kinds of equilibria, and gaps."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuronet.core import ConfigurationError
from neuronet.games import (
    NormalFormGame,
    RoleGame,
    correlated_equilibrium,
    correlation_gap,
    played_counts,
    played_distribution,
    pure_role_equilibria,
    role_correlated_equilibrium,
    role_equilibria,
    role_gap,
    solve_game,
    symmetric_equilibria,
)
from neuronet.games.metagame.symmetric_game import compositions
from neuronet.games.solutions.solve import pure_equilibria
from tests.games.metagame.fixtures import random_game
from tests.games.solutions.test_normal_form import normal_form

SHAPES = [((1, 1), (2, 3)), ((2, 1), (2, 2)), ((2, 2), (2, 3)), ((3, 2), (2, 2)), ((2, 1, 1), (2, 2, 2))]


def role_game(players, sizes, seed=0):
    rng = np.random.default_rng(seed)
    strategies = tuple(tuple(f"r{role}s{number}" for number in range(size)) for role, size in enumerate(sizes))
    payoffs = []
    for role, size in enumerate(sizes):
        rows = [len(compositions(number - (other == role), sizes[other])) for other, number in enumerate(players)]
        payoffs.append(rng.normal(size=(size, *rows)))
    return RoleGame(tuple(f"role {role}" for role in range(len(sizes))), players, strategies, tuple(payoffs))


def told_apart(game, mixes):
    """Return a mix for each player from a mix for each role."""
    return [mix for mix, number in zip(mixes, game.players, strict=True) for _ in range(number)]


def counts_of(game, profile):
    ends = np.cumsum([0, *game.players])
    return tuple(
        tuple(np.bincount(profile[first:last], minlength=len(names)).tolist())
        for first, last, names in zip(ends[:-1], ends[1:], game.strategies, strict=True)
    )


def by_counts(game, distribution):
    """Return the distribution over counts of one over profiles."""
    found = dict.fromkeys(game.counts, 0.0)
    for profile in product(*map(range, distribution.shape)):
        found[counts_of(game, profile)] += distribution[profile]
    return np.array(list(found.values()))


@pytest.mark.parametrize(("players", "sizes"), SHAPES)
def test_payoffs_and_regret_equal_those_of_the_normal_form(players, sizes):
    game, rng = role_game(players, sizes), np.random.default_rng(1)
    whole, mixes = game.normal_form(), [rng.dirichlet(np.ones(size)) for size in sizes]
    by_player = whole.deviation_payoffs(told_apart(game, mixes))
    firsts = np.cumsum([0, *players[:-1]])
    for role, player in enumerate(firsts):
        assert game.expected(mixes)[role] == pytest.approx(by_player[player], abs=1e-12)
    assert game.regret(mixes) == pytest.approx(whole.regret(told_apart(game, mixes)), abs=1e-12)
    assert game.unit == pytest.approx(whole.unit)
    assert len(game.counts) == len({counts_of(game, profile) for profile in product(*map(range, whole.payoffs.shape[1:]))})


@pytest.mark.parametrize(("players", "sizes"), SHAPES)
def test_roles_are_found_again_in_any_order_of_players(players, sizes):
    game = role_game(players, sizes)
    whole = game.normal_form()
    order = np.random.default_rng(2).permutation(len(whole.players))
    mixed = NormalFormGame(
        tuple(whole.strategies[player] for player in order),
        whole.payoffs[order].transpose(0, *(1 + order)),
        tuple(whole.players[player] for player in order),
    )
    found, groups = RoleGame.from_normal_form(mixed)
    assert sorted(found.players) == sorted(players)
    for role, group in enumerate(groups):
        own = {mixed.players[player].rsplit(" ", 1)[0] for player in group}
        original = game.roles.index(own.pop())
        assert not own
        assert found.strategies[role] == game.strategies[original]
        mixes = [np.random.default_rng(len(names)).dirichlet(np.ones(len(names))) for names in game.strategies]
        again = [mixes[game.strategies.index(names)] for names in found.strategies]
        assert found.expected(again)[role] == pytest.approx(game.expected(mixes)[original], abs=1e-12)


def test_players_of_a_random_game_have_roles_of_their_own():
    found, groups = RoleGame.from_normal_form(normal_form((2, 2, 2)))
    assert groups == [[0], [1], [2]]
    assert found.players == (1, 1, 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("players", "sizes"), SHAPES)
def test_pure_equilibria_are_all(players, sizes, seed):
    game = role_game(players, sizes, seed)
    profiles = [tuple(int(mix.argmax()) for mix in mixes) for mixes in pure_equilibria(game.normal_form())]
    assert set(pure_role_equilibria(game)) == {counts_of(game, profile) for profile in profiles}


def possible(game, low, high):
    """Return whether the corners of a cell of shares leave room for an equilibrium of two roles with two strategies."""
    corners = product(*zip(low, high, strict=True))
    leads = np.array([[earned[0] - earned[1] for earned in game.expected([[x, 1 - x], [y, 1 - y]])] for x, y in corners])
    least, most = leads.min(axis=0), leads.max(axis=0)
    return all(
        (least[role] <= 0 <= most[role]) or (low[role] == 0 and least[role] < 0) or (high[role] == 1 and most[role] > 0)
        for role in range(2)
    )


def halves(cell):
    (left, right), (bottom, top) = zip(*cell, strict=True)
    centre, middle = (left + right) / 2, (bottom + top) / 2
    return [
        ((x[0], y[0]), (x[1], y[1])) for x, y in product(((left, centre), (centre, right)), ((bottom, middle), (middle, top)))
    ]


@pytest.mark.parametrize("seed", range(5))
def test_no_equilibrium_by_role_is_missed(seed):
    """Two roles, two strategies: cells of shares that may hold an equilibrium are halved, until they are near one found."""
    game = role_game((2, 2), (2, 2), seed)
    equilibria = role_equilibria(game)
    assert len(equilibria) % 2 == 1
    for mixes in equilibria:
        assert game.normal_form().regret(told_apart(game, mixes)) < 1e-7
    edges = np.linspace(0, 1, 17).tolist()
    cells = [((x, y), (x + 1 / 16, y + 1 / 16)) for x, y in product(edges[:-1], repeat=2)]
    cells = [cell for cell in cells if possible(game, *cell)]
    for _ in range(6):
        cells = [part for cell in cells for part in halves(cell) if possible(game, *part)]
    found = np.array([[mix[0] for mix in mixes] for mixes in equilibria])
    assert cells
    for cell in cells:
        assert np.abs(found - np.mean(cell, axis=0)).max(axis=1).min() < 0.01


@pytest.mark.parametrize("players", [2, 3, 5])
def test_equilibria_of_one_role_are_the_symmetric_ones(players):
    for seed in range(3):
        game = random_game(players, 3, seed)
        ours = role_equilibria(RoleGame.from_symmetric(game))
        theirs = [equilibrium.mixes[0] for equilibrium in symmetric_equilibria(game)]
        assert len(ours) == len(theirs)
        for mix in theirs:
            assert min(np.abs(mix - other[0]).max() for other in ours) < 1e-5


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize(("players", "sizes"), SHAPES)
def test_linear_programme_over_counts_equals_that_over_profiles(players, sizes, coarse):
    game = role_game(players, sizes, 3)
    for weights in (None, [1.0, -2.0, 0.5][: len(sizes)]):
        found = role_correlated_equilibrium(game, coarse=coarse, weights=weights)
        by_player = told_apart(game, [1.0] * len(sizes) if weights is None else weights)
        whole = correlated_equilibrium(game.normal_form(), coarse=coarse, weights=by_player)
        chosen = np.ones(len(sizes)) if weights is None else np.array(weights)
        value = float(found.payoffs @ (chosen * np.array(players)))
        assert value == pytest.approx(float(whole.payoffs @ np.array(by_player)), abs=1e-8)
        assert found.gap <= 1e-9
        assert found.probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize(("players", "sizes"), SHAPES)
def test_gap_of_a_play_equals_that_of_the_normal_form(players, sizes, coarse):
    game, rng = role_game(players, sizes), np.random.default_rng(4)
    histories = [rng.dirichlet(np.ones(size), size=5) for size in sizes]
    whole = played_distribution(told_apart(game, histories))
    played = played_counts(game, histories)
    assert played == pytest.approx(by_counts(game, whole), abs=1e-12)
    expected = correlation_gap(game.normal_form(), whole, coarse=coarse)
    assert role_gap(game, played, coarse=coarse) == pytest.approx(expected, abs=1e-12)


def test_game_too_large_for_its_profiles_is_solved_by_counts():
    """Twenty drivers and one toll collector: two roads, of which one is free and slows with traffic."""
    drivers = compositions(19, 2)[:, 0]
    tolls = np.array([0.0, 6.0])
    fast = np.stack([-1.0 - drivers - toll for toll in tolls], axis=-1)  # compositions(1, 2): the first row is no toll
    slow = np.full((len(drivers), 2), -12.0)
    income = np.array([[0.0] * 21, [6.0 * number for number in compositions(20, 2)[:, 0]]])[..., None]
    game = RoleGame(
        ("driver", "collector"), (20, 1), (("fast", "slow"), ("free", "toll")), (np.stack((fast, slow)), income), "roads"
    )
    with pytest.raises(ConfigurationError, match="profiles"):
        game.normal_form()
    pure = pure_role_equilibria(game)
    assert {counts[1] for counts in pure} == {(0, 1)}
    assert {counts[0][0] for counts in pure} == {5, 6}  # the sixth car on the fast road is indifferent
    best = role_correlated_equilibrium(game, coarse=True)
    assert best.gap <= 1e-9
    assert best.payoffs @ game.players >= max(-12.0 * 14 + 6 * -12.0 + 36, -12.0 * 15 + 5 * -11.0 + 30) - 1e-9


def test_solve_lists_equilibria_in_which_exchangeable_players_mix():
    """Three firms enter one market, or not: all enter with the same probability, which quantal response does not select."""
    entrants = np.arange(3)[::-1]  # compositions(2, 2): how many others enter
    paid = np.stack((np.array([3.0, 1.0, -2.0])[entrants], np.zeros(3)))
    from neuronet.games import SymmetricGame

    game = SymmetricGame(("enter", "stay"), 3, paid).normal_form()
    found = solve_game(game)
    mixed = [solution for solution in found.of_kind("Nash") if all(0.01 < mix[0] < 0.99 for mix in solution.mixes)]
    (one,) = mixed
    share = one.mixes[0][0]
    assert 3 * (1 - share) ** 2 + 2 * share * (1 - share) - 2 * share**2 == pytest.approx(0, abs=1e-9)
    assert not found.complete


def test_wrong_arguments_are_refused():
    game = role_game((2, 1), (2, 2))
    with pytest.raises(ConfigurationError, match="shape"):
        RoleGame(game.roles, (3, 1), game.strategies, game.payoffs)
    with pytest.raises(ConfigurationError, match="two players"):
        RoleGame(("one",), (1,), (("a",),), (np.zeros((1, 1)),))
    with pytest.raises(ConfigurationError, match="probabilities"):
        role_gap(game, np.ones(3))
    with pytest.raises(ConfigurationError, match="weights"):
        role_correlated_equilibrium(game, weights=[1.0])
    with pytest.raises(ConfigurationError, match="histories"):
        played_counts(game, [np.ones((2, 2))])
    with pytest.raises(ConfigurationError, match="supports"):
        role_equilibria(role_game((1, 1, 1), (4, 4, 4)))

"""Best-response oracles: Kuhn poker's value, random games, and a restricted game that stays small."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from neuronet.core import ConfigurationError
from neuronet.games import NormalFormGame, response_oracles
from neuronet.games.solutions.zero_sum import maximin


def kuhn_poker():
    """Return the first player's mean gain for each pair of pure strategies, (64, 64).

    A strategy of the first player says for each card whether it bets, and whether it calls after it has checked; one of
    the second whether it bets after a check, and whether it calls a bet.
    """
    plans = list(product(product((0, 1), repeat=2), repeat=3))
    gains = np.zeros((len(plans), len(plans)))
    for (i, first), (j, second) in product(enumerate(plans), repeat=2):
        for mine, theirs in permutations(range(3), 2):
            wins = 1 if mine > theirs else -1
            (bets, calls), (bets_back, calls_bet) = first[mine], second[theirs]
            if bets:
                gains[i, j] += 2 * wins if calls_bet else 1
            elif bets_back:
                gains[i, j] += 2 * wins if calls else -1
            else:
                gains[i, j] += wins
    return gains / 6


def solve(payoffs, **options):
    """Return the response game of a whole table, and its mixes over all strategies."""

    def oracle(role, against, shares):
        earned = payoffs[0][:, against] @ shares if role == 0 else shares @ payoffs[1][against]
        return [int(np.argmax(earned))]

    found = response_oracles(lambda rows, columns: payoffs[:, list(rows)][:, :, list(columns)], ([0], [0]), oracle, **options)
    mixes = [np.zeros(size) for size in payoffs.shape[1:]]
    for mix, strategies, shares in zip(mixes, found.strategies, found.mixes, strict=True):
        mix[list(strategies)] = shares
    return found, mixes


def whole_game(payoffs):
    return NormalFormGame(tuple(tuple(map(str, range(size))) for size in payoffs.shape[1:]), payoffs)


def test_kuhn_poker_is_solved_with_few_strategies():
    payoffs = np.stack((kuhn_poker(), -kuhn_poker()))
    found, mixes = solve(payoffs, tolerance=1e-6)
    assert found.converged
    assert whole_game(payoffs).regret(mixes) < 1e-6
    assert mixes[0] @ payoffs[0] @ mixes[1] == pytest.approx(-1 / 18)
    assert len(found.strategies[0]) < 20
    assert found.history["exploitability"].iloc[-1] <= 1e-6


@pytest.mark.parametrize("zero_sum", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_random_games_are_solved(zero_sum, seed):
    rows, columns = np.random.default_rng(seed).normal(size=(2, 20, 20))
    payoffs = np.stack((rows, -rows if zero_sum else columns))
    found, mixes = solve(payoffs, tolerance=1e-4)
    assert found.converged
    assert whole_game(payoffs).regret(mixes) < 1e-3
    assert found.history["measured"].iloc[-1] < 400


def test_maximin_equals_the_value_from_the_other_side():
    for seed in range(5):
        payoffs = np.random.default_rng(seed).normal(size=(4, 6))
        lower = (maximin(payoffs) @ payoffs).min()
        upper = (payoffs @ maximin(-payoffs.T)).max()
        assert lower == pytest.approx(upper, abs=1e-9)


def test_steps_end_the_search_and_are_said_to():
    payoffs = np.stack((kuhn_poker(), -kuhn_poker()))
    found, _ = solve(payoffs, tolerance=1e-6, steps=2)
    assert not found.converged
    assert len(found.history) == 2


def test_responses_of_a_symmetric_game_join_both_roles():
    game = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    found, mixes = solve(np.stack((game, game.T)), symmetric=True)
    assert found.strategies[0] == found.strategies[1]
    assert mixes[0] == pytest.approx(np.full(3, 1 / 3))


def test_wrong_arguments_are_refused():
    with pytest.raises(ConfigurationError, match="starts"):
        response_oracles(lambda rows, columns: np.zeros((2, 1, 1)), ([], [0]), lambda *_: [0])
    with pytest.raises(ConfigurationError, match="payoffs must return"):
        response_oracles(lambda rows, columns: np.zeros((3, 3)), ([0], [0]), lambda *_: [0])

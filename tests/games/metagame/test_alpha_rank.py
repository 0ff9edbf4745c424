from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from neuronet.core.errors import ConfigurationError
from neuronet.games.metagame.alpha_rank import (
    alpha_rank,
    alpha_rank_two_roles,
    fixation_probabilities,
    hypergeometric,
    log_fixation_probabilities,
    payoff_difference,
    stationary,
)
from neuronet.games.metagame.dynamics import replicator
from tests.games.metagame import external_solvers
from tests.games.metagame.fixtures import matrix_game, population_payoffs, random_game


def absorption_probability(game, mutant, resident, alpha, size):
    """Return the probability of absorption in the state of mutants alone, by the linear equations of the chain."""
    up = np.empty(size - 1)
    for k in range(1, size):
        counts = np.zeros(len(game.names), dtype=np.int64)
        counts[mutant], counts[resident] = k, size - k
        earned = population_payoffs(game, counts)
        up[k - 1] = 1 / (1 + np.exp(-alpha * (earned[mutant] - earned[resident])))
    chain = np.eye(size - 1) - np.diag(up[:-1], 1) - np.diag(1 - up[1:], -1)
    return np.linalg.solve(chain, np.eye(size - 1)[-1] * up[-1])[0]


@pytest.mark.parametrize("players", [2, 3, 5])
def test_fixation_probability_equals_absorption_probability(players):
    game, alpha, size = random_game(players, 3), 0.7, 9
    found = fixation_probabilities(game, alpha, size)
    for resident, mutant in ((0, 1), (1, 0), (2, 1)):
        assert found[resident, mutant] == pytest.approx(absorption_probability(game, mutant, resident, alpha, size), rel=1e-10)


def test_neutral_fixation_probability_is_one_over_n():
    found = fixation_probabilities(random_game(3, 3), 0.0, 11)
    assert found[~np.eye(3, dtype=bool)] == pytest.approx(1 / 11)


def test_payoff_difference_equals_that_in_the_population():
    game, size = random_game(4, 3), 8
    for k, lead in enumerate(payoff_difference(game, 2, 0, size), start=1):
        earned = population_payoffs(game, np.array([size - k, 0, k]))
        assert lead == pytest.approx(earned[2] - earned[0], abs=1e-12)


def test_stationary_distribution_is_the_eigenvector():
    rates = np.random.default_rng(3).random((2, 5, 5))
    for matrix, found in zip(rates, stationary(np.log(rates)), strict=True):
        chain = matrix - np.diag(matrix.sum(axis=1))
        assert found @ chain == pytest.approx(np.zeros(5), abs=1e-14)
        assert found.sum() == pytest.approx(1)


def test_alpha_rank_is_finite_under_strong_selection():
    found = alpha_rank(random_game(3, 4), 1e4, 50)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)
    assert found.max() > 0.99


def test_alpha_rank_of_a_game_with_equal_policies_is_uniform():
    assert alpha_rank(matrix_game([[1.0, 2.0], [2.0, 1.0]]), 5.0, 20) == pytest.approx([0.5, 0.5])
    rock_paper_scissors = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    assert alpha_rank(matrix_game(rock_paper_scissors), 2.0, 20) == pytest.approx(np.full(3, 1 / 3))


def test_alpha_rank_equals_open_spiel():
    pytest.importorskip("open_spiel", reason="open_spiel is not installed")
    for seed in range(3):
        game = random_game(2, 4, seed)
        assert alpha_rank(game, 1.5, 20) == pytest.approx(external_solvers.alpha_rank_by_open_spiel(game, 1.5, 20), abs=1e-9)
        payoffs = np.random.default_rng(seed).normal(size=(2, 2, 3))
        theirs = external_solvers.alpha_rank_two_roles_by_open_spiel(payoffs, 1.5, 20)
        assert alpha_rank_two_roles(payoffs, 1.5, 20) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("players", [2, 3, 4])
def test_fixation_and_replicator_equal_egttools(players):
    pytest.importorskip("egttools", reason="egttools is not installed")
    game, mix = random_game(players, 3), np.array([0.2, 0.3, 0.5])
    assert fixation_probabilities(game, 0.4, 15) == pytest.approx(
        external_solvers.fixation_probabilities_by_egttools(game, 0.4, 15), abs=1e-12, nan_ok=True
    )
    assert replicator(game, mix) == pytest.approx(external_solvers.replicator_by_egttools(game, mix), abs=1e-12)


def test_invalid_selection_is_refused():
    with pytest.raises(ConfigurationError, match="alpha must be"):
        log_fixation_probabilities(random_game(2, 2), -1.0, 10)
    with pytest.raises(ConfigurationError, match="at least the 4 players"):
        log_fixation_probabilities(random_game(4, 2), 1.0, 3)


@given(total=st.integers(1, 60), data=st.data())
def test_hypergeometric_equals_that_of_scipy(total, data):
    marked, drawn = (data.draw(st.integers(0, total)) for _ in range(2))
    found = np.arange(drawn + 2)
    expected = hypergeom.pmf(found, total, marked, drawn)
    np.testing.assert_allclose(hypergeometric(found, total, np.asarray(marked), drawn), expected, rtol=1e-10, atol=1e-14)

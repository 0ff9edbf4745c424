from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame import external_solvers
from neuronet.games.metagame.alpha_rank import (
    alpha_rank,
    alpha_rank_two_roles,
    fixation_probabilities,
    log_fixation_probabilities,
    payoff_difference,
    stationary,
)
from neuronet.games.metagame.replicator import limit_points, replicator, simplex_samples, trajectory
from neuronet.games.metagame.symmetric_game import SymmetricGame
from tests.games.metagame.test_symmetric_game import random_game


def absorption_probability(game, mutant, resident, alpha, size):
    """The chance to be absorbed where all are mutants, by solving the chain's equations."""
    up = np.empty(size - 1)
    for k in range(1, size):
        counts = np.zeros(len(game.names), dtype=np.int64)
        counts[mutant], counts[resident] = k, size - k
        earned = game.population_payoffs(counts)
        up[k - 1] = 1 / (1 + np.exp(-alpha * (earned[mutant] - earned[resident])))
    chain = np.eye(size - 1) - np.diag(up[:-1], 1) - np.diag(1 - up[1:], -1)
    return np.linalg.solve(chain, np.eye(size - 1)[-1] * up[-1])[0]


@pytest.mark.parametrize("players", [2, 3, 5])
def test_fixation_is_absorption(players):
    game, alpha, size = random_game(players, 3), 0.7, 9
    found = fixation_probabilities(game, alpha, size)
    for resident, mutant in ((0, 1), (1, 0), (2, 1)):
        assert found[resident, mutant] == pytest.approx(absorption_probability(game, mutant, resident, alpha, size), rel=1e-10)


def test_without_selection_one_in_n_takes_over():
    found = fixation_probabilities(random_game(3, 3), 0.0, 11)
    assert found[~np.eye(3, dtype=bool)] == pytest.approx(1 / 11)


def test_leads_are_those_in_the_population():
    game, size = random_game(4, 3), 8
    for k, lead in enumerate(payoff_difference(game, 2, 0, size), start=1):
        earned = game.population_payoffs(np.array([size - k, 0, k]))
        assert lead == pytest.approx(earned[2] - earned[0], abs=1e-12)


def test_stationary_is_the_eigenvector():
    rates = np.random.default_rng(3).random((2, 5, 5))
    for each, found in zip(rates, stationary(np.log(rates)), strict=True):
        chain = each - np.diag(each.sum(axis=1))
        assert found @ chain == pytest.approx(np.zeros(5), abs=1e-14)
        assert found.sum() == pytest.approx(1)


def test_alpha_rank_survives_strong_selection():
    found = alpha_rank(random_game(3, 4), 1e4, 50)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)
    assert found.max() > 0.99


def test_alpha_rank_of_an_even_game_is_even():
    assert alpha_rank(SymmetricGame.from_matrix("ab", [[1.0, 2.0], [2.0, 1.0]]), 5.0, 20) == pytest.approx([0.5, 0.5])
    rock_paper_scissors = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    assert alpha_rank(SymmetricGame.from_matrix("rps", rock_paper_scissors), 2.0, 20) == pytest.approx(np.full(3, 1 / 3))


@pytest.mark.skipif(not external_solvers.is_installed("open_spiel"), reason="open_spiel is not installed (extra games)")
def test_alpha_rank_is_that_of_open_spiel():
    for seed in range(3):
        game = random_game(2, 4, seed)
        assert alpha_rank(game, 1.5, 20) == pytest.approx(external_solvers.alpha_rank_by_open_spiel(game, 1.5, 20), abs=1e-9)
        payoffs = np.random.default_rng(seed).normal(size=(2, 2, 3))
        theirs = external_solvers.alpha_rank_two_roles_by_open_spiel(payoffs, 1.5, 20)
        assert alpha_rank_two_roles(payoffs, 1.5, 20) == pytest.approx(theirs, abs=1e-9)
    with pytest.raises(NeuroNetError, match="cannot rank this game"):
        external_solvers.alpha_rank_by_open_spiel(random_game(2, 4), 1e4, 50)
    with pytest.raises(NeuroNetError, match="room for 2 players"):
        external_solvers.alpha_rank_by_open_spiel(random_game(3, 2), 1.0, 10)


@pytest.mark.skipif(not external_solvers.is_installed("egttools"), reason="egttools is not installed (extra egttools)")
@pytest.mark.parametrize("players", [2, 3, 4])
def test_fixation_and_replicator_are_those_of_egttools(players):
    game, mix = random_game(players, 3), np.array([0.2, 0.3, 0.5])
    assert fixation_probabilities(game, 0.4, 15) == pytest.approx(
        external_solvers.fixation_probabilities_by_egttools(game, 0.4, 15), abs=1e-12, nan_ok=True
    )
    assert replicator(game, mix) == pytest.approx(external_solvers.replicator_by_egttools(game, mix), abs=1e-12)


def test_replicator_of_fixed_payoffs_is_logistic():
    game = SymmetricGame.from_matrix("ab", [[1.0, 1.0], [0.0, 0.0]])
    path = trajectory(game, np.array([0.1, 0.9]), 0.05, 60)
    times = 0.05 * np.arange(61)
    assert path[:, 0] == pytest.approx(1 / (1 + 9 * np.exp(-times)), abs=1e-7)


def test_hawks_and_doves_rest_where_they_earn_the_same():
    hawk_dove = SymmetricGame.from_matrix("hd", [[-1.0, 2.0], [0.0, 1.0]])
    assert limit_points(hawk_dove, simplex_samples(2, 8)) == pytest.approx(np.full((8, 2), 0.5), abs=1e-6)


def test_selection_that_makes_no_sense_is_refused():
    with pytest.raises(NeuroNetError, match="alpha must be"):
        log_fixation_probabilities(random_game(2, 2), -1.0, 10)
    with pytest.raises(NeuroNetError, match="as large as the 4 players"):
        log_fixation_probabilities(random_game(4, 2), 1.0, 3)

"""Reference results of other libraries: nashpy for equilibria, open_spiel for alpha-rank, egttools for fixation."""

from __future__ import annotations

import warnings

import numpy as np

from neuronet.games.metagame.nash import payoff_matrix


def nash_by_nashpy(rows, columns):
    """Return the equilibria as pairs of mixes, and whether nashpy reports a degenerate game."""
    from nashpy import Game

    unit = float(max(np.ptp(rows), np.ptp(columns))) or 1.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        pairs = list(Game(rows / unit, columns / unit).support_enumeration())
    return pairs, bool(caught)


def alpha_rank_by_open_spiel(game, alpha, size):
    """Return alpha-rank of a game of two players, (P,), without the local selection model."""
    return _by_open_spiel([payoff_matrix(game)], alpha, size)


def alpha_rank_two_roles_by_open_spiel(payoffs, alpha, size):
    return _by_open_spiel([payoffs[0], payoffs[1]], alpha, size).reshape(payoffs.shape[1:])


def _by_open_spiel(payoffs, alpha, size):
    from open_spiel.python.egt import alpharank

    return np.asarray(alpharank.compute(payoffs, m=size, alpha=alpha, use_local_selection_model=False)[2])


def fixation_probabilities_by_egttools(game, alpha, size):
    """Return fixation probabilities, (P, P): entry [s, r] for a mutant r among s; nan on the diagonal."""
    from egttools import analytical

    holder = _egttools_game(game)  # the chain does not keep its game alive
    chain = analytical.PairwiseComparison(size, holder)
    count = len(game.names)
    probabilities = np.full((count, count), np.nan)
    for resident in range(count):
        for mutant in range(count):
            if mutant != resident:
                probabilities[resident, mutant] = chain.calculate_fixation_probability(mutant, resident, alpha)
    return probabilities


def replicator_by_egttools(game, mix):
    from egttools import analytical

    if game.players == 2:
        return np.asarray(analytical.replicator_equation(mix, payoff_matrix(game)))
    return np.asarray(analytical.replicator_equation_n_player(mix, _group_table(game), game.players))


def _egttools_game(game):
    from egttools import games

    if game.players == 2:
        return games.Matrix2PlayerGameHolder(len(game.names), np.ascontiguousarray(payoff_matrix(game)))
    return games.MatrixNPlayerGameHolder(len(game.names), game.players, _group_table(game))


def _group_table(game):
    """Return the payoff of each policy in each group of n players, (P, groups), in the order of egttools."""
    from egttools import calculate_nb_states, calculate_state, sample_simplex

    count = len(game.names)
    groups = calculate_nb_states(game.players, count)
    table = np.zeros((count, groups))
    for number in range(groups):
        group = np.asarray(sample_simplex(number, game.players, count))
        assert calculate_state(game.players, group) == number
        for policy in np.flatnonzero(group):
            others = group - np.eye(count, dtype=np.int64)[policy]
            table[policy, number] = game.payoffs[policy, game.index[tuple(others.tolist())]]
    return table

"""Selection in finite populations: fixation by pairwise imitation, and alpha-rank, by exact sums in logarithms.

Who imitates is drawn at random, and takes over another's policy with the Fermi probability `1 / (1 + exp(-alpha gain))`. Chances
of fixation follow from a birth-death chain: Traulsen, Nowak and Pacheco 2006, "Stochastic dynamics of invasion and fixation".
Alpha-rank is the distribution over policies that this leads to where mutants are rare: Omidshafiei et al. 2019, "alpha-Rank:
multi-agent evaluation by evolution". It is found without subtractions, as Grassmann, Taksar and Heyman (1985) find such
distributions.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp
from scipy.stats import hypergeom

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats


def log_fixation_probability(lead: Floats, alpha: float) -> Floats:
    """The logarithm of the chance that a mutant takes over.

    Args:
        lead: (..., Z - 1), how much more mutants earn than residents where there are 1, 2, ..., Z - 1 of them among Z.
        alpha: Intensity of selection, 0 or more.
    """
    hurdles = np.cumsum(-alpha * lead, axis=-1)
    every = np.concatenate((np.zeros((*hurdles.shape[:-1], 1)), hurdles), axis=-1)
    found: Floats = -logsumexp(every, axis=-1)
    return found


def payoff_difference(game: SymmetricGame, mutant: int, resident: int, size: int) -> Floats:
    """How much more mutants earn than residents where there are 1, ..., size - 1 of them, (..., size - 1)."""
    others, group = size - 1, game.players - 1
    mutants = np.arange(1, size)[:, None]
    met = np.arange(game.players)[None, :]
    beside_mutant = hypergeom.pmf(met, others, mutants - 1, group)
    beside_resident = hypergeom.pmf(met, others, others - mutants, group)
    earned, lost = game.pairwise_payoffs(mutant, resident), game.pairwise_payoffs(resident, mutant)
    found: Floats = np.einsum("...c,kc->...k", earned, beside_mutant) - np.einsum("...c,kc->...k", lost, beside_resident)
    return found


def log_fixation_probabilities(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """Logarithms of fixation chances, (..., P, P): entry [s, r] for one follower of r among those of s; 0 on the diagonal.

    Args:
        game: Payoffs.
        alpha: Intensity of selection, 0 or more, per unit of payoff.
        size: Of the population, at least as many as the players of a game.

    Raises:
        NeuroNetError: alpha or size is out of range.
    """
    check_number("alpha", alpha, 0)
    check_number("size", size, 2, whole=True)
    if size < game.players:
        raise NeuroNetError(f"a population must be as large as the {game.players} players of a game, got {size}")
    count = len(game.names)
    found = np.zeros((*game.payoffs.shape[:-2], count, count))
    for resident in range(count):
        for mutant in range(count):
            if mutant != resident:
                found[..., resident, mutant] = log_fixation_probability(payoff_difference(game, mutant, resident, size), alpha)
    return found


def fixation_probabilities(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """Fixation chances, (..., P, P): entry [s, r] for one follower of r among those of s; nan on the diagonal."""
    found: Floats = np.exp(log_fixation_probabilities(game, alpha, size))
    found[..., np.arange(len(game.names)), np.arange(len(game.names))] = np.nan
    return found


def alpha_rank(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """How much of the time a population is found with each policy, where mutants are rare, (..., P); sums to 1."""
    return stationary(log_fixation_probabilities(game, alpha, size))


def alpha_rank_two_roles(payoffs: Floats, alpha: float, size: int) -> Floats:
    """The same for two populations, one a role: (..., 2, P, Q) payoffs to row and column give (..., P, Q); sums to 1.

    Only one population moves at a time, to a policy that does better or worse against what the other one plays.
    """
    *lead, _, rows, columns = payoffs.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    logs = np.full((*lead, rows * columns, rows * columns), -np.inf)
    for row in range(rows):
        for column in range(columns):
            moves = [(0, other, column) for other in range(rows) if other != row]
            moves += [(1, row, other) for other in range(columns) if other != column]
            for role, r, c in moves:
                gain = payoffs[..., role, r, c] - payoffs[..., role, row, column]
                steady = np.repeat(gain[..., None], size - 1, axis=-1)
                logs[..., number[row, column], number[r, c]] = log_fixation_probability(steady, alpha)
    return stationary(logs).reshape(*lead, rows, columns)


def stationary(logs: Floats) -> Floats:
    """The stationary distribution of a chain, (..., N, N) logarithms of its rates to (..., N).

    Args:
        logs: Entry [s, r] for moving from s to r, up to a common factor; the diagonal does not matter.
    """
    rates, count = logs.copy(), logs.shape[-1]
    with np.errstate(invalid="ignore"):  # the logarithm of no rate at all, less itself
        for last in range(count - 1, 0, -1):
            leaving = logsumexp(rates[..., last, :last], axis=-1)
            rates[..., :last, last] -= leaving[..., None]
            by_way_of = rates[..., :last, last, None] + rates[..., None, last, :last]
            rates[..., :last, :last] = np.logaddexp(rates[..., :last, :last], by_way_of)
        found = np.zeros(logs.shape[:-1])
        for state in range(1, count):
            found[..., state] = logsumexp(found[..., :state] + rates[..., :state, state], axis=-1)
    shares: Floats = np.exp(found - logsumexp(found, axis=-1, keepdims=True))
    return shares

"""Selection in finite populations: fixation by pairwise imitation, and alpha-rank, by exact sums of logarithms.

A random player imitates another one with the Fermi probability `1 / (1 + exp(-alpha gain))`. Fixation probabilities follow from a
birth-death chain: Traulsen, Nowak and Pacheco 2006, "Stochastic dynamics of invasion and fixation". Alpha-rank is the stationary
distribution over policies if mutants are rare: Omidshafiei et al. 2019, "alpha-Rank: multi-agent evaluation by evolution". It is
computed without subtractions, by the elimination of Grassmann, Taksar and Heyman (1985).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, logsumexp

from neuronet.core import ConfigurationError, check_number
from neuronet.games.metagame.symmetric_game import Ints, SymmetricGame
from neuronet.games.simulation.payoffs import Floats


def log_fixation_probability(lead: Floats, alpha: float) -> Floats:
    """Return the logarithm of a mutant's fixation probability, (...).

    Args:
        lead: Payoff of mutants minus that of residents with 1, 2, ..., Z - 1 mutants among Z players, (..., Z - 1).
        alpha: Intensity of selection, 0 or more.
    """
    hurdles = np.cumsum(-alpha * lead, axis=-1)
    terms = np.concatenate((np.zeros((*hurdles.shape[:-1], 1)), hurdles), axis=-1)
    return np.asarray(-logsumexp(terms, axis=-1))


def hypergeometric(found: Ints, total: int, marked: Ints, drawn: int) -> Floats:
    """Return the probability of `found` marked ones among `drawn` of `total`, without the second that scipy.stats takes to load.

    Args:
        found: Number of marked ones that are drawn, (...).
        total: Number of those from which are drawn.
        marked: Number of the marked ones among these, (...), 0 to `total`.
        drawn: Number of those that are drawn, 0 to `total`.
    """
    least, most = np.maximum(0, drawn - (total - marked)), np.minimum(marked, drawn)
    inside = np.clip(found, least, most)
    ways = -betaln(inside + 1, marked - inside + 1) - np.log(marked + 1)
    others = -betaln(drawn - inside + 1, total - marked - drawn + inside + 1) - np.log(total - marked + 1)
    everything = -betaln(drawn + 1, total - drawn + 1) - np.log(total + 1)
    return np.where(inside == found, np.exp(ways + others - everything), 0.0)


def payoff_difference(game: SymmetricGame, mutant: int, resident: int, size: int) -> Floats:
    """Return the payoff of mutants minus that of residents with 1, ..., size - 1 mutants, (..., size - 1)."""
    others, group = size - 1, game.players - 1
    mutants = np.arange(1, size)[:, None]
    met = np.arange(game.players)[None, :]
    mutant_odds = hypergeometric(met, others, mutants - 1, group)
    resident_odds = hypergeometric(met, others, others - mutants, group)
    mutant_payoffs = np.einsum("...c,kc->...k", game.pairwise_payoffs(mutant, resident), mutant_odds)
    resident_payoffs = np.einsum("...c,kc->...k", game.pairwise_payoffs(resident, mutant), resident_odds)
    return np.asarray(mutant_payoffs - resident_payoffs)


def log_fixation_probabilities(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """Return logarithms of fixation probabilities, (..., P, P): entry [s, r] for a mutant r among s; 0 on the diagonal.

    Args:
        game: Game of the players.
        alpha: Intensity of selection per unit of payoff, 0 or more.
        size: Size of the population, at least the number of players of the game.

    Raises:
        ConfigurationError: alpha or size is out of range.
    """
    check_number("alpha", alpha, 0)
    check_number("size", size, 2, whole=True)
    if size < game.players:
        raise ConfigurationError(f"size must be at least the {game.players} players of the game, got {size}")
    count = len(game.names)
    logs = np.zeros((*game.payoffs.shape[:-2], count, count))
    for resident in range(count):
        for mutant in range(count):
            if mutant != resident:
                logs[..., resident, mutant] = log_fixation_probability(payoff_difference(game, mutant, resident, size), alpha)
    return logs


def fixation_probabilities(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """Return fixation probabilities, (..., P, P): entry [s, r] for a mutant r among s; nan on the diagonal."""
    probabilities = np.exp(log_fixation_probabilities(game, alpha, size))
    diagonal = np.arange(len(game.names))
    probabilities[..., diagonal, diagonal] = np.nan
    return probabilities


def alpha_rank(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """Return the alpha-rank of each policy, (..., P): its share of time in a population with rare mutants; sums to 1."""
    return stationary(log_fixation_probabilities(game, alpha, size))


def alpha_rank_two_roles(payoffs: Floats, alpha: float, size: int) -> Floats:
    """Return the alpha-rank of pairs of policies for two populations, one per role, (..., P, Q); sums to 1.

    Each transition changes the policy of one population, by the payoff against the present policy of the other one.

    Args:
        payoffs: Payoffs to row and column, (..., 2, P, Q).
        alpha: Intensity of selection per unit of payoff, 0 or more.
        size: Size of each population.
    """
    *lead, _, rows, columns = payoffs.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    logs = np.full((*lead, rows * columns, rows * columns), -np.inf)
    for row in range(rows):
        for column in range(columns):
            moves = [(0, other, column) for other in range(rows) if other != row]
            moves += [(1, row, other) for other in range(columns) if other != column]
            for role, new_row, new_column in moves:
                gain = payoffs[..., role, new_row, new_column] - payoffs[..., role, row, column]
                steady = np.repeat(gain[..., None], size - 1, axis=-1)
                logs[..., number[row, column], number[new_row, new_column]] = log_fixation_probability(steady, alpha)
    return stationary(logs).reshape(*lead, rows, columns)


def stationary(logs: Floats) -> Floats:
    """Return the stationary distribution of a Markov chain, (..., N, N) to (..., N).

    Args:
        logs: Logarithm of the rate from s to r in entry [s, r], up to a common factor; the diagonal is ignored.
    """
    rates, count = logs.copy(), logs.shape[-1]
    with np.errstate(invalid="ignore"):  # -inf minus -inf
        for last in range(count - 1, 0, -1):
            leaving = logsumexp(rates[..., last, :last], axis=-1)
            rates[..., :last, last] -= leaving[..., None]
            indirect = rates[..., :last, last, None] + rates[..., None, last, :last]
            rates[..., :last, :last] = np.logaddexp(rates[..., :last, :last], indirect)
        weights = np.zeros(logs.shape[:-1])
        for state in range(1, count):
            weights[..., state] = logsumexp(weights[..., :state] + rates[..., :state, state], axis=-1)
    return np.asarray(np.exp(weights - logsumexp(weights, axis=-1, keepdims=True)))

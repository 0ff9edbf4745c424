"""Correlated and coarse correlated equilibria by linear programme, and how far a history of play is from one.

In a correlated equilibrium (Aumann 1974) a mediator draws a profile and tells each player its own part, and no player gains by
playing something else than it is told. In a coarse one (Moulin and Vial 1978) players decide before they are told. The play of
learners without regret comes close to the coarse ones, and without swap regret to the correlated ones (Hart and Mas-Colell 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from neuronet.core import ConfigurationError, check_number
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import MAX_PROFILES, NormalFormGame, check_game


@dataclass(frozen=True, eq=False)
class CorrelatedEquilibrium:
    """Distribution over profiles that no player wants to leave.

    Attributes:
        distribution: Probability of each profile, (strategies of the first player, ...).
        payoffs: Expected payoff of each player, (n,).
        gap: Largest gain of a player who disobeys, see `correlation_gap`; 0 up to rounding.
        coarse: Whether players decide before they are told.
    """

    distribution: Floats
    payoffs: Floats
    gap: float
    coarse: bool

    @property
    def marginals(self) -> list[Floats]:
        """Return the shares of each player's strategies."""
        axes = range(self.distribution.ndim)
        return [np.asarray(self.distribution.sum(axis=tuple(other for other in axes if other != axis))) for axis in axes]


def correlated_equilibrium(
    game: NormalFormGame, *, coarse: bool = False, weights: Sequence[float] | None = None
) -> CorrelatedEquilibrium:
    """Return the correlated equilibrium with the largest weighted sum of payoffs.

    Args:
        game: Game.
        coarse: Whether players decide before they are told what to play.
        weights: Weight of each player's payoff in the sum; None for equal ones. Negative weights look for the worst equilibrium.

    Raises:
        ConfigurationError: The game is none in normal form or has too many profiles, the weights are not numbers for all players,
            or the solver fails.
    """
    check_game(game, NormalFormGame)
    count = len(game.strategies)
    sizes = game.payoffs.shape[1:]
    if np.prod(sizes) > MAX_PROFILES:
        raise ConfigurationError(f"correlated equilibria need at most {MAX_PROFILES:,} profiles, got {np.prod(sizes):,}")
    chosen = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    if chosen.shape != (count,) or not np.isfinite(chosen).all():
        raise ConfigurationError(f"weights must be a finite number for each of {count} players, got {weights}")
    units = game.payoffs / game.unit
    gains = vstack([csr_matrix(row.reshape(1, -1)) for row in _incentives(units, coarse)])
    found = linprog(
        -np.tensordot(chosen, units, axes=1).reshape(-1),
        A_ub=gains,
        b_ub=np.zeros(gains.shape[0]),
        A_eq=np.ones((1, gains.shape[1])),
        b_eq=[1.0],
        method="highs",
    )
    if found.x is None:
        raise ConfigurationError(f"the linear programme of the correlated equilibrium has no solution: {found.message}")
    part = np.maximum(found.x, 0).reshape(sizes)
    distribution = part / part.sum()
    payoffs = np.array([float((distribution * payoff).sum()) for payoff in game.payoffs])
    return CorrelatedEquilibrium(distribution, payoffs, correlation_gap(game, distribution, coarse=coarse), coarse)


def _incentives(payoffs: Floats, coarse: bool) -> list[Floats]:
    """Return the gain of each deviation in each profile, an array per player, told strategy (if not coarse) and other one."""
    found = []
    for player, payoff in enumerate(payoffs):
        by_own = np.moveaxis(payoff, player, 0)
        for other in range(len(by_own)):
            gain = by_own[other] - by_own
            if coarse:
                found.append(np.moveaxis(gain, 0, player))
                continue
            for told in range(len(by_own)):
                if told != other:
                    row = np.zeros_like(by_own)
                    row[told] = gain[told]
                    found.append(np.moveaxis(row, 0, player))
    return found


def correlation_gap(game: NormalFormGame, distribution: Floats, *, coarse: bool = False) -> float:
    """Return how much a player gains who disobeys a distribution over profiles; 0 in an equilibrium.

    Args:
        game: Game.
        distribution: Probability of each profile, (strategies of the first player, ...).
        coarse: Whether a player plays one strategy whatever it is told (external regret); otherwise it may replace each told
            strategy by another one (swap regret).

    Raises:
        ConfigurationError: It is not a distribution over the profiles.
    """
    check_game(game, NormalFormGame)
    array = np.asarray(distribution, dtype=np.float64)
    if array.shape != game.payoffs.shape[1:] or (array < -1e-12).any() or abs(array.sum() - 1) > 1e-9:
        raise ConfigurationError(
            f"distribution must be probabilities with sum 1 of shape {game.payoffs.shape[1:]}, got {array.shape}"
        )
    gaps = [0.0]
    for player, payoff in enumerate(game.payoffs):
        probabilities = np.moveaxis(array, player, 0).reshape(len(game.strategies[player]), -1)
        earned = np.moveaxis(payoff, player, 0).reshape(probabilities.shape)
        gains = probabilities @ earned.T - (probabilities * earned).sum(axis=1, keepdims=True)
        gaps.append(float(gains.sum(axis=0).max() if coarse else gains.max(axis=1).sum()))
    return max(gaps)


def played_distribution(histories: Sequence[Floats]) -> Floats:
    """Return the distribution over profiles of players who drew from mixes of their own in each round.

    Args:
        histories: Mixes of each player, (rounds, strategies) each.

    Raises:
        ConfigurationError: The players have different numbers of rounds.
    """
    rounds = {len(history) for history in histories}
    if len(rounds) != 1:
        raise ConfigurationError(f"histories must have equal numbers of rounds, got {sorted(rounds)}")
    check_number("rounds", rounds.pop(), 1, whole=True)
    letters = "abcdefghijklmnopqrstuvwxy"[: len(histories)]
    terms = ",".join(f"z{letter}" for letter in letters)
    return np.asarray(np.einsum(f"{terms}->{letters}", *histories, optimize=True) / len(histories[0]))

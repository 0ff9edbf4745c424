"""Equilibria of games of many players in few roles, without the list of all profiles.

Nash equilibria are those in which all players of a role use one mix, which exist (Nash 1951), and all pure ones, in which they
may differ. A correlated or coarse correlated equilibrium may be averaged over all exchanges of players of a role, which changes
neither its incentives nor the sum of payoffs: one over the counts of strategies is as good as any, and a linear programme finds
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.optimize import linprog, root

from neuronet.core import ConfigurationError, check_number
from neuronet.games.metagame.stability import TOLERANCE
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.role_game import RoleGame

MAX_SUPPORTS = 2_000
"""Largest number of supports that are searched."""

STARTS = 12
"""Initial points of the search on a support."""

SMALLEST_SHARE = 1e-6
"""Share from which on a strategy counts as played."""


@dataclass(frozen=True, eq=False)
class RoleDistribution:
    """Distribution over the counts of strategies, with what it pays and what a player who disobeys gains.

    Attributes:
        probabilities: Probability of each of the game's `counts`.
        payoffs: Mean payoff of a player of each role.
        gap: Largest gain of a player who disobeys, see `role_gap`; 0 up to rounding in an equilibrium.
    """

    probabilities: Floats
    payoffs: Floats
    gap: float


def pure_role_equilibria(game: RoleGame) -> list[tuple[tuple[int, ...], ...]]:
    """Return all Nash equilibria in pure strategies, as the counts of strategies of each role."""
    stable = np.ones(len(game.counts), dtype=bool)
    for played, earned in game.alternatives:
        own = np.diagonal(earned, axis1=1, axis2=2)
        stable &= ~((earned.max(axis=2) > own + TOLERANCE * game.unit) & (played > 0)).any(axis=1)
    return [game.counts[number] for number in np.flatnonzero(stable)]


def role_equilibria(game: RoleGame, seed: int = 0) -> list[list[Floats]]:
    """Return Nash equilibria in which all players of a role use the same mix, as a mix for each role.

    On each combination of supports, a root search from several points looks for mixes against which all strategies in use earn
    the same. Such searches may miss equilibria.

    Args:
        game: Game.
        seed: Seed of the initial points.

    Raises:
        ConfigurationError: There are more than MAX_SUPPORTS combinations of supports.
    """
    by_role = [
        [part for size in range(1, len(names) + 1) for part in combinations(range(len(names)), size)] for names in game.strategies
    ]
    if game.num_supports > MAX_SUPPORTS:
        raise ConfigurationError(
            f"equilibria are searched on at most {MAX_SUPPORTS:,} combinations of supports, got {game.num_supports:,}"
        )
    rng, found = np.random.default_rng(seed), list[list[Floats]]()
    for supports in product(*by_role):
        for mixes in _indifferent(game, supports, rng):
            known = any(all(np.allclose(*pair, atol=1e-5) for pair in zip(mixes, other, strict=True)) for other in found)
            if not known and game.regret(mixes) <= 1e-8 * game.unit:
                found.append(mixes)
    return found


def _indifferent(game: RoleGame, supports: Sequence[tuple[int, ...]], rng: np.random.Generator) -> Iterator[list[Floats]]:
    """Yield mixes with these supports against which all strategies of a support earn equal payoffs."""
    sizes = [len(support) - 1 for support in supports]
    ends = np.cumsum([0, *sizes])

    def mixes_of(free: Floats) -> list[Floats]:
        mixes = []
        for support, names, first, last in zip(supports, game.strategies, ends[:-1], ends[1:], strict=True):
            odds = np.exp(np.clip([*free[first:last], 0.0], -40, 40))
            mix = np.zeros(len(names))
            mix[list(support)] = odds / odds.sum()
            mixes.append(mix)
        return mixes

    def leads(free: Floats) -> Floats:
        earned = game.expected(mixes_of(free))
        parts = [part[list(support[:-1])] - part[support[-1]] for part, support in zip(earned, supports, strict=True)]
        return np.asarray(np.concatenate(parts)) / game.unit

    if not ends[-1]:
        yield mixes_of(np.zeros(0))
        return
    for number in range(STARTS):
        answer = root(leads, np.zeros(ends[-1]) if number == 0 else 2.0 * rng.normal(size=ends[-1]), tol=1e-13)
        mixes = mixes_of(answer.x)
        inside = all(mix[list(support)].min() > SMALLEST_SHARE for mix, support in zip(mixes, supports, strict=True))
        if inside and np.abs(leads(answer.x)).max() <= 1e-9:
            yield mixes


def role_correlated_equilibrium(
    game: RoleGame, *, coarse: bool = False, weights: Sequence[float] | None = None
) -> RoleDistribution:
    """Return the correlated equilibrium with the largest weighted sum of payoffs, as a distribution over counts of strategies.

    The mediator draws counts, gives the strategies to the players of each role at random, and tells each player its own.

    Args:
        game: Game.
        coarse: Whether players decide before they are told what to play.
        weights: Weight of a player of each role in the sum; None for 1 each.

    Raises:
        ConfigurationError: The weights are not a finite number for each role, or the solver fails.
    """
    count = len(game.roles)
    chosen = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    if chosen.shape != (count,) or not np.isfinite(chosen).all():
        raise ConfigurationError(f"weights must be a finite number for each of {count} roles, got {weights}")
    paid = _payoffs_by_counts(game)
    welfare, incentives = np.stack(paid, axis=-1) @ (chosen * game.players), np.stack(_incentives(game, coarse))
    found = linprog(
        -welfare / game.unit,
        A_ub=incentives / game.unit,
        b_ub=np.zeros(len(incentives)),
        A_eq=np.ones((1, len(welfare))),
        b_eq=[1.0],
        method="highs",
    )
    if found.x is None:
        raise ConfigurationError(f"the linear programme of the correlated equilibrium has no solution: {found.message}")
    probabilities = np.maximum(found.x, 0) / np.maximum(found.x, 0).sum()
    payoffs = np.array([float(probabilities @ part) for part in paid])
    return RoleDistribution(probabilities, payoffs, role_gap(game, probabilities, coarse=coarse))


def role_gap(game: RoleGame, probabilities: Floats, *, coarse: bool = False) -> float:
    """Return how much a player gains who disobeys a distribution over counts of strategies; 0 in an equilibrium.

    Strategies are given to the players of a role at random, so that all of them gain the same.

    Args:
        game: Game.
        probabilities: Probability of each of the game's `counts`.
        coarse: Whether a player plays one strategy whatever it is told (external regret); otherwise it may replace each told
            strategy by another one (swap regret).

    Raises:
        ConfigurationError: It is not a distribution over the counts.
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.shape != (len(game.counts),) or (array < -1e-12).any() or abs(array.sum() - 1) > 1e-9:
        raise ConfigurationError(f"probabilities must be {len(game.counts)} numbers with sum 1, got shape {array.shape}")
    gaps = [0.0]
    for role, (played, earned) in enumerate(game.alternatives):
        told = (array[:, None] * played / game.players[role])[:, :, None] * (
            earned - np.diagonal(earned, axis1=1, axis2=2)[..., None]
        )
        by_pair = told.sum(axis=0)
        gaps.append(float(by_pair.sum(axis=0).max() if coarse else by_pair.max(axis=1).sum()))
    return max(gaps)


def played_counts(game: RoleGame, histories: Sequence[Floats]) -> Floats:
    """Return the distribution over counts of a history of play, whose gap is the players' regret.

    Args:
        game: Game.
        histories: Mixes from which all players of each role drew, independently in each round, (rounds, strategies) each.

    Raises:
        ConfigurationError: The roles have different numbers of rounds, or none.
    """
    rounds = {len(history) for history in histories}
    if len(histories) != len(game.roles) or len(rounds) != 1:
        raise ConfigurationError(
            f"histories must have equal numbers of rounds for each of {len(game.roles)} roles, got {sorted(rounds)}"
        )
    check_number("rounds", rounds.pop(), 1, whole=True)
    return np.asarray(np.mean([game.probabilities(mixes) for mixes in zip(*histories, strict=True)], axis=0))


def _payoffs_by_counts(game: RoleGame) -> list[Floats]:
    """Return the mean payoff of the players of each role in each of the counts, (profiles,) each."""
    return [
        np.asarray((played * np.diagonal(earned, axis1=1, axis2=2)).sum(axis=1) / number)
        for (played, earned), number in zip(game.alternatives, game.players, strict=True)
    ]


def _incentives(game: RoleGame, coarse: bool) -> list[Floats]:
    """Return the gain of each deviation in each of the counts: by role, told strategy (if not coarse) and other one."""
    rows = []
    for (played, earned), number in zip(game.alternatives, game.players, strict=True):
        gains = (played / number)[:, :, None] * (earned - np.diagonal(earned, axis1=1, axis2=2)[..., None])
        size = gains.shape[1]
        if coarse:
            rows += list(gains.sum(axis=1).T)
        else:
            rows += [gains[:, told, other] for told in range(size) for other in range(size) if told != other]
    return rows

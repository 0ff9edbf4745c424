"""Nash equilibria of small games, and their evolutionary stability.

A mixed strategy is evolutionarily stable if a small fraction of deviators earns less than the others: Maynard Smith and Price
1973. The test by curvature is that of Haigh 1975 and Abakuks 1980; with more than two players it holds in a neighbourhood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.metagame.dynamics import simplex_samples
from neuronet.games.metagame.stability import NEUTRAL, NOT_STABLE, STABLE, TOLERANCE, equilibrium_stability
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import check_game

ROOT_SEARCH_STARTS = 24
"""Number of initial points of the root search for three or more policies and more than two players."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Nash equilibrium in mixed strategies.

    Attributes:
        mixes: Shares of the policies, (P,): one array for a symmetric game, one per role otherwise.
        regret: Gain of the best unilateral deviation; 0 up to rounding.
        stable: Whether the equilibrium is evolutionarily stable; None for games between roles.
        neutral: Whether it is neutrally stable, but not evolutionarily: no mutants gain, but some earn as much.
    """

    mixes: tuple[Floats, ...]
    regret: float
    stable: bool | None = None
    neutral: bool = False

    @property
    def stability(self) -> str:
        """Return STABLE, NEUTRAL or NOT_STABLE of a symmetric game's equilibrium."""
        return STABLE if self.stable else NEUTRAL if self.neutral else NOT_STABLE

    @property
    def support(self) -> tuple[tuple[int, ...], ...]:
        """Return the indices of the policies with a positive share, per role."""
        return tuple(tuple(np.flatnonzero(mix > TOLERANCE).tolist()) for mix in self.mixes)


def symmetric_equilibria(game: SymmetricGame) -> list[Equilibrium]:
    """Return the equilibria in which all players use the same mix.

    The result is complete for one or two policies, and for two players in a game that is not degenerate. Otherwise the equilibria
    are found by a root search from many initial points.

    Raises:
        ConfigurationError: The game is not a symmetric one.
    """
    check_game(game, SymmetricGame)
    units = game.rescaled(game.payoff_range)
    equilibria: list[Equilibrium] = []
    count = len(game.names)
    for size in range(1, count + 1):
        for support in combinations(range(count), size):
            for mix in _interior_equilibria(units, support):
                known = any(np.allclose(mix, equilibrium.mixes[0], atol=1e-6) for equilibrium in equilibria)
                if float(units.regret(mix)) <= TOLERANCE and not known:
                    equilibria.append(_with_conclusion(game, units, mix))
    return equilibria


def match_equilibrium(game: SymmetricGame, known: Equilibrium) -> Equilibrium | None:
    """Return the equilibrium with the support of a known one that is nearest to it, in a slightly different game."""
    units, (support,), (mix,) = game.rescaled(game.payoff_range), known.support, known.mixes
    near = [point for point in _interior_equilibria(units, support, mix) if float(units.regret(point)) <= TOLERANCE]
    if not near:
        return None
    best = min(near, key=lambda point: float(np.abs(point - mix).sum()))
    return _with_conclusion(game, units, best)


def _with_conclusion(game: SymmetricGame, units: SymmetricGame, mix: Floats) -> Equilibrium:
    found = equilibrium_stability(units, mix)
    return Equilibrium((mix,), float(game.regret(mix)), found == STABLE, found == NEUTRAL)


def _interior_equilibria(game: SymmetricGame, support: tuple[int, ...], near: Floats | None = None) -> Iterator[Floats]:
    """Yield mixes with this support in which all its policies earn equally; with `near`, search only from that mix."""
    mix = np.zeros(len(game.names))
    if len(support) == 1:
        mix[support[0]] = 1.0
        yield mix
    elif len(support) == 2:
        for share in _two_policy_shares(game, *support):
            yield _embed(mix, support, np.array([share, 1 - share]))
    elif game.players == 2:
        part = _solve_indifference(payoff_matrix(game)[np.ix_(support, support)])
        if part is not None:
            yield _embed(mix, support, part)
    else:
        yield from (_embed(mix, support, part) for part in _root_search(game, support, near))


def _embed(mix: Floats, support: tuple[int, ...], part: Floats) -> Floats:
    whole = mix.copy()
    whole[list(support)] = part
    return whole


def _two_policy_shares(game: SymmetricGame, one: int, other: int) -> Iterator[float]:
    """Yield the shares of `one`, strictly between 0 and 1, at which both policies earn equal payoffs.

    The shares are roots of a polynomial of degree n - 1.
    """
    degree = game.players - 1
    lead = game.pairwise_payoffs(one, other) - game.pairwise_payoffs(other, one)[::-1]
    total = np.polynomial.Polynomial([0.0])
    share = np.polynomial.Polynomial([0.0, 1.0])
    for same, gain in enumerate(lead):
        total += float(gain * comb(degree, same)) * share**same * (1 - share) ** (degree - same)
    if np.abs(total.coef).max() <= TOLERANCE:
        return
    roots = np.asarray(total.trim(TOLERANCE * 1e-3).roots(), dtype=np.complex128)
    real = roots.real[np.abs(roots.imag) <= 1e-7]
    yield from real[(real > TOLERANCE) & (real < 1 - TOLERANCE)].tolist()


def _solve_indifference(matrix: Floats) -> Floats | None:
    """Return the mix of the columns, all with a positive share, against which all rows earn equal payoffs."""
    size = len(matrix)
    system = np.block([[matrix, -np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
    try:
        part = np.linalg.solve(system, np.array([*np.zeros(size), 1.0]))[:-1]
    except np.linalg.LinAlgError:
        return None
    return part if (part > TOLERANCE).all() else None


def _root_search(game: SymmetricGame, support: tuple[int, ...], near: Floats | None) -> Iterator[Floats]:
    """Yield mixes of more than two players by Powell's hybrid method, from many initial points or from one mix."""
    from scipy.optimize import root

    chosen, empty = list(support), np.zeros(len(game.names))

    def share(free: Floats) -> Floats:
        odds = np.exp(np.clip([*free, 0.0], -50, 50))
        return np.asarray(odds / odds.sum())

    def gaps(free: Floats) -> Floats:
        earned = game.expected(_embed(empty, support, share(free)))[chosen]
        return np.asarray(earned[:-1] - earned[-1])

    for start in simplex_samples(len(support), ROOT_SEARCH_STARTS) if near is None else near[None, chosen]:
        answer = root(gaps, np.log(start[:-1] / start[-1]), tol=1e-13)
        part = share(answer.x)
        if np.abs(gaps(answer.x)).max() <= TOLERANCE and (part > 1e-6).all():
            yield part


def payoff_matrix(game: SymmetricGame) -> Floats:
    """Return the payoffs of a game of two players as a matrix, (..., P, P).

    Raises:
        ConfigurationError: The game has more players.
    """
    if game.players != 2:
        raise ConfigurationError(f"a payoff matrix needs a game of 2 players, got {game.players}")
    order = [game.index[tuple(row)] for row in np.eye(len(game.names), dtype=int).tolist()]
    return np.asarray(game.payoffs[..., order])

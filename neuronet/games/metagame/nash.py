"""Nash equilibria of small games, and their evolutionary stability.

A mixed strategy is evolutionarily stable if a small fraction of deviators earns less than the others: Maynard Smith and Price
1973. The test by curvature is that of Haigh 1975 and Abakuks 1980; with more than two players it holds in a neighbourhood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.metagame.dynamics import simplex_samples
from neuronet.games.metagame.stability import TOLERANCE, is_stable
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats

ROOT_SEARCH_STARTS = 24
"""Number of initial points of the root search for three or more policies and more than two players."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Nash equilibrium in mixed strategies.

    Attributes:
        mixes: Shares of the policies, (P,): one array for a symmetric game, one per role otherwise.
        regret: Gain of the best unilateral deviation; 0 up to rounding.
        stable: Whether the equilibrium is evolutionarily stable; None for games between roles.
    """

    mixes: tuple[Floats, ...]
    regret: float
    stable: bool | None = None

    @property
    def support(self) -> tuple[tuple[int, ...], ...]:
        """Return the indices of the policies with a positive share, per role."""
        return tuple(tuple(np.flatnonzero(mix > TOLERANCE).tolist()) for mix in self.mixes)


def symmetric_equilibria(game: SymmetricGame) -> list[Equilibrium]:
    """Return the equilibria in which all players use the same mix.

    The result is complete for one or two policies, and for two players in a game that is not degenerate. Otherwise the equilibria
    are found by a root search from many initial points.
    """
    units = game.rescaled(game.payoff_range)
    equilibria: list[Equilibrium] = []
    count = len(game.names)
    for size in range(1, count + 1):
        for support in combinations(range(count), size):
            for mix in _interior_equilibria(units, support):
                known = any(np.allclose(mix, equilibrium.mixes[0], atol=1e-6) for equilibrium in equilibria)
                if float(units.regret(mix)) <= TOLERANCE and not known:
                    equilibria.append(Equilibrium((mix,), float(game.regret(mix)), is_stable(units, mix)))
    return equilibria


def match_equilibrium(game: SymmetricGame, known: Equilibrium) -> Equilibrium | None:
    """Return the equilibrium with the support of a known one that is nearest to it, in a slightly different game."""
    units, (support,), (mix,) = game.rescaled(game.payoff_range), known.support, known.mixes
    near = [point for point in _interior_equilibria(units, support, mix) if float(units.regret(point)) <= TOLERANCE]
    if not near:
        return None
    best = min(near, key=lambda point: float(np.abs(point - mix).sum()))
    return Equilibrium((best,), float(game.regret(best)), is_stable(units, best))


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


def bimatrix_equilibria(rows: Floats, columns: Floats) -> tuple[list[Equilibrium], bool]:
    """Return the equilibria of a game between two roles by support enumeration (Nisan et al. 2007, algorithm 3.4).

    Args:
        rows: Payoffs of the row player, (P, Q).
        columns: Payoffs of the column player, (P, Q).

    Returns:
        Equilibria with supports of equal size, and whether the game is degenerate. The number of equilibria of a non-degenerate
        game is odd (Wilson 1971); an even number shows that there may be more.
    """
    unit = float(max(np.ptp(rows), np.ptp(columns))) or 1.0
    equilibria = []
    for size in range(1, min(rows.shape) + 1):
        for support, other_support in product(combinations(range(rows.shape[0]), size), combinations(range(rows.shape[1]), size)):
            block = np.ix_(support, other_support)
            part, other_part = _solve_indifference(columns[block].T / unit), _solve_indifference(rows[block] / unit)
            if part is None or other_part is None:
                continue
            mix = _embed(np.zeros(rows.shape[0]), support, part)
            other_mix = _embed(np.zeros(rows.shape[1]), other_support, other_part)
            row_payoffs, column_payoffs = rows @ other_mix, mix @ columns
            regret = float(max(row_payoffs.max() - mix @ row_payoffs, column_payoffs.max() - column_payoffs @ other_mix))
            if regret <= TOLERANCE * unit:
                equilibria.append(Equilibrium((mix, other_mix), regret))
    return equilibria, len(equilibria) % 2 == 0


def payoff_matrix(game: SymmetricGame) -> Floats:
    """Return the payoffs of a game of two players as a matrix, (..., P, P).

    Raises:
        ConfigurationError: The game has more players.
    """
    if game.players != 2:
        raise ConfigurationError(f"a payoff matrix needs a game of 2 players, got {game.players}")
    order = [game.index[tuple(row)] for row in np.eye(len(game.names), dtype=int).tolist()]
    return np.asarray(game.payoffs[..., order])

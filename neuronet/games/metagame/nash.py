"""Nash equilibria of small games, and which of them are evolutionarily stable.

A mix is stable where a few who play otherwise do worse than those who keep to it: Maynard Smith and Price 1973. The test by
curvature is that of Haigh 1975 and Abakuks 1980; beyond two players it holds in a neighbourhood.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame.replicator import simplex_samples
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats

TOLERANCE = 1e-9
"""What counts as nothing, in units of the payoffs' spread."""

ROOT_SEARCH_STARTS = 24
"""Mixes from which equilibria of three policies or more are sought, where there are more than two players."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A mix from which nobody gains by deviating alone.

    Attributes:
        mixes: The shares of policies, (P,): one for a symmetric game, one for each role otherwise.
        regret: How much the best deviation gains; rounding, where it is an equilibrium.
        stable: Whether it is evolutionarily stable; None for games between roles.
    """

    mixes: tuple[Floats, ...]
    regret: float
    stable: bool | None = None

    @property
    def support(self) -> tuple[tuple[int, ...], ...]:
        """Which policies are played at all."""
        return tuple(tuple(np.flatnonzero(mix > TOLERANCE).tolist()) for mix in self.mixes)


def symmetric_equilibria(game: SymmetricGame) -> list[Equilibrium]:
    """The equilibria in which everybody plays the same mix.

    All there are of one or two policies; and of more, all with two players (where the game is not degenerate), or those found
    from many starts with more.
    """
    units = game.rescaled(game.payoff_range)
    found: list[Equilibrium] = []
    count = len(game.names)
    for size in range(1, count + 1):
        for support in combinations(range(count), size):
            for mix in _interior_equilibria(units, support):
                if float(units.regret(mix)) <= TOLERANCE and not any(
                    np.allclose(mix, each.mixes[0], atol=1e-6) for each in found
                ):
                    found.append(Equilibrium((mix,), float(game.regret(mix)), is_stable(units, mix)))
    return found


def match_equilibrium(game: SymmetricGame, known: Equilibrium) -> Equilibrium | None:
    """The equilibrium of the same policies nearest to a known one, in a game that is a little different; None for none."""
    units, (support,), (mix,) = game.rescaled(game.payoff_range), known.support, known.mixes
    near = [each for each in _interior_equilibria(units, support, mix) if float(units.regret(each)) <= TOLERANCE]
    if not near:
        return None
    best = min(near, key=lambda each: float(np.abs(each - mix).sum()))
    return Equilibrium((best,), float(game.regret(best)), is_stable(units, best))


def _interior_equilibria(game: SymmetricGame, support: tuple[int, ...], near: Floats | None = None) -> Iterator[Floats]:
    """Mixes of these policies, all with a share, that earn the same; near a known one, or wherever they are."""
    mix = np.zeros(len(game.names))
    if len(support) == 1:
        mix[support[0]] = 1.0
        yield mix
    elif len(support) == 2:
        for share in _two_policy_shares(game, *support):
            yield _embed(mix, support, np.array([share, 1 - share]))
    elif game.players == 2:
        matrix = game.payoffs[
            np.ix_(support, [game.index[tuple(row)] for row in np.eye(len(mix), dtype=int)[list(support)].tolist()])
        ]
        yield from (_embed(mix, support, part) for part in _solve_indifference(matrix))
    else:
        yield from (_embed(mix, support, part) for part in _root_search(game, support, near))


def _embed(mix: Floats, support: tuple[int, ...], part: Floats) -> Floats:
    whole = mix.copy()
    whole[list(support)] = part
    return whole


def _two_policy_shares(game: SymmetricGame, one: int, other: int) -> Iterator[float]:
    """The shares of one, strictly between 0 and 1, at which both earn the same: roots of a polynomial of degree n - 1."""
    degree = game.players - 1
    lead = game.pairwise_payoffs(one, other) - game.pairwise_payoffs(other, one)[::-1]
    total = np.polynomial.Polynomial([0.0])
    share = np.polynomial.Polynomial([0.0, 1.0])
    for same, (gain, ways) in enumerate(zip(lead, _binomials(degree), strict=True)):
        total += float(gain * ways) * share**same * (1 - share) ** (degree - same)
    if np.abs(total.coef).max() <= TOLERANCE:
        return
    roots = np.asarray(total.trim(TOLERANCE * 1e-3).roots(), dtype=np.complex128)
    real = roots.real[np.abs(roots.imag) <= 1e-7]
    yield from real[(real > TOLERANCE) & (real < 1 - TOLERANCE)].tolist()


def _binomials(degree: int) -> Floats:
    rows = np.ones(1)
    for _ in range(degree):
        rows = np.convolve(rows, [1.0, 1.0])
    return rows


def _solve_indifference(matrix: Floats) -> Iterator[Floats]:
    """The mix against which all rows earn the same, if all have a share in it."""
    size = len(matrix)
    system = np.block([[matrix, -np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
    try:
        part = np.linalg.solve(system, np.array([*np.zeros(size), 1.0]))[:-1]
    except np.linalg.LinAlgError:
        return
    if (part > TOLERANCE).all():
        yield part


def _root_search(game: SymmetricGame, support: tuple[int, ...], near: Floats | None) -> Iterator[Floats]:
    """The same for more players, by Powell's hybrid method from many starts, or from a mix that is near."""
    from scipy.optimize import root

    chosen, empty = list(support), np.zeros(len(game.names))

    def share(free: Floats) -> Floats:
        odds = np.exp(np.clip([*free, 0.0], -50, 50))
        found: Floats = odds / odds.sum()
        return found

    def gaps(free: Floats) -> Floats:
        earned = game.expected(_embed(empty, support, share(free)))[chosen]
        found: Floats = earned[:-1] - earned[-1]
        return found

    for start in simplex_samples(len(support), ROOT_SEARCH_STARTS) if near is None else near[None, chosen]:
        answer = root(gaps, np.log(start[:-1] / start[-1]), tol=1e-13)
        part = share(answer.x)
        if np.abs(gaps(answer.x)).max() <= TOLERANCE and (part > 1e-6).all():
            yield part


def is_stable(game: SymmetricGame, mix: Floats) -> bool:
    """Whether an equilibrium is evolutionarily stable, by the curvature about it; where that decides nothing it is not.

    Args:
        game: Payoffs in units of their spread.
        mix: An equilibrium, (P,).
    """
    earned = game.expected(mix)
    best_responses = np.flatnonzero(earned >= earned.max() - 1e-7)
    played = [policy for policy in best_responses if mix[policy] > TOLERANCE]
    others = [policy for policy in best_responses if mix[policy] <= TOLERANCE]
    curvature = -game.payoff_jacobian(mix)
    curvature = (curvature + curvature.T) / 2
    first, free = played[0], played[1:]
    moved = np.array([np.eye(len(mix))[policy] - np.eye(len(mix))[first] for policy in (*free, *others)]).reshape(-1, len(mix))
    form = moved @ curvature @ moved.T
    inner, cross, outer = form[: len(free), : len(free)], form[: len(free), len(free) :], form[len(free) :, len(free) :]
    if len(free) and np.linalg.eigvalsh(inner).min() <= TOLERANCE:
        return False
    if len(free):
        outer = outer - cross.T @ np.linalg.solve(inner, cross)
    return strictly_copositive(outer)


def strictly_copositive(form: Floats) -> bool:
    """Whether `z @ form @ z > 0` for all z >= 0 but 0, by the eigenvectors of every part (Kaplan 2000)."""
    for size in range(1, len(form) + 1):
        for part in combinations(range(len(form)), size):
            values, vectors = np.linalg.eigh(form[np.ix_(part, part)])
            signed = vectors * np.sign(vectors.sum(axis=0))
            if ((values <= TOLERANCE) & (signed > 0).all(axis=0)).any():
                return False
    return True


def nash(rows: Floats, columns: Floats) -> tuple[list[Equilibrium], bool]:
    """The equilibria of a game between two roles, by nashpy's support enumeration.

    Args:
        rows: (P, Q), what the row earns.
        columns: (P, Q), what the column earns.

    Returns:
        The equilibria, and whether the game is degenerate, so that there may be more of them than these.

    Raises:
        NeuroNetError: nashpy is missing.
    """
    try:
        from nashpy import Game
    except ImportError:
        raise NeuroNetError("Nash equilibria need nashpy: pip install 'neuronet[games]'") from None
    unit = float(max(np.ptp(rows), np.ptp(columns))) or 1.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        pairs = list(Game(rows / unit, columns / unit).support_enumeration())
    found = []
    for one, other in pairs:
        earned = max(float(np.max(rows @ other) - one @ rows @ other), float(np.max(one @ columns) - one @ columns @ other))
        found.append(Equilibrium((one, other), earned))
    return found, bool(caught)


def symmetric_nash(game: SymmetricGame) -> tuple[list[Equilibrium], bool]:
    """The equilibria in which both players of a symmetric game play the same mix, by nashpy; and whether it is degenerate."""
    matrix = payoff_matrix(game)
    pairs, degenerate = nash(matrix, matrix.T)
    units = game.rescaled(game.payoff_range)
    same = [each.mixes[0] for each in pairs if np.allclose(each.mixes[0], each.mixes[1], atol=1e-8)]
    return [Equilibrium((mix,), float(game.regret(mix)), is_stable(units, mix)) for mix in same], degenerate


def payoff_matrix(game: SymmetricGame) -> Floats:
    """The payoffs of two players as a matrix, (..., P, P).

    Raises:
        NeuroNetError: There are more players.
    """
    if game.players != 2:
        raise NeuroNetError(f"a matrix has room for 2 players, got {game.players}")
    order = [game.index[tuple(row)] for row in np.eye(len(game.names), dtype=int).tolist()]
    return game.payoffs[..., order]

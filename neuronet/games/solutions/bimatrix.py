"""Nash equilibria of games between two roles, with a test whether the game is degenerate.

A game is degenerate if some mix has more pure best replies than strategies that it plays (Nisan et al. 2007, definition 3.2).
Equilibria are pairs of vertices of the two best-reply polytopes that together have all labels (Mangasarian 1964; Avis et al.
2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from neuronet.games.metagame.nash import Equilibrium
from neuronet.games.metagame.stability import TOLERANCE
from neuronet.games.simulation.payoffs import Floats

Labels = NDArray[np.bool_]


def bimatrix_equilibria(rows: Floats, columns: Floats) -> tuple[list[Equilibrium], bool]:
    """Return the extreme equilibria of a game between two roles, and whether the game is degenerate.

    A game that is not degenerate has these equilibria and no others. In a degenerate game every equilibrium is a mixture of
    extreme ones; `has_continuum` tells whether there are such mixtures.

    Args:
        rows: Payoffs of the row player, (P, Q).
        columns: Payoffs of the column player, (P, Q).

    Returns:
        Equilibria by the sizes of their supports; and whether some mix has more best replies than strategies that it plays, up to
        TOLERANCE of the range of the payoffs.
    """
    count = rows.shape[0]
    first = _vertices(_unit(columns))
    second = [(mix, np.roll(labels, count)) for mix, labels in _vertices(_unit(rows).T)]
    degenerate = any(labels.sum() > len(mix) for mix, labels in (*first, *second))
    others = np.array([labels for _, labels in second])
    found: list[Equilibrium] = []
    for mix, labels in first:
        for number in np.flatnonzero((labels | others).all(axis=1)):
            pair = (mix, second[number][0])
            if not any(all(np.allclose(*both, atol=1e-7) for both in zip(pair, known.mixes, strict=True)) for known in found):
                found.append(Equilibrium(pair, _regret(rows, columns, *pair)))
    return sorted(found, key=lambda equilibrium: (len(equilibrium.support[0]), equilibrium.support)), degenerate


def has_continuum(equilibria: list[Equilibrium]) -> bool:
    """Return whether there are more equilibria than these extreme ones of a game between two roles.

    The mixtures of two equilibria in which one player's mix is the same are equilibria, too, and there are no others.
    """
    return any(
        np.allclose(one.mixes[role], other.mixes[role], atol=1e-7)
        for one, other in combinations(equilibria, 2)
        for role in range(2)
    )


def _unit(payoffs: Floats) -> Floats:
    """Return payoffs from 0 to 1, which have the same equilibria; all 0 if they are equal."""
    return np.asarray((payoffs - payoffs.min()) / (float(np.ptp(payoffs)) or 1.0))


def _regret(rows: Floats, columns: Floats, mix: Floats, other: Floats) -> float:
    earned, other_earned = rows @ other, mix @ columns
    return float(max(earned.max() - mix @ earned, other_earned.max() - other_earned @ other))


def _vertices(payoffs: Floats) -> list[tuple[Floats, Labels]]:
    """Return the vertices of a role's best-reply polytope, each with its labels.

    Args:
        payoffs: What the other role earns, (own strategies P, other's strategies Q).

    Returns:
        Mixes of the own strategies, (P,); and labels, (P + Q,): own strategies that are not played, and best replies.
    """
    found: dict[bytes, tuple[Floats, Labels]] = {}
    for size in range(1, min(payoffs.shape) + 1):
        for support in combinations(range(payoffs.shape[0]), size):
            for mix in _indifferent(payoffs, support):
                earned = mix @ payoffs
                labels = np.concatenate((mix <= TOLERANCE, earned >= earned.max() - TOLERANCE))
                if labels.sum() >= len(mix):
                    found.setdefault(labels.tobytes(), (mix, labels))
    return list(found.values())


def _indifferent(payoffs: Floats, support: tuple[int, ...]) -> Iterator[Floats]:
    """Yield the mixes of a support against which as many strategies of the other role are best replies, uniquely determined."""
    size = len(support)
    replies = np.array(list(combinations(range(payoffs.shape[1]), size)))
    systems = np.zeros((len(replies), size + 1, size + 1))
    systems[:, :size, :size] = payoffs[list(support)].T[replies]
    systems[:, :size, size] = -1.0
    systems[:, size, :size] = 1.0
    systems = systems[np.linalg.slogdet(systems)[0] != 0]
    solved = np.linalg.solve(systems, np.append(np.zeros(size), 1.0)[:, None])[..., 0]
    parts, values = solved[:, :size], solved[:, size]
    best = (parts @ payoffs[list(support)]).max(axis=1, initial=-np.inf)
    feasible = (parts >= -TOLERANCE).all(axis=1) & (best <= values + TOLERANCE)
    singular = np.linalg.svd(systems[feasible], compute_uv=False)
    for part in parts[feasible][singular[:, -1] > TOLERANCE * singular[:, 0]]:
        mix = np.zeros(payoffs.shape[0])
        mix[list(support)] = np.maximum(part, 0)
        yield mix / mix.sum()

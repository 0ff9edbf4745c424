"""A symmetric game of n players: what each policy earns against every way in which the others can be shared out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.games.simulation.payoffs import Floats

Ints = NDArray[np.int64]


def compositions(total: int, parts: int) -> Ints:
    """Every way to share out a total among so many parts, (M, parts); the most to the first part comes first."""
    bars = np.array(list(combinations(range(total + parts - 1), parts - 1)), dtype=np.int64).reshape(-1, parts - 1)
    edges = np.column_stack((np.full(len(bars), -1), bars, np.full(len(bars), total + parts - 1)))
    return np.ascontiguousarray(np.diff(edges, axis=1)[::-1] - 1)


def multinomials(counts: Ints) -> Floats:
    """In how many orders each of these compositions can come about, (M, P) to (M,)."""
    totals = np.cumsum(counts, axis=-1)
    return np.array([np.prod([float(comb(t, c)) for t, c in zip(*row, strict=True)]) for row in zip(totals, counts, strict=True)])


@dataclass(frozen=True, eq=False)
class SymmetricGame:
    """What a player earns by its own policy and by how many of the others follow which, whoever they are.

    Attributes:
        names: The P policies.
        players: n, 2 or more.
        payoffs: (..., P, M): what who follows p earns where the other n - 1 are shared out as row m of `opponents` says; leading
            axes for tables drawn anew.

    Raises:
        NeuroNetError: There are too few policies or players, or the payoffs have another shape.
    """

    names: tuple[str, ...]
    players: int
    payoffs: Floats

    def __post_init__(self) -> None:
        count = len(self.names)
        if count < 2 or self.players < 2:
            raise NeuroNetError(f"a game needs 2 policies and 2 players or more, got {count} and {self.players}")
        shape = (count, comb(self.players + count - 2, count - 1))
        if self.payoffs.shape[-2:] != shape:
            raise NeuroNetError(
                f"the payoffs of {self.players} players with {count} policies are {shape}, got {self.payoffs.shape}"
            )

    @staticmethod
    def from_matrix(names: Sequence[str], matrix: Floats) -> SymmetricGame:
        """The game of two players whose row earns `matrix[row, column]`."""
        return SymmetricGame(tuple(names), 2, np.asarray(matrix, dtype=np.float64))

    @cached_property
    def opponents(self) -> Ints:
        """(M, P): every way in which the other n - 1 players can be shared out."""
        return compositions(self.players - 1, len(self.names))

    @cached_property
    def index(self) -> dict[tuple[int, ...], int]:
        """Where each way of sharing out stands in `opponents`."""
        return {tuple(row): place for place, row in enumerate(self.opponents.tolist())}

    @cached_property
    def payoff_range(self) -> float:
        """The largest payoff less the smallest; 1 where there is no difference. It is the unit of selection."""
        width = float(np.ptp(self.payoffs)) if self.payoffs.ndim == 2 else float(np.ptp(self.payoffs.mean(axis=0)))
        return width if width > 0 else 1.0

    def rescaled(self, unit: float) -> SymmetricGame:
        """The same game with payoffs counted in other units."""
        return replace(self, payoffs=self.payoffs / unit)

    def expected(self, mix: Floats) -> Floats:
        """What each policy earns on average where every other player follows p with probability mix[p], (..., P) to (..., P)."""
        odds = multinomials(self.opponents) * np.prod(mix[..., None, :] ** self.opponents, axis=-1)
        found: Floats = np.einsum("...pm,...m->...p", self.payoffs, odds)
        return found

    def payoff_jacobian(self, mix: Floats) -> Floats:
        """How what p earns changes with the share of q, (P, P): `slopes @ z` is the derivative along z, which must sum to 0."""
        count = len(self.names)
        fewer = compositions(self.players - 2, count)
        odds = multinomials(fewer) * np.prod(mix**fewer, axis=-1)
        joined = fewer[:, None, :] + np.eye(count, dtype=np.int64)
        places = np.array([[self.index[tuple(row)] for row in rows] for rows in joined.tolist()])
        found: Floats = (self.players - 1) * np.einsum("...pmq,m->...pq", self.payoffs[..., places], odds)
        return found

    def regret(self, mix: Floats) -> Floats:
        """How much more the best policy earns than the mix does, where all others play the mix, (..., P) to (...)."""
        earned = self.expected(mix)
        found: Floats = earned.max(axis=-1) - np.sum(mix * earned, axis=-1)
        return found

    def pairwise_payoffs(self, one: int, other: int) -> Floats:
        """What one earns where c of its n - 1 opponents follow it too, the rest the other, (..., n) for c = 0 to n - 1."""
        found = []
        for same in range(self.players):
            row = [0] * len(self.names)
            row[one] += same
            row[other] += self.players - 1 - same
            found.append(self.payoffs[..., one, self.index[tuple(row)]])
        return np.stack(found, axis=-1)

    def population_payoffs(self, counts: Ints) -> Floats:
        """What each policy earns on average in a population with so many followers, (P,) to (..., P).

        The n - 1 others are drawn without putting back from the population less the player; nan for a policy nobody follows.
        """
        total = int(counts.sum())
        if total < self.players:
            raise NeuroNetError(f"a population must be as large as the {self.players} players of a game, got {total}")
        whole = float(comb(total - 1, self.players - 1))
        found = []
        for policy, followers in enumerate(counts.tolist()):
            left = counts - np.eye(len(counts), dtype=np.int64)[policy]
            ways = (
                np.array(
                    [
                        np.prod([float(comb(n, k)) for n, k in zip(left.tolist(), row, strict=True)])
                        for row in self.opponents.tolist()
                    ]
                )
                if followers
                else None
            )
            found.append(
                np.full(self.payoffs.shape[:-2], np.nan) if ways is None else self.payoffs[..., policy, :] @ ways / whole
            )
        return np.stack(found, axis=-1)

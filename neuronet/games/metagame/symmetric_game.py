"""Symmetric games of n players: the payoff of each policy against each combination of opponents' policies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from neuronet.core import ConfigurationError
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import MAX_PROFILES, NormalFormGame, check_game

SAME = 1e-12
"""Difference of payoffs, in units of their range, up to which they count as equal."""

Ints = NDArray[np.int64]


def compositions(total: int, parts: int) -> Ints:
    """Return all compositions of a total into non-negative parts, (M, parts), in descending lexicographic order."""
    bars = np.array(list(combinations(range(total + parts - 1), parts - 1)), dtype=np.int64).reshape(
        comb(total + parts - 1, parts - 1), parts - 1
    )
    edges = np.column_stack((np.full(len(bars), -1), bars, np.full(len(bars), total + parts - 1)))
    return np.ascontiguousarray(np.diff(edges, axis=1)[::-1] - 1)


def multinomials(counts: Ints) -> Floats:
    """Return the multinomial coefficient of each composition, (M, P) to (M,)."""
    totals = np.cumsum(counts, axis=-1)
    return np.array([np.prod([float(comb(t, c)) for t, c in zip(*row, strict=True)]) for row in zip(totals, counts, strict=True)])


@lru_cache(maxsize=16)
def _opponents(total: int, policies: int) -> tuple[Ints, Floats]:
    """Return combinations of opponents and their coefficients, not writable: resampled games are many, and share them."""
    counts = compositions(total, policies)
    found = counts, multinomials(counts)
    for array in found:
        array.setflags(write=False)
    return found


@dataclass(frozen=True, eq=False)
class SymmetricGame:
    """Game in which a player's payoff depends on its policy and on the number of opponents per policy.

    Attributes:
        names: Names of the P policies.
        players: Number of players n, 2 or more.
        payoffs: Payoff of policy p against the n - 1 opponents in row m of `opponents`, (..., P, M); leading axes for resampled
            games.

    Raises:
        ConfigurationError: There are too few policies or players, or the payoffs have another shape.
    """

    names: tuple[str, ...]
    players: int
    payoffs: Floats

    def __post_init__(self) -> None:
        count = len(self.names)
        if count < 2 or self.players < 2:
            raise ConfigurationError(f"a game needs 2 policies and 2 players or more, got {count} and {self.players}")
        shape = (count, comb(self.players + count - 2, count - 1))
        if self.payoffs.shape[-2:] != shape:
            raise ConfigurationError(
                f"the payoffs of {self.players} players with {count} policies must have shape {shape}, got {self.payoffs.shape}"
            )

    @cached_property
    def opponents(self) -> Ints:
        """Return the number of opponents per policy, (M, P), for all combinations of n - 1 opponents."""
        return _opponents(self.players - 1, len(self.names))[0]

    @cached_property
    def coefficients(self) -> Floats:
        """Return the multinomial coefficient of each combination in `opponents`, (M,)."""
        return _opponents(self.players - 1, len(self.names))[1]

    @cached_property
    def index(self) -> dict[tuple[int, ...], int]:
        """Return the row of each combination in `opponents`."""
        return {tuple(row): number for number, row in enumerate(self.opponents.tolist())}

    @cached_property
    def payoff_range(self) -> float:
        """Return the range of the mean payoffs, or 1 if it is 0; the unit of the intensity of selection."""
        width = float(np.ptp(self.payoffs)) if self.payoffs.ndim == 2 else float(np.ptp(self.payoffs.mean(axis=0)))
        return width if width > 0 else 1.0

    def rescaled(self, unit: float) -> SymmetricGame:
        """Return the game with payoffs divided by a unit."""
        return replace(self, payoffs=self.payoffs / unit)

    def expected(self, mix: Floats) -> Floats:
        """Return the expected payoff of each policy against opponents that draw theirs from a mix, (..., P) to (..., P)."""
        odds = self.coefficients * np.prod(mix[..., None, :] ** self.opponents, axis=-1)
        return np.asarray(np.einsum("...pm,...m->...p", self.payoffs, odds))

    def payoff_jacobian(self, mix: Floats) -> Floats:
        """Return the derivative of the expected payoff of p by the share of q, (..., P, P), for directions that sum to 0."""
        count = len(self.names)
        fewer = compositions(self.players - 2, count)
        odds = multinomials(fewer) * np.prod(mix**fewer, axis=-1)
        joined = fewer[:, None, :] + np.eye(count, dtype=np.int64)
        columns = np.array([[self.index[tuple(row)] for row in rows] for rows in joined.tolist()])
        return np.asarray((self.players - 1) * np.einsum("...pmq,m->...pq", self.payoffs[..., columns], odds))

    def regret(self, mix: Floats) -> Floats:
        """Return the gain of the best policy over a mix that all opponents use, (..., P) to (...)."""
        earned = self.expected(mix)
        return np.asarray(earned.max(axis=-1) - np.sum(mix * earned, axis=-1))

    def normal_form(self, title: str = "a layer of neurons") -> NormalFormGame:
        """Return the game in normal form, with all players told apart.

        Raises:
            ConfigurationError: It has more than MAX_PROFILES profiles.
        """
        count, n = len(self.names), self.players
        if count**n > MAX_PROFILES:
            raise ConfigurationError(f"a game can be exported with at most {MAX_PROFILES:,} profiles, got {count}^{n}")
        payoffs = np.empty((n, *([count] * n)))
        for profile in product(range(count), repeat=n):
            counts = np.bincount(profile, minlength=count)
            for player, policy in enumerate(profile):
                others = counts - np.eye(count, dtype=np.int64)[policy]
                payoffs[(player, *profile)] = self.payoffs[policy, self.index[tuple(others.tolist())]]
        players = tuple(f"neuron {number}" for number in range(1, n + 1))
        return NormalFormGame((self.names,) * n, payoffs, players, title)

    @classmethod
    def from_normal_form(cls, game: NormalFormGame) -> SymmetricGame:
        """Return a game in normal form as a symmetric one; the names of the policies are those of the first player's strategies.

        Raises:
            ConfigurationError: The game is not symmetric: an exchange of players with their strategies changes payoffs.
        """
        check_game(game, NormalFormGame)
        found = cls._read(game)
        if found is None:
            raise ConfigurationError(
                f"the game '{game.title}' is not symmetric: an exchange of players with their strategies changes the payoffs"
            )
        return found

    @classmethod
    def is_symmetric(cls, game: NormalFormGame) -> bool:
        """Return whether no exchange of players with their strategies changes the payoffs, up to rounding."""
        return cls._read(game) is not None

    @classmethod
    def _read(cls, game: NormalFormGame) -> SymmetricGame | None:
        count, n = len(game.strategies[0]), len(game.players)
        if count < 2 or any(len(names) != count for names in game.strategies):
            return None
        profiles = [np.repeat(np.arange(count), row).tolist() for row in compositions(n - 1, count)]
        payoffs = np.array([[game.payoffs[(0, policy, *others)] for others in profiles] for policy in range(count)])
        symmetric = cls(game.strategies[0], n, payoffs)
        same = np.abs(symmetric.normal_form().payoffs - game.payoffs).max() <= SAME * game.unit
        return symmetric if same else None

    def pairwise_payoffs(self, one: int, other: int) -> Floats:
        """Return the payoff of `one` with c opponents of its policy and n - 1 - c of `other`, (..., n) for c = 0 to n - 1."""
        columns = []
        for same in range(self.players):
            row = [0] * len(self.names)
            row[one] += same
            row[other] += self.players - 1 - same
            columns.append(self.payoffs[..., one, self.index[tuple(row)]])
        return np.stack(columns, axis=-1)

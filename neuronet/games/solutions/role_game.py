"""Games of many players who belong to few roles: a role-symmetric game (Wiedenbeck and Wellman 2012).

The players of a role have the same strategies, and an exchange of two of them changes nothing, so that a payoff depends on how
many players of each role choose each strategy. Ten players with four strategies each have a million profiles, but, in two roles
of five, 3,136 of these counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.metagame.symmetric_game import SAME, Ints, SymmetricGame, compositions, multinomials
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import MAX_PROFILES, NormalFormGame, check_game

Counts = tuple[tuple[int, ...], ...]
"""Number of players by role and strategy."""


@dataclass(frozen=True, eq=False)
class RoleGame:
    """Game in which a player's payoff depends on its role and strategy, and on the number of others by role and strategy.

    Attributes:
        roles: Names of the R roles.
        players: Number of players of each role, 1 or more; 2 or more in all.
        strategies: Names of the strategies of each role.
        payoffs: For each role, what a player earns, (own strategies, M_1, ..., M_R): M_q are the rows of `others(role)[q]`.
        title: Title of the game.

    Raises:
        ConfigurationError: The parts do not fit each other, or payoffs are not finite.
    """

    roles: tuple[str, ...]
    players: tuple[int, ...]
    strategies: tuple[tuple[str, ...], ...]
    payoffs: tuple[Floats, ...]
    title: str = "game"

    def __post_init__(self) -> None:
        count = len(self.roles)
        if not count == len(self.players) == len(self.strategies) == len(self.payoffs):
            raise ConfigurationError(f"a game of {count} roles needs players, strategies and payoffs of each of them")
        if sum(self.players) < 2 or min(self.players) < 1 or not all(self.strategies):
            raise ConfigurationError(f"a game needs two players or more, one or more of each role, got {self.players}")
        for role, paid in enumerate(self.payoffs):
            shape = (len(self.strategies[role]), *(len(rows) for rows in self.others(role)))
            if np.shape(paid) != shape or not np.isfinite(paid).all():
                raise ConfigurationError(
                    f"payoffs of the role '{self.roles[role]}' must be finite, of shape {shape}, got {np.shape(paid)}"
                )

    def others(self, role: int) -> list[Ints]:
        """Return the counts of strategies among the other players of each role, (M_q, strategies) for each role q."""
        return [
            compositions(number - (other == role), len(names))
            for other, (number, names) in enumerate(zip(self.players, self.strategies, strict=True))
        ]

    @property
    def unit(self) -> float:
        """Return the range of the payoffs, or 1 if it is 0."""
        return float(max(part.max() for part in self.payoffs) - min(part.min() for part in self.payoffs)) or 1.0

    @property
    def num_supports(self) -> int:
        """Return the number of combinations of sets of strategies, one set for each role."""
        return prod(2 ** len(names) - 1 for names in self.strategies)

    def expected(self, mixes: Sequence[Floats]) -> list[Floats]:
        """Return what each strategy of each role earns if all others of a role draw from its mix, (strategies,) for each role."""
        found = []
        for role, paid in enumerate(self.payoffs):
            table = paid
            for (rows, ways), mix in zip(self._draws[role], mixes, strict=True):
                odds = ways * np.prod(np.asarray(mix) ** rows, axis=-1)
                table = np.tensordot(table, odds, axes=(1, 0))
            found.append(np.asarray(table))
        return found

    def regret(self, mixes: Sequence[Floats]) -> float:
        """Return the largest gain of a single player, where all players of a role draw from its mix."""
        return max(float(earned.max() - mix @ earned) for earned, mix in zip(self.expected(mixes), mixes, strict=True))

    @cached_property
    def _draws(self) -> list[list[tuple[Ints, Floats]]]:
        """Counts of `others`, for each role and other role, with the number of orders in which they can be drawn."""
        return [[(rows, multinomials(rows)) for rows in self.others(role)] for role in range(len(self.roles))]

    @cached_property
    def counts(self) -> list[Counts]:
        """Profiles up to an exchange of players: the counts of strategies of each role, all combinations."""
        by_role = [compositions(number, len(names)) for number, names in zip(self.players, self.strategies, strict=True)]
        return [tuple(map(tuple, part)) for part in product(*(rows.tolist() for rows in by_role))]

    def earned(self, role: int, counts: Counts) -> Floats:
        """Return what a player of a role earns by each strategy, (strategies,), among others with these counts by role."""
        place = tuple(index[part] for index, part in zip(self._rows[role], counts, strict=True))
        return np.asarray(np.moveaxis(self.payoffs[role], 0, -1)[place])

    @cached_property
    def _rows(self) -> list[list[dict[tuple[int, ...], int]]]:
        """Row of each of the counts of `others`, for each role and other role."""
        return [
            [{tuple(row): number for number, row in enumerate(part.tolist())} for part in self.others(role)]
            for role in range(len(self.roles))
        ]

    @cached_property
    def alternatives(self) -> list[tuple[Floats, Floats]]:
        """What players could earn by other strategies, for each role.

        The first part is the number of players that follow each strategy, (profiles, strategies); the second is what one of them
        earns by each strategy instead, (profiles, strategies, strategies); 0 where none follows it.
        """
        found = []
        for role, names in enumerate(self.strategies):
            earned = np.zeros((len(self.counts), len(names), len(names)))
            for number, counts in enumerate(self.counts):
                for strategy in np.flatnonzero(counts[role]).tolist():
                    earned[number, strategy] = self.earned(role, without(counts, role, strategy))
            found.append((np.array([counts[role] for counts in self.counts], dtype=np.float64), earned))
        return found

    def probabilities(self, mixes: Sequence[Floats]) -> Floats:
        """Return the probability of each of `counts` if all players of a role draw from its mix independently."""
        by_role = []
        for number, mix in zip(self.players, mixes, strict=True):
            rows = compositions(number, len(mix))
            by_role.append(multinomials(rows) * np.prod(np.asarray(mix) ** rows, axis=-1))
        total = by_role[0]
        for part in by_role[1:]:
            total = np.multiply.outer(total, part)
        return np.asarray(total.reshape(-1))

    def normal_form(self) -> NormalFormGame:
        """Return the game with all players told apart.

        Raises:
            ConfigurationError: It has more than MAX_PROFILES profiles.
        """
        role_of = [role for role, number in enumerate(self.players) for _ in range(number)]
        shape = tuple(len(self.strategies[role]) for role in role_of)
        if prod(shape) > MAX_PROFILES:
            raise ConfigurationError(f"a normal form has at most {MAX_PROFILES:,} profiles, got {prod(shape):,}")
        payoffs = np.empty((len(role_of), *shape))
        for profile in product(*map(range, shape)):
            played = np.zeros((len(self.roles), max(shape)), dtype=np.int64)
            np.add.at(played, (role_of, profile), 1)
            counts = tuple(tuple(row[: len(names)]) for row, names in zip(played.tolist(), self.strategies, strict=True))
            for player, (role, strategy) in enumerate(zip(role_of, profile, strict=True)):
                payoffs[(player, *profile)] = self.earned(role, without(counts, role, strategy))[strategy]
        names = tuple(
            f"{self.roles[role]} {1 + number}" for role in range(len(self.roles)) for number in range(self.players[role])
        )
        return NormalFormGame(tuple(self.strategies[role] for role in role_of), payoffs, names, self.title)

    @classmethod
    def from_symmetric(cls, game: SymmetricGame, role: str = "neuron") -> RoleGame:
        """Return a symmetric game as one of a single role."""
        check_game(game, SymmetricGame)
        return cls((role,), (game.players,), (game.names,), (game.payoffs,))

    @classmethod
    def from_normal_form(cls, game: NormalFormGame) -> tuple[RoleGame, list[list[int]]]:
        """Return a game by the roles of its players, and the players of each role.

        Two players have one role if an exchange of both, with their strategies in the same order, changes no payoff up to
        rounding. A role has the name of its first player, and that player's names of strategies.
        """
        check_game(game, NormalFormGame)
        groups = _exchangeable_groups(game)
        players = tuple(map(len, groups))
        strategies = tuple(game.strategies[group[0]] for group in groups)
        payoffs = tuple(_payoffs_by_counts(game, groups, role) for role in range(len(groups)))
        return cls(tuple(game.players[group[0]] for group in groups), players, strategies, payoffs, game.title), groups


def without(counts: Counts, role: int, strategy: int) -> Counts:
    """Return counts without one player of a role who follows a strategy."""
    fewer = tuple(number - (place == strategy) for place, number in enumerate(counts[role]))
    return (*counts[:role], fewer, *counts[role + 1 :])


def _exchangeable_groups(game: NormalFormGame) -> list[list[int]]:
    """Return the players of each role: those every two of which can be exchanged, in the order of the game."""
    groups: list[list[int]] = []
    for player in range(len(game.players)):
        same = next((group for group in groups if _exchangeable(game, group[0], player)), None)
        if same is None:
            groups.append([player])
        else:
            same.append(player)
    return groups


def _payoffs_by_counts(game: NormalFormGame, groups: Sequence[Sequence[int]], role: int) -> Floats:
    """Return what a player of a role earns, (own strategies, M_1, ..., M_R), where players of a group can be exchanged."""
    focal = groups[role][0]
    others = [[player for player in group if player != focal] for group in groups]
    rows = [compositions(len(part), len(game.strategies[group[0]])) for part, group in zip(others, groups, strict=True)]
    payoffs = np.empty((len(game.strategies[focal]), *map(len, rows)))
    for place in product(*(range(len(part)) for part in rows)):
        profile: list[Any] = [slice(None)] * len(game.players)
        for part, counts, number in zip(others, rows, place, strict=True):
            played = np.repeat(np.arange(counts.shape[1]), counts[number]).tolist()
            for player, strategy in zip(part, played, strict=True):
                profile[player] = strategy
        np.moveaxis(payoffs, 0, -1)[place] = game.payoffs[focal][tuple(profile)]
    return payoffs


def _exchangeable(game: NormalFormGame, one: int, other: int) -> bool:
    """Return whether an exchange of two players changes no payoff."""
    if len(game.strategies[one]) != len(game.strategies[other]):
        return False
    order = list(range(len(game.players)))
    order[one], order[other] = other, one
    exchanged = game.payoffs[order].transpose(0, *(1 + player for player in order))
    return bool(np.abs(exchanged - game.payoffs).max() <= SAME * game.unit)

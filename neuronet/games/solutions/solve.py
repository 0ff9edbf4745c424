"""All kinds of equilibria of a game in normal form, as objects, records and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from neuronet.games.metagame.stability import TOLERANCE
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.bimatrix import bimatrix_equilibria, has_continuum
from neuronet.games.solutions.correlated import correlated_equilibrium
from neuronet.games.solutions.dominance import Undominated, undominated
from neuronet.games.solutions.normal_form import NormalFormGame, check_game
from neuronet.games.solutions.quantal_response import quantal_responses
from neuronet.games.solutions.role_equilibria import MAX_SUPPORTS, role_equilibria
from neuronet.games.solutions.role_game import RoleGame

RATIONAL = 1e7
"""Rationality at which quantal response counts as a Nash equilibrium."""

IN_SUPPORT = 1e-9
"""Probability from which on a profile of a correlated equilibrium is listed."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Equilibrium of one kind.

    Attributes:
        kind: "Nash", "correlated", "coarse correlated" or "quantal response, RATIONALITY".
        number: Number among those of its kind, from 1 on.
        mixes: Shares of each player's strategies; of correlated equilibria the marginals.
        payoffs: Expected payoff of each player, (n,).
        gap: Largest gain of a player who deviates; 0 up to rounding in an equilibrium.
        distribution: Probability of each profile, (strategies of the first player, ...), of correlated equilibria; None of
            others, whose players draw independently.
    """

    kind: str
    number: int
    mixes: tuple[Floats, ...]
    payoffs: Floats
    gap: float
    distribution: Floats | None = None


@dataclass(frozen=True, eq=False)
class GameSolutions:
    """Equilibria of a game.

    Attributes:
        game: Game.
        solutions: Equilibria by kind.
        complete: Whether the game has no other Nash equilibrium: one of two players with finitely many equilibria, or one that
            elimination of dominated strategies solves.
        degenerate: Whether a game of two players is degenerate; None of more players.
        undominated: What iterated elimination of strictly dominated strategies leaves.
    """

    game: NormalFormGame
    solutions: tuple[Solution, ...]
    complete: bool
    degenerate: bool | None
    undominated: Undominated

    def of_kind(self, kind: str) -> list[Solution]:
        """Return the solutions whose kind begins with a text."""
        return [solution for solution in self.solutions if solution.kind.startswith(kind)]

    @property
    def eliminated(self) -> list[tuple[str, str]]:
        """Return the names of players and of their strategies that are eliminated, in order."""
        return [(self.game.players[player], self.game.strategies[player][row]) for player, row in self.undominated.eliminated]

    def table(self) -> pd.DataFrame:
        """Return one row per equilibrium, player and strategy, with share, and the player's payoff, total and gap."""
        rows = [
            (found.kind, found.number, player, strategy, share, payoff, float(found.payoffs.sum()), found.gap)
            for found in self.solutions
            for player, names, mix, payoff in zip(
                self.game.players, self.game.strategies, found.mixes, found.payoffs.tolist(), strict=True
            )
            for strategy, share in zip(names, mix.tolist(), strict=True)
        ]
        return pd.DataFrame(rows, columns=["kind", "number", "player", "strategy", "share", "payoff", "total", "gap"])

    def profiles(self) -> pd.DataFrame:
        """Return one row per profile with a probability in a correlated equilibrium: kind, players' strategies, probability."""
        rows = [(found.kind, *played, probability) for found in self.solutions for played, probability in self._support(found)]
        return pd.DataFrame(rows, columns=["kind", *self.game.players, "probability"])

    def records(self) -> list[dict[str, Any]]:
        """Return the equilibria as nested dictionaries for JSON, with all digits.

        Shares are keyed by player and strategy, payoffs by player; correlated equilibria also have the probabilities of profiles.
        """
        players = _distinct(self.game.players)
        strategies = [_distinct(names) for names in self.game.strategies]
        return [
            {
                "kind": found.kind,
                "number": found.number,
                "shares": {
                    player: dict(zip(names, mix.tolist(), strict=True))
                    for player, names, mix in zip(players, strategies, found.mixes, strict=True)
                },
                "payoffs": dict(zip(players, found.payoffs.tolist(), strict=True)),
                "total": float(found.payoffs.sum()),
                "gap": found.gap,
                "profiles": None
                if found.distribution is None
                else [{"strategies": list(played), "probability": probability} for played, probability in self._support(found)],
            }
            for found in self.solutions
        ]

    def _support(self, found: Solution) -> list[tuple[tuple[str, ...], float]]:
        if found.distribution is None:
            return []
        profiles = np.argwhere(found.distribution > IN_SUPPORT).tolist()
        return [
            (
                tuple(names[row] for names, row in zip(self.game.strategies, profile, strict=True)),
                float(found.distribution[tuple(profile)]),
            )
            for profile in profiles
        ]


def solve_game(game: NormalFormGame, rationality: float = 10.0) -> GameSolutions:
    """Return Nash, correlated, coarse correlated and quantal response equilibria of a game.

    Of two players, the Nash equilibria are all extreme ones. Of more players, all pure ones are found, those in which players who
    can be exchanged use one mix, by a search, and the one in which quantal response ends.

    Args:
        game: Game.
        rationality: Rationality of the quantal response, per range of the payoffs.

    Raises:
        ConfigurationError: The game is none in normal form, is too large, or a solver fails.
    """
    check_game(game, NormalFormGame)
    left = undominated(game)
    nash, complete, degenerate = _nash(game, left)
    solutions = [_of_mixes(game, "Nash", number, mixes) for number, mixes in enumerate(nash, start=1)]
    for kind, coarse in (("correlated", False), ("coarse correlated", True)):
        best = correlated_equilibrium(game, coarse=coarse)
        solutions.append(Solution(kind, 1, tuple(best.marginals), best.payoffs, best.gap, best.distribution))
    solutions.append(_of_mixes(game, f"quantal response, {rationality:g}", 1, tuple(quantal_responses(game, [rationality])[0])))
    return GameSolutions(game, tuple(solutions), complete, degenerate, left)


def _nash(game: NormalFormGame, left: Undominated) -> tuple[list[tuple[Floats, ...]], bool, bool | None]:
    """Return Nash equilibria, whether they are all, and whether a game of two players is degenerate."""
    if len(game.strategies) == 2:
        found, degenerate = bimatrix_equilibria(*game.payoffs)
        mixes = [equilibrium.mixes for equilibrium in found] or [tuple(quantal_responses(game, [RATIONAL])[0])]
        return mixes, bool(found) and not has_continuum(found), degenerate
    nash = [tuple(mixes) for mixes in pure_equilibria(game)]
    if left.solved:
        return nash, True, None
    for candidate in (*_by_roles(game), tuple(quantal_responses(game, [RATIONAL])[0])):
        if not any(all(map(partial(np.allclose, atol=1e-4), mixes, candidate)) for mixes in nash):
            nash.append(candidate)
    return nash, False, None


def _by_roles(game: NormalFormGame) -> list[tuple[Floats, ...]]:
    """Return equilibria in which players who can be exchanged use one mix; none without such or with too many supports."""
    by_role, groups = RoleGame.from_normal_form(game)
    if len(groups) == len(game.players) or by_role.num_supports > MAX_SUPPORTS:
        return []
    role_of = {player: role for role, group in enumerate(groups) for player in group}
    return [tuple(mixes[role_of[player]] for player in range(len(game.players))) for mixes in role_equilibria(by_role)]


def pure_equilibria(game: NormalFormGame) -> list[list[Floats]]:
    """Return all Nash equilibria in pure strategies, as mixes of all players."""
    best = [
        payoff >= payoff.max(axis=player, keepdims=True) - TOLERANCE * game.unit for player, payoff in enumerate(game.payoffs)
    ]
    profiles = np.argwhere(np.logical_and.reduce(best))
    return [[np.eye(size)[played] for size, played in zip(game.payoffs.shape[1:], profile, strict=True)] for profile in profiles]


def _of_mixes(game: NormalFormGame, kind: str, number: int, mixes: tuple[Floats, ...]) -> Solution:
    earned = game.deviation_payoffs(mixes)
    payoffs = np.array([float(mix @ payoff) for mix, payoff in zip(mixes, earned, strict=True)])
    return Solution(kind, number, mixes, payoffs, game.regret(mixes))


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names with a number behind those that occurred before, so that they can be keys."""
    return [name if name not in names[:place] else f"{name} ({place + 1})" for place, name in enumerate(names)]

"""Iterated elimination of strictly dominated strategies, by linear programme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from neuronet.core import ConfigurationError
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import NormalFormGame, check_game

MARGIN = 1e-9
"""Gain, in units of the range of the payoffs, above which a strategy counts as strictly dominated."""


@dataclass(frozen=True)
class Undominated:
    """What is left after strictly dominated strategies are eliminated, again and again.

    Attributes:
        kept: Indices of the strategies that are left, for each player.
        eliminated: Player and strategy, as indices, in the order of their elimination.
    """

    kept: tuple[tuple[int, ...], ...]
    eliminated: tuple[tuple[int, int], ...]

    @property
    def solved(self) -> bool:
        """Return whether one strategy is left for each player: the only Nash, and the only correlated equilibrium."""
        return all(len(strategies) == 1 for strategies in self.kept)


def undominated(game: NormalFormGame) -> Undominated:
    """Return the strategies that survive iterated elimination of strictly dominated ones; no order leaves others.

    A strategy is strictly dominated if a mix of the player's other strategies earns more whatever the others play. It is played
    in no Nash or correlated equilibrium.

    Raises:
        ConfigurationError: The game is none in normal form, or the solver fails.
    """
    check_game(game, NormalFormGame)
    kept = [list(range(len(names))) for names in game.strategies]
    eliminated: list[tuple[int, int]] = []
    while True:
        found = [(player, strategy) for player in range(len(kept)) for strategy in _dominated(game, kept, player)]
        if not found:
            return Undominated(tuple(map(tuple, kept)), tuple(eliminated))
        for player, strategy in found:
            kept[player].remove(strategy)
        eliminated += found


def _dominated(game: NormalFormGame, kept: list[list[int]], player: int) -> list[int]:
    payoffs = np.moveaxis(game.payoffs[player][np.ix_(*kept)], player, 0).reshape(len(kept[player]), -1) / game.unit
    return [strategy for row, strategy in enumerate(kept[player]) if _largest_margin(payoffs, row) > MARGIN]


def _largest_margin(payoffs: Floats, row: int) -> float:
    """Return the largest amount by which a mix of other rows is above a row in all columns; 0 or less if none is."""
    leads = np.delete(payoffs, row, axis=0) - payoffs[row]
    if not len(leads):
        return 0.0
    if (leads.min(axis=1) > MARGIN).any():
        return float(leads.min(axis=1).max())
    if (leads.max(axis=0) <= MARGIN).any():
        return 0.0
    count, columns = leads.shape
    found = linprog(
        np.append(np.zeros(count), -1.0),
        A_ub=np.column_stack((-leads.T, np.ones(columns))),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(count), 0.0)[None],
        b_eq=[1.0],
        bounds=[*[(0, None)] * count, (None, None)],
        method="highs",
    )
    if found.x is None:
        raise ConfigurationError(f"the linear programme of dominated strategies has no solution: {found.message}")
    return float((found.x[:-1] @ leads).min())

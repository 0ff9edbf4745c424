"""All kinds of equilibria of a game in normal form, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from neuronet.games.metagame.nash import bimatrix_equilibria
from neuronet.games.metagame.stability import TOLERANCE
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.correlated import correlated_equilibrium
from neuronet.games.solutions.normal_form import NormalFormGame
from neuronet.games.solutions.quantal_response import quantal_responses

RATIONAL = 1e7
"""Rationality at which quantal response counts as a Nash equilibrium."""

SHOWN = 5e-4
"""Share from which on a strategy is listed."""

Solution = tuple[str, Sequence[Floats], Floats, float]
"""Kind, shares of each player, payoffs and gap."""


def solve_game(game: NormalFormGame, rationality: float = 10.0) -> tuple[pd.DataFrame, bool]:
    """Return Nash, correlated, coarse correlated and quantal response equilibria, and whether the Nash equilibria are all.

    Args:
        game: Game.
        rationality: Rationality of the quantal response, per range of the payoffs.

    Returns:
        One row per equilibrium and player, with the columns kind, number, player, shares (a text), payoff, total (sum over the
        players) and gap (largest gain of a player who deviates); and whether the Nash equilibria are complete, which they are for
        two players unless the game is degenerate. Of more players, all pure ones are found, and the one in which quantal
        response ends.

    Raises:
        ConfigurationError: The game is too large, or a solver fails.
    """
    complete, nash = False, list[Sequence[Floats]]()
    if len(game.strategies) == 2:
        found, degenerate = bimatrix_equilibria(*game.payoffs)
        complete, nash = bool(found) and not degenerate, [equilibrium.mixes for equilibrium in found]
    else:
        nash = [*pure_equilibria(game)]
        selected = quantal_responses(game, [RATIONAL])[0]
        if not any(all(np.allclose(*pair, atol=1e-4) for pair in zip(mixes, selected, strict=True)) for mixes in nash):
            nash.append(selected)
    solutions = [_of_mixes(game, "Nash", mixes) for mixes in nash or quantal_responses(game, [RATIONAL])]
    for kind, coarse in (("correlated", False), ("coarse correlated", True)):
        equilibrium = correlated_equilibrium(game, coarse=coarse)
        solutions.append((kind, equilibrium.marginals, equilibrium.payoffs, equilibrium.gap))
    solutions.append(_of_mixes(game, f"quantal response, {rationality:g}", quantal_responses(game, [rationality])[0]))
    numbers: dict[str, int] = {}
    rows = []
    for kind, mixes, payoffs, gap in solutions:
        numbers[kind] = numbers.get(kind, 0) + 1
        for player, names, mix, payoff in zip(game.players, game.strategies, mixes, payoffs, strict=True):
            rows.append((kind, numbers[kind], player, _words(names, mix), float(payoff), float(np.sum(payoffs)), gap))
    return pd.DataFrame(rows, columns=["kind", "number", "player", "shares", "payoff", "total", "gap"]), complete


def pure_equilibria(game: NormalFormGame) -> list[list[Floats]]:
    """Return all Nash equilibria in pure strategies, as mixes of all players."""
    best = [
        payoff >= payoff.max(axis=player, keepdims=True) - TOLERANCE * game.unit for player, payoff in enumerate(game.payoffs)
    ]
    profiles = np.argwhere(np.logical_and.reduce(best))
    return [[np.eye(size)[played] for size, played in zip(game.payoffs.shape[1:], profile, strict=True)] for profile in profiles]


def _of_mixes(game: NormalFormGame, kind: str, mixes: Sequence[Floats]) -> Solution:
    earned = game.deviation_payoffs(mixes)
    payoffs = np.array([float(mix @ payoff) for mix, payoff in zip(mixes, earned, strict=True)])
    return kind, mixes, payoffs, game.regret(mixes)


def _words(names: Sequence[str], mix: Floats) -> str:
    parts = sorted(((float(share), name) for name, share in zip(names, mix, strict=True) if share >= SHOWN), reverse=True)
    return parts[0][1] if len(parts) == 1 else ", ".join(f"{name} {share:.3f}" for share, name in parts)

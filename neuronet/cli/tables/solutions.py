"""Tables of the equilibria of a game for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from neuronet.cli import console
from neuronet.games import Floats, GameSolutions, Solution, SymmetricGame

SHOWN = 5e-4
"""Share from which on a strategy is listed."""

MAX_PROFILES_SHOWN = 24
"""Number of profiles of a correlated equilibrium that are listed."""


def solutions_tables(found: GameSolutions) -> Group:
    """Return the equilibria, the profiles of the correlated ones, and what dominance eliminates."""
    parts: list[RenderableType] = [_equilibria_table(found), _profiles_table(found)]
    if found.eliminated:
        names = ", ".join(f"{strategy} of {player}" for player, strategy in found.eliminated)
        parts.append(escape(f"Strictly dominated, in the order of elimination: {names}.\n"))
    return Group(*parts)


def headline(found: GameSolutions) -> str:
    """Return how many Nash equilibria there are, whether they are all, and what the best of each kind pays."""
    nash = [float(solution.payoffs.sum()) for solution in found.of_kind("Nash")]
    count = f"{len(nash)} {{}}Nash {'equilibrium' if len(nash) == 1 else 'equilibria'}"
    if found.undominated.solved:
        known = f"{count.format('')}, which is the only one: elimination of strictly dominated strategies leaves no other profile"
    elif found.complete:
        known = f"{count.format('')}, which {'is' if len(nash) == 1 else 'are'} all"
    elif found.degenerate:
        known = (
            f"{count.format('extreme ')} of a degenerate game, whose mixtures with the same mix of one player are equilibria, too"
        )
    else:
        known = f"{count.format('')}, and there may be more"
    best = {kind: float(found.of_kind(kind)[0].payoffs.sum()) for kind in ("correlated", "coarse correlated")}
    return (
        f"{known}; the best pays {max(nash):.4g} in sum, the best correlated equilibrium {best['correlated']:.4g}, "
        f"the best coarse one {best['coarse correlated']:.4g}."
    )


def _equilibria_table(found: GameSolutions) -> Table:
    symmetric = SymmetricGame.is_symmetric(found.game)
    caption = "Shares of strategies; of correlated equilibria the marginals. gap: largest gain of a player who deviates." + (
        " The game is symmetric: equilibria that differ by an exchange of players are listed once, with their number." * symmetric
    )
    table = console.make_table(f"Equilibria of '{escape(found.game.title)}'", caption)
    console.add_columns(table, "equilibrium", "player", no_wrap=True)
    table.add_column("shares", overflow="fold")
    console.add_columns(table, "payoff", "gap", justify="right", no_wrap=True)
    for solution, times in _orbits(found.solutions, symmetric):
        name = f"{solution.kind} {solution.number}" if solution.kind == "Nash" else solution.kind
        name += f" (x {times})" if times > 1 else ""
        for players, row in _players(found, solution):
            shares = words(found.game.strategies[row], solution.mixes[row])
            table.add_row(escape(name), escape(players), escape(shares), f"{solution.payoffs[row]:.4g}", f"{solution.gap:.1g}")
            name = ""
    return table


def _orbits(solutions: Sequence[Solution], symmetric: bool) -> list[tuple[Solution, int]]:
    """Return the solutions, each with the number of those that differ from it by an exchange of players."""
    counts: dict[object, list[Solution]] = {}
    for solution in solutions:
        mixes = [tuple(np.round(mix, 6).tolist()) for mix in solution.mixes]
        same = (solution.kind, tuple(sorted(mixes))) if symmetric and solution.kind == "Nash" else id(solution)
        counts.setdefault(same, []).append(solution)
    return [(group[0], len(group)) for group in counts.values()]


def _players(found: GameSolutions, solution: Solution) -> list[tuple[str, int]]:
    """Return players in groups of equal shares and payoffs, as a text, each with the row of its first player."""
    groups: dict[object, list[int]] = {}
    for row, names in enumerate(found.game.strategies):
        same = (names, tuple(np.round(solution.mixes[row], 9).tolist()), f"{solution.payoffs[row]:.9g}")
        groups.setdefault(same, []).append(row)
    every = len(groups) == 1
    return [("each" if every else ", ".join(found.game.players[row] for row in rows), rows[0]) for rows in groups.values()]


def _profiles_table(found: GameSolutions) -> Table:
    profiles = found.profiles()
    table = console.make_table(
        "Correlated equilibria: probability of each profile", "A mediator draws a profile, and tells each player its own part."
    )
    console.add_columns(table, "equilibrium", *map(escape, found.game.players))
    table.add_column("probability", justify="right")
    for kind, rows in profiles.groupby("kind", sort=False):
        for number, row in enumerate(rows.sort_values("probability", ascending=False, kind="stable").itertuples(index=False)):
            if number == MAX_PROFILES_SHOWN:
                table.add_row("", f"... and {len(rows) - number} more: --json has all")
                break
            table.add_row(escape(str(kind)) if number == 0 else "", *(escape(str(cell)) for cell in row[1:-1]), f"{row[-1]:.4f}")
    return table


def words(names: Sequence[str], mix: Floats) -> str:
    """Return a mix as a text: its strategies with their shares, the largest first."""
    parts = sorted(((float(share), name) for name, share in zip(names, mix, strict=True) if share >= SHOWN), reverse=True)
    return parts[0][1] if len(parts) == 1 else ", ".join(f"{name} {share:.3f}" for share, name in parts)

"""`neuronet game solve`: equilibria of several kinds of a game in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json
from neuronet.core import ConfigurationError, check_number

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

NFG = "game.nfg"


def solve(
    game: Annotated[
        Path,
        typer.Argument(
            help=f"Game in Gambit's format (.nfg), or a folder of neuronet game meta with its {NFG}", show_default=False
        ),
    ],
    rationality: Annotated[
        float, typer.Option(help="Rationality of the quantal response: log odds of the best to the worst payoff (>= 0)")
    ] = 10.0,
    json: Json = False,
) -> None:
    """Find Nash, correlated, coarse correlated and quantal response equilibria of a game in normal form.

    Nash equilibria are all those of two players, in a game that is not degenerate; of more players, all pure
    ones and the one in which quantal response ends. Correlated equilibria are those with the largest sum of payoffs.
    """
    from neuronet.games import read_nfg, solve_game

    check_number("rationality", rationality, 0)
    path = game / NFG if game.is_dir() else game
    if game.is_dir() and not path.is_file():
        raise ConfigurationError(f"the folder '{game}' has no {NFG}: name a .nfg file, or a folder of neuronet game meta")
    read = read_nfg(path)
    table, complete = solve_game(read, rationality)
    headline = _headline(table, complete)
    console.print_result(
        _shown(table, headline, read.title),
        lambda: {"game": str(path), "headline": headline, "complete": complete, "solutions": table.to_dict("records")},
        json,
    )


def _headline(table: pd.DataFrame, complete: bool) -> str:
    totals = table.groupby(["kind", "number"], sort=False)["total"].first()
    nash = totals["Nash"]
    count = f"{len(nash)} Nash {'equilibrium' if len(nash) == 1 else 'equilibria'}"
    known = "which are all" if complete else "and there may be more"
    return (
        f"{count}, {known}; the best pays {nash.max():.4g} in sum, "
        f"the best correlated equilibrium {totals['correlated'].iloc[0]:.4g}, "
        f"the best coarse one {totals['coarse correlated'].iloc[0]:.4g}."
    )


def _shown(solutions: pd.DataFrame, headline: str, title: str) -> RenderableType:
    from rich.console import Group

    table = console.make_table(
        f"Equilibria of '{escape(title)}'",
        "Shares of each player's strategies; of correlated equilibria the marginals. gap: largest gain of a player who deviates.",
    )
    console.add_columns(table, "equilibrium", "player", no_wrap=True)
    table.add_column("shares", overflow="fold")
    console.add_columns(table, "payoff", "gap", justify="right", no_wrap=True)
    for row in solutions.to_dict("records"):
        name = f"{row['kind']} {row['number']}" if row["kind"] == "Nash" else str(row["kind"])
        table.add_row(escape(name), escape(row["player"]), escape(row["shares"]), f"{row['payoff']:.4g}", f"{row['gap']:.1g}")
    return Group(table, "", escape(headline))

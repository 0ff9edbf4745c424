"""`neuronet game solve`: equilibria of several kinds of a game in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json
from neuronet.core import ConfigurationError, check_number

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

    Nash equilibria of two players are all extreme ones: of a degenerate game there may be mixtures between them, and the
    last sentence says so. Of more players, they are all pure ones, those in which
    players who can be exchanged use one mix, and the one in which quantal response ends. Correlated
    equilibria are those with the largest sum of payoffs; the probability of each profile is printed.
    """
    from rich.console import Group

    from neuronet.cli.tables.solutions import headline, solutions_tables
    from neuronet.games import read_nfg, solve_game

    check_number("rationality", rationality, 0)
    path = game / NFG if game.is_dir() else game
    if game.is_dir() and not path.is_file():
        raise ConfigurationError(f"the folder '{game}' has no {NFG}: name a .nfg file, or a folder of neuronet game meta")
    found = solve_game(read_nfg(path), rationality)
    sentence = headline(found)
    console.print_result(
        Group(solutions_tables(found), escape(sentence)),
        lambda: {
            "game": str(path),
            "headline": sentence,
            "complete": found.complete,
            "degenerate": found.degenerate,
            "eliminated": [{"player": player, "strategy": strategy} for player, strategy in found.eliminated],
            "solutions": found.records(),
        },
        json,
    )

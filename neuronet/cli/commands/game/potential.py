"""`neuronet game potential`: are the directions of all neurons the gradient of one function?"""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import GAME_OPTIONS, game_command
from neuronet.cli.commands.game.parsing import parse_policies

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

POTENTIAL_OPTIONS = {
    "hidden": replace(GAME_OPTIONS["hidden"], default="4,4"),
    "activation": replace(GAME_OPTIONS["activation"], default="tanh, which has derivatives everywhere"),
}

ZERO = 1e-9
"""Share below which directions count as a gradient."""


@game_command(**POTENTIAL_OPTIONS)
def potential(
    game: GameCall,
    policies: Annotated[
        list[str] | None, typer.Option(help=escape("Policies to test, with commas in between [default: all built-in ones]"))
    ] = None,
    at_epochs: Annotated[
        str | None,
        typer.Option(help=escape("Epochs of training by attention-seeking before it [default: 1; none for a run]")),
    ] = None,
    networks: Annotated[
        int | None, typer.Option(help=escape("Number of networks (>= 1), with seeds from --seed on [default: 1]"))
    ] = None,
) -> None:
    """Measure how much of what the neurons want turns, instead of climbing one function of the network.

    It is the antisymmetric share of the Jacobian of all hidden neurons' directions: 0 where they are the gradient of one
    function, an exact potential, at this point. A share above 0 excludes neither weighted or ordinal potentials nor a
    Lyapunov function. Intended directions are at demands that are frozen for the slope and recomputed for the Jacobian.

    The Jacobian has the square of the hidden neurons' synapses, so that hidden layers have 4 neurons by default. At a kink of
    relu it is not defined.
    """
    from neuronet.games import potential_table
    from neuronet.policies import POLICIES

    if game.run is None:
        game.options.setdefault("hidden", (4, 4))
        game.options.setdefault("activation", "tanh")
    chosen = parse_policies(policies or [",".join(POLICIES)])
    starts = list(game.starts("attention", at_epochs, networks, "1"))
    table = potential_table(game.setup(), starts, chosen)
    means = table.groupby(["policy", "round"], sort=False)[["intended", "real"]].mean().reset_index()
    game.write(
        "potential",
        tables={"potential": table, "means": means},
        pictures={},
        shown=_results_table(means, len({start.seed for start in starts})),
        headline=_headline(means),
        summary={"means": means.to_dict("records")},
    )


def _headline(means: pd.DataFrame) -> str:
    last = means[means["round"] == means["round"].max()]
    exact = last.loc[last["intended"] < ZERO, "policy"]
    names = ", ".join(exact) or "no policy tried"
    first = last.iloc[0]
    return (
        f"At these points the directions at fixed demands are the gradient of one function for {names} (share below {ZERO:g}); "
        f"in the real round, where demands react, {first['policy']} neurons have an antisymmetric share of {first['real']:.3g}"
        f"{', and no exact potential' if first['real'] > ZERO else ''}."
    )


def _results_table(means: pd.DataFrame, networks: int) -> Table:
    table = console.make_table(
        f"Antisymmetric share of what hidden neurons want, {console.counted(networks, 'network')}",
        "0: gradient of one function, at this point; 1: a rotation. intended: of the changes that the policies intend. real: of "
        "the slopes of w^2 / 2 in the real round, with demands that react, if all neurons follow the policy. -: nothing depends "
        "on the synapses, or a derivative is not finite.",
    )
    console.add_columns(table, "policy", no_wrap=True)
    console.add_columns(table, "after", "intended", "real", justify="right")
    for row in means.itertuples(index=False):
        cells = ["-" if isnan(value) else "0" if value < ZERO else f"{value:.3f}" for value in (row.intended, row.real)]
        table.add_row(escape(str(row.policy)), str(row.round), *cells)
    return table

"""`neuronet game lengths`: how far are networks from the case in which a budget changes nothing?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neuronet.cli import console
from neuronet.cli.commands.game.options import GameCall, game_command, parse_epochs, parse_policies

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

TRAINED_BY = "budgeted,attention"


@game_command()
def lengths(
    game: GameCall,
    trained_by: Annotated[str, typer.Option(help="Policies that train the networks, with commas in between")] = TRAINED_BY,
    at_epochs: Annotated[str, typer.Option(help="Epochs of training after which lengths are measured")] = "0,1,2,5,10,20",
    networks: Annotated[int, typer.Option(help="Number of networks (>= 1), with seeds from --seed on")] = 1,
) -> None:
    """Measure how unequal the lengths are by which a budget divides changes, and how far from backpropagation they lead.

    Where all neurons of a layer intend changes of equal lengths, budgeted neurons move the layer along its gradient. The round
    that is measured is one of budgeted neurons, whatever policy has trained the network.
    """
    import pandas as pd

    from neuronet.games import length_spread
    from neuronet.plotting.games import lengths_figure
    from neuronet.registry import short_name

    game_setup = game.setup()
    rounds = [epoch * game_setup.per_epoch for epoch in parse_epochs(at_epochs)]
    tables = []
    for policy in parse_policies([trained_by]):
        for seed in game.seeds(networks):
            table = length_spread(game_setup, policy, seed, rounds)
            table.insert(0, "trained_by", short_name(policy))
            tables.append(table)
    spread = pd.concat(tables, ignore_index=True)
    means = (
        spread.groupby(["trained_by", "round", "layer"], sort=False).mean(numeric_only=True).drop(columns="seed").reset_index()
    )
    game.write(
        "lengths",
        tables={"lengths": spread, "means": means},
        pictures={"lengths": lengths_figure(spread)},
        shown=_results_table(means),
        summary={"means": means.to_dict("records")},
    )


def _results_table(means: pd.DataFrame) -> Table:
    """Return a table with a row for each training policy, number of rounds and layer."""
    from rich.markup import escape

    table = console.make_table(
        "Lengths of changes before the budget, and alignment of the budgeted round with backpropagation",
        (
            "Means over networks. moving: neurons with a change at all; the lengths are theirs. variation: standard deviation "
            "over mean, 0 where a budget changes nothing. angle: between the layer's change and backpropagation's, in degrees."
        ),
    )
    console.add_columns(table, "trained by", no_wrap=True)
    console.add_columns(table, "after", "layer", "moving", "mean length", "variation", "cosine", "angle", justify="right")
    for row in means.to_dict("records"):
        numbers = [f"{row['moving']:.3g} of {row['neurons']:.0f}", f"{row['length']:.2g}", f"{row['variation']:.2f}"]
        numbers += [f"{row['cosine']:.2f}", f"{row['angle']:.1f}"]
        table.add_row(escape(row["trained_by"]), str(row["round"]), str(row["layer"]), *numbers)
    return table

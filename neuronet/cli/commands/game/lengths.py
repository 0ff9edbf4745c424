"""`neuronet game lengths`: how far are networks from the case in which a budget changes nothing?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import game_command
from neuronet.cli.commands.game.parsing import parse_policies

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from neuronet.games import Profile

TRAINED_BY = "budgeted,attention"


@game_command()
def lengths(
    game: GameCall,
    trained_by: Annotated[
        str | None,
        typer.Option(
            help=escape(f"Policies that train the networks, with commas in between [default: {TRAINED_BY}; none for a run]")
        ),
    ] = None,
    at_epochs: Annotated[
        str | None, typer.Option(help=escape("Epochs of training after which lengths are measured [default: 0,1,2,5,10,20]"))
    ] = None,
    networks: Annotated[
        int | None, typer.Option(help=escape("Number of networks (>= 1), with seeds from --seed on [default: 1]"))
    ] = None,
) -> None:
    """Measure how unequal the lengths are by which a budget divides changes, and how far from backpropagation they lead.

    Where all neurons of a layer intend changes of equal lengths, budgeted neurons move the layer along its gradient. The round
    that is measured is one of budgeted neurons, whatever policy has trained the network.
    """
    import pandas as pd

    from neuronet.games import spread_of_lengths
    from neuronet.plotting.games import lengths_figure
    from neuronet.registry import short_name

    game_setup = game.setup()
    tables = []
    trainers: dict[str, Profile] = {short_name(policy): policy for policy in parse_policies([trained_by or TRAINED_BY])}
    if game.run is not None:
        game.check_run_options(trained_by=trained_by)
        trainers = {game.run.policy: game.profile(None)[0]}
    for name, trainer in trainers.items():
        for start in game.starts(trainer, at_epochs, networks, "0,1,2,5,10,20"):
            table = spread_of_lengths(game_setup, start)
            table.insert(0, "trained_by", name)
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
        headline=_headline(means),
        summary={"means": means.to_dict("records")},
    )


def _results_table(means: pd.DataFrame) -> Table:
    """Return a table with a row for each training policy, number of rounds and layer."""
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


def _headline(means: pd.DataFrame) -> str:
    """Return how unequal lengths are at the end of training, and how far the budgeted change is from backpropagation's."""
    parts = []
    for trainer, rows in means.groupby("trained_by", sort=False):
        last = rows[rows["round"] == rows["round"].max()]
        spread, angle = last["variation"], last["angle"]
        parts.append(
            f"{trainer} after {int(last['round'].iloc[0]):,} rounds {spread.min():.2f} to {spread.max():.2f}, "
            f"{angle.min():.0f} to {angle.max():.0f} degrees from backpropagation"
        )
    return (
        f"Spread of the lengths by layer, 0 where a budget changes nothing, and angle of the budgeted change: {'; '.join(parts)}."
    )

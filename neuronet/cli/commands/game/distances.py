"""`neuronet game distances`: how far from its best response is what each neuron does?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.options import GameCall, game_command, parse_epochs, parse_policies

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

POLICIES = "attention,budgeted,budgeted(strategic=true),best-response,greedy"


@game_command()
def distances(
    game: GameCall,
    policies: Annotated[
        list[str] | None, typer.Option(help=escape(f"Policies to compare, with commas in between [default: {POLICIES}]"))
    ] = None,
    listeners: Annotated[
        str | None,
        typer.Option(
            help=escape("Policy that trains the network and that all listeners follow [default: the compared policy itself]")
        ),
    ] = None,
    at_epochs: Annotated[str, typer.Option(help="Epochs of training after which neurons are compared")] = "0,1,5,20",
    networks: Annotated[int, typer.Option(help="Number of networks (>= 1), with seeds from --seed on")] = 1,
    radius: Annotated[float, typer.Option(help="Radius of a move, relative to activity or synapses (> 0)")] = 0.01,
) -> None:
    """Compare what each neuron does with its best response in a small ball, at fixed demands and at demands that react.

    The frozen game fixes what listeners demand. In the real game, all layers above speak and demand again after the neuron's
    move. A move is one of the activity over the batch, or one of the neuron's own synapses. All figures concern one round.
    """
    import pandas as pd

    from neuronet.games import distances_over_training

    game_setup = game.setup()
    rounds = [epoch * game_setup.per_epoch for epoch in parse_epochs(at_epochs)]
    tables = []
    for policy in parse_policies(policies or [POLICIES]):
        tables += [
            distances_over_training(game_setup, policy, seed, rounds, listeners=listeners, relative_radius=radius)
            for seed in game.seeds(networks)
        ]
        console.print_err(f"measured {tables[-1]['policy'].iloc[0]}")
    table = pd.concat(tables, ignore_index=True)
    summary = _medians(table)
    game.write(
        "distances",
        tables={"distances": table, "medians": summary},
        pictures={},
        shown=_results_table(summary, listeners),
        summary={"listeners": listeners, "medians": summary.to_dict("records")},
    )


def _medians(table: pd.DataFrame) -> pd.DataFrame:
    """Return the medians over the neurons of all networks, one row per policy, round and layer."""
    from neuronet.games import DISTANCES

    groups = table.assign(losing=table["synapse_missed_gain"] > 1).groupby(["policy", "round", "layer"], sort=False)
    counts = groups["losing"].agg(losing="sum", neurons="size")
    return groups[list(DISTANCES)].median().join(counts).reset_index()


def _results_table(medians: pd.DataFrame, listeners: str | None) -> Table:
    """Return a table with a row for each policy, layer and number of rounds."""
    among = "networks of one policy" if listeners is None else f"lone neurons among {escape(listeners)}"
    table = console.make_table(
        f"Distance from the best response: {among}",
        (
            "Medians over neurons, of one round. missed: % of the attainable gain that a move along the policy's own direction "
            "misses; angle in degrees. frozen: listeners keep their demands; real: demands react. synapses: moves of the own "
            "synapses instead of the activity, in the real game; lose: neurons whose own move of the synapses loses attention."
        ),
    )
    console.add_columns(table, "policy", no_wrap=True)
    headers = ("after", "layer", "frozen: missed", "angle", "real: missed", "angle", "synapses: missed", "angle", "lose")
    console.add_columns(table, *headers, justify="right")
    for row in medians.to_dict("records"):
        pairs = [(row[f"{game}missed_gain"], row[f"{game}angle"]) for game in ("", "real_", "synapse_")]
        cells = [cell for missed, angle in pairs for cell in (f"{100 * missed:.2g}", f"{angle:.3g}")]
        losing = f"{row['losing']} of {row['neurons']}"
        table.add_row(escape(row["policy"]), str(row["round"]), str(row["layer"]), *cells, losing)
    return table

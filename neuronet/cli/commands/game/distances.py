"""`neuronet game distances`: how far from its best response is what each neuron does?"""

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

POLICIES = "attention,budgeted,budgeted(strategic=true),best-response,greedy"


@game_command()
def distances(
    game: GameCall,
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies to compare, with commas in between [default: {POLICIES}, or the run's own]")),
    ] = None,
    listeners: Annotated[
        str | None,
        typer.Option(
            help=escape(
                "Policy that trains the network and that all listeners follow [default: the compared one, or the run's own]"
            )
        ),
    ] = None,
    at_epochs: Annotated[
        str | None,
        typer.Option(help=escape("Epochs of training after which neurons are compared [default: 0,1,5,20; none for a run]")),
    ] = None,
    networks: Annotated[
        int | None, typer.Option(help=escape("Number of networks (>= 1), with seeds from --seed on [default: 1]"))
    ] = None,
    radius: Annotated[float, typer.Option(help="Radius of a move, relative to activity or synapses (> 0)")] = 0.01,
) -> None:
    """Compare what each neuron does with its best response in a small ball, at fixed demands and at demands that react.

    The frozen game fixes what listeners demand. In the real game, all layers above speak and demand again after the neuron's
    move. A move is one of the activity over the batch, or one of the neuron's own synapses. All figures concern one round.
    """
    import pandas as pd

    from neuronet.games import distances as measure

    game_setup = game.setup()
    tables = []
    run = game.run
    compared: list[Profile] = [*parse_policies(policies or [POLICIES])] if policies or run is None else [game.profile(None)[0]]
    for policy in compared:
        for start in game.starts(listeners or policy, at_epochs, networks, "0,1,5,20"):
            above = listeners if listeners is not None or run is None else start.layers
            tables.append(measure(game_setup, start, policy, listeners=above, relative_radius=radius))
        console.print_err(f"measured {tables[-1]['policy'].iloc[0]}")
    table = pd.concat(tables, ignore_index=True)
    summary = _medians(table)
    game.write(
        "distances",
        tables={"distances": table, "medians": summary},
        pictures={},
        shown=_results_table(summary, listeners if run is None else listeners or run.policy),
        headline=_headline(summary),
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


def _headline(medians: pd.DataFrame) -> str:
    """Return what the policy of the first row misses at the end, with frozen demands and with those that react."""
    first = medians[medians["policy"] == medians["policy"].iloc[0]]
    last = first[first["round"] == first["round"].max()].iloc[-1]
    frozen, real = (f"{100 * last[f'{game}missed_gain']:.2g}%" for game in ("", "real_"))
    return (
        f"After {last['round']:,} rounds, {last['policy']} neurons of layer {last['layer']} miss {frozen} of the attainable gain "
        f"with frozen demands ({last['angle']:.2g} degrees from the best response), and {real} in the real game, where "
        f"demands react ({last['real_angle']:.2g} degrees); {last['losing']} of {last['neurons']} lose by their own change of "
        "the synapses."
    )

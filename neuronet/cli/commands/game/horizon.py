"""`neuronet game horizon`: where would a neuron with a longer horizon move its synapses?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import Profile, game_command
from neuronet.cli.commands.game.parsing import parse_integers

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


@game_command()
def horizon(
    game: GameCall,
    policy: Profile = None,
    horizons: Annotated[str, typer.Option(help="Numbers of rounds that count (>= 1), with commas in between")] = "1,2,5,20",
    discount: Annotated[float, typer.Option(help="Weight of a round relative to the round before (above 0, at most 1)")] = 0.9,
    at_epochs: Annotated[
        str | None,
        typer.Option(help=escape("Epochs of training after which the rounds begin [default: 0,1,5,20; none for a run]")),
    ] = None,
    networks: Annotated[
        int | None, typer.Option(help=escape("Number of networks (>= 1), with seeds from --seed on [default: 1]"))
    ] = None,
) -> None:
    """Find the direction in a neuron's synapses that gains it most attention over several rounds, and compare it with others.

    The network is trained with the optimizer of the game. Then each neuron moves its synapses alone, all neurons follow their
    policies and learn by SGD, on the batches of training, and attention after each round counts with a discount.
    """
    import pandas as pd

    from neuronet.games import horizon_slopes

    game_setup = game.setup()
    profile, words = game.profile(policy)
    counted = parse_integers("horizons", horizons, least=1)
    tables = []
    for start in game.starts(profile, at_epochs, networks, "0,1,5,20"):
        tables.append(horizon_slopes(game_setup, start, counted, profile=profile, discount=discount))
        console.print_err(f"network {start.seed}, after {console.counted(start.round, 'round')}")
    table = pd.concat(tables, ignore_index=True)
    medians = _medians(table)
    game.write(
        "horizon",
        tables={"slopes": table, "medians": medians},
        pictures={},
        shown=_results_table(medians, words, discount),
        headline=_headline(medians, words),
        summary={"policy": words, "discount": discount, "medians": medians.to_dict("records")},
    )


def _medians(table: pd.DataFrame) -> pd.DataFrame:
    """Return the medians over the neurons of all networks, one row per round, layer and horizon."""
    from neuronet.games import COSINES

    groups = table.assign(losing=table["backprop"] < 0).groupby(["round", "layer", "horizon"], sort=True)
    counts = groups["losing"].agg(losing="sum", neurons="size")
    return groups[["slope", *COSINES]].median().join(counts).reset_index()


def _results_table(medians: pd.DataFrame, policy: str, discount: float) -> Table:
    """Return a table with a row for each number of rounds played, layer and horizon."""
    from neuronet.games import COSINES

    table = console.make_table(
        f"Best direction of a neuron's synapses over a horizon, discount {discount:g}: {escape(policy)}",
        (
            "Medians over neurons of the cosine of the best direction with: backprop, the policy's own change on the first "
            "batch; probe, the same on the probe batch; frozen, the slope of one round at fixed demands; real, the slope of one "
            "round with demands that react; whisper, smaller synapses. lose: neurons to which backprop's step costs attention."
        ),
    )
    console.add_columns(table, "after", "layer", "horizon", *COSINES, "lose", justify="right")
    for row in medians.to_dict("records"):
        cosines = [f"{row[name]:.2f}" for name in COSINES]
        losing = f"{row['losing']} of {row['neurons']}"
        table.add_row(str(row["round"]), str(row["layer"]), str(row["horizon"]), *cosines, losing)
    return table


def _headline(medians: pd.DataFrame, policy: str) -> str:
    """Return how the best direction over the longest horizon lies to the neurons' own change, at the end."""
    last = medians[medians["round"] == medians["round"].max()]
    far = last[last["horizon"] == last["horizon"].max()].iloc[-1]
    rounds, horizon, losing, neurons = (int(far[name]) for name in ("round", "horizon", "losing", "neurons"))
    return (
        f"After {rounds:,} rounds of {policy}, the direction that gains most over {horizon} rounds has a cosine of "
        f"{far['backprop']:.2f} with the neurons' own change and of {far['whisper']:.2f} with whispering; "
        f"{losing} of {neurons} neurons lose by a small step along their own change."
    )

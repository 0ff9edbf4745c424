"""`neuronet game horizon`: where would a neuron with a longer horizon move its synapses?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.options import GameCall, Profile, game_command, parse_epochs, parse_integers

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


@game_command()
def horizon(
    game: GameCall,
    policy: Profile = "attention",
    horizons: Annotated[str, typer.Option(help="Numbers of rounds that count (>= 1), with commas in between")] = "1,2,5,20",
    discount: Annotated[float, typer.Option(help="Weight of a round relative to the round before (above 0, at most 1)")] = 0.9,
    at_epochs: Annotated[str, typer.Option(help="Epochs of training after which the rounds begin")] = "0,1,5,20",
    networks: Annotated[int, typer.Option(help="Number of networks (>= 1), with seeds from --seed on")] = 1,
) -> None:
    """Find the direction in a neuron's synapses that gains it most attention over several rounds, and compare it with others.

    The network is trained with the optimizer of the game. Then each neuron moves its synapses alone, all neurons follow their
    policies and learn by SGD, on the batches of training, and attention after each round counts with a discount.
    """
    import pandas as pd

    from neuronet.games import horizon_slopes, training_checkpoints

    game_setup = game.setup()
    rounds = [epoch * game_setup.per_epoch for epoch in parse_epochs(at_epochs)]
    counted = parse_integers("horizons", horizons, least=1)
    tables = []
    for seed in game.seeds(networks):
        for start in training_checkpoints(game_setup, policy, seed, rounds):
            tables.append(horizon_slopes(game_setup, start, counted, profile=policy, discount=discount))
            console.print_err(f"network {seed}, after {console.counted(start.round, 'round')}")
    table = pd.concat(tables, ignore_index=True)
    medians = _medians(table)
    game.write(
        "horizon",
        tables={"slopes": table, "medians": medians},
        pictures={},
        shown=_results_table(medians, policy, discount),
        summary={"policy": policy, "discount": discount, "medians": medians.to_dict("records")},
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

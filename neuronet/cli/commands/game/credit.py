"""`neuronet game credit`: do neurons get attention for what they contribute?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli.commands.game.options import (
    GAME_OPTIONS,
    EnvironmentName,
    FirstSeed,
    GameOptions,
    Profile,
    game_setup_from,
    rounds_option,
    write_results,
)
from neuronet.cli.commands.options import Json, Out, with_options
from neuronet.core import check_number

if TYPE_CHECKING:
    from rich.table import Table

    from neuronet.games import CreditStudy

EPOCHS = 10
"""Epochs of learning, unless `--rounds` is given."""


@with_options(GAME_OPTIONS, rounds_option(f"{EPOCHS} epochs"))
def credit(
    options: GameOptions,
    environment: EnvironmentName,
    policy: Profile = "attention",
    layer: Annotated[int, typer.Option(help="Layer of the neurons (>= 1), 1 for the first hidden layer")] = 1,
    seeds: Annotated[int, typer.Option(help="Number of networks (>= 1), with seeds from --seed on")] = 5,
    permutations: Annotated[int, typer.Option(help="Orders in which neurons join, for each sample (an even number)")] = 32,
    samples: Annotated[int, typer.Option(help="Test samples of the evaluation, at most (>= 1)")] = 512,
    seed: FirstSeed = 0,
    out: Out = None,
    json: Json = False,
) -> None:
    """Train networks, and compare what their neurons contribute (Shapley values) with the attention they get.

    The activity of a neuron that is left out is replaced by its mean. A free rider is a neuron with at least
    an equal share of the attention whose credit has 0 within its 95% interval.
    """
    from neuronet.games import credit_study, graphml
    from neuronet.plotting.games import credit_figure

    check_number("seeds", seeds, 1, whole=True)
    game_setup = game_setup_from(environment, options, epochs=EPOCHS)
    found = credit_study(game_setup, policy, range(seed, seed + seeds), layer=layer, permutations=permutations, samples=samples)
    table, summary = found.table(), found.summary()
    write_results(
        f"game-credit-{Path(environment).stem}",
        out,
        tables={"credit": table, "summary": summary},
        pictures={"credit": credit_figure(found)},
        files={
            f"network-{number}.graphml": graphml(network, _node_attributes(found, number, layer))
            for number, network in found.networks.items()
        },
        shown=_results_table(found, policy),
        summary={
            "environment": environment,
            "policy": policy,
            "rounds": game_setup.rounds,
            "layer": layer,
            "exact": all(result.exact for result in found.credits.values()),
            "found": summary.to_dict("records"),
        },
        json=json,
    )


def _node_attributes(found: CreditStudy, seed: int, layer: int) -> dict[str, dict[int, Any]]:
    """Return the attributes of the layer's nodes, by name and node."""
    nodes, result = found.networks[seed].nodes[layer].tolist(), found.credits[seed]
    values = {"attention": result.attention, "shapley": result.shapley, "free_riding": result.free_riding}
    named = {name: dict(zip(nodes, array.tolist(), strict=True)) for name, array in values.items()}
    return {**named, "policy": dict(zip(nodes, found.policies[seed], strict=True))}


def _results_table(found: CreditStudy, policy: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    exact = all(result.exact for result in found.credits.values())
    ways = "all coalitions" if exact else "random orders"
    table = Table(
        title=f"Credit and attention of neurons, {escape(policy)}",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1),
        caption=f"Means over {len(found.credits)} networks, 95% intervals by Student's t. Shapley values by {ways}.",
        caption_justify="left",
    )
    table.add_column("measure", no_wrap=True)
    table.add_column("mean", justify="right")
    table.add_column("interval", justify="right")
    for line in found.summary().to_dict("records"):
        one = line["low"] != line["low"]
        table.add_row(line["measure"], f"{line['mean']:.3f}", "" if one else f"{line['low']:.3f} to {line['high']:.3f}")
    return table

"""`neuronet game credit`: do neurons get attention for what they contribute?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, Profile, game_command

if TYPE_CHECKING:
    from rich.table import Table

    from neuronet.games import CreditStudy

EPOCHS = 10
"""Epochs of learning, unless `--rounds` is given."""


@game_command(f"{EPOCHS} epochs", **MEASURE_OPTION)
def credit(
    game: GameCall,
    policy: Profile = None,
    layer: Annotated[int, typer.Option(help="Layer of the neurons (>= 1), 1 for the first hidden layer")] = 1,
    seeds: Annotated[
        int | None,
        typer.Option(help=escape("Number of networks (>= 1), with seeds from --seed on [default: 5, or the replicas of a run]")),
    ] = None,
    permutations: Annotated[int, typer.Option(help="Orders in which neurons join, for each sample (an even number)")] = 32,
    samples: Annotated[int, typer.Option(help="Test samples of the evaluation, at most (>= 1)")] = 512,
) -> None:
    """Train networks, and compare what their neurons contribute (Shapley values) with the attention they get.

    The activity of a neuron that is left out is replaced by its mean. A free rider is a neuron with at least
    an equal share of the attention whose credit has 0 within its 95% interval.
    """
    from neuronet.games import credit_of, credit_study, graphml
    from neuronet.plotting.games import credit_figure

    settings: dict[str, Any] = {"layer": layer, "permutations": permutations, "samples": samples}
    game_setup = game.setup(epochs=EPOCHS)
    policy = game.profile(policy)[1]
    if game.run is not None:
        game.check_run_options(seeds=seeds, rounds=game.options.get("rounds"))
        found = credit_of(game_setup, game.run.starts, **settings)
    else:
        found = credit_study(game_setup, policy, game.seeds(5 if seeds is None else seeds), **settings)
    table, summary = found.table(), found.summary()
    game.write(
        "credit",
        tables={"credit": table, "summary": summary},
        pictures={"credit": credit_figure(found)},
        files={
            f"network-{number}.graphml": graphml(network, _node_attributes(found, number, layer))
            for number, network in found.networks.items()
        },
        shown=_results_table(found, policy),
        headline=_headline(found, policy),
        summary={
            "policy": policy,
            "rounds": game_setup.rounds,
            "layer": layer,
            "exact": all(result.exact for result in found.credits.values()),
            "found": summary.to_dict("records"),
        },
    )


def _node_attributes(found: CreditStudy, seed: int, layer: int) -> dict[str, dict[int, Any]]:
    """Return the attributes of the layer's nodes, by name and node."""
    nodes, result = found.networks[seed].nodes[layer].tolist(), found.credits[seed]
    values = {"attention": result.attention, "shapley": result.shapley, "free_riding": result.free_riding}
    named = {name: dict(zip(nodes, array.tolist(), strict=True)) for name, array in values.items()}
    return {**named, "policy": dict(zip(nodes, found.policies[seed], strict=True))}


def _results_table(found: CreditStudy, policy: str) -> Table:
    exact = all(result.exact for result in found.credits.values())
    ways = "all coalitions" if exact else "random orders"
    table = console.make_table(
        f"Credit and attention of neurons, {escape(policy)}",
        f"Means over {console.counted(len(found.credits), 'network')}, 95% intervals by Student's t. Shapley values by {ways}.",
    )
    table.add_column("measure", no_wrap=True)
    console.add_columns(table, "mean", "interval", justify="right")
    for line in found.summary().to_dict("records"):
        one = line["low"] != line["low"]
        table.add_row(line["measure"], f"{line['mean']:.3f}", "" if one else f"{line['low']:.3f} to {line['high']:.3f}")
    return table


def _headline(found: CreditStudy, policy: str) -> str:
    """Return how attention, raw and scaled, goes with credit."""
    means = {str(row.measure): float(row.mean) for row in found.summary().itertuples(index=False)}
    raw, scaled = (
        next(means[name] for name in means if name.endswith(f"with {kind}")) for kind in ("attention", "scaled attention")
    )
    free = next(mean for name, mean in means.items() if name.startswith("free riders"))
    return (
        f"With {policy}, credit has a rank correlation of {raw:.2f} with raw attention and of {scaled:.2f} with the scaled one; "
        f"{100 * free:.0f}% of the neurons ride free."
    )

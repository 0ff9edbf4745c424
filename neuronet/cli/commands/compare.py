"""`neuronet compare`: policies against error backpropagation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json, Out, finished_parts_stored, new_folder, select_options, with_options
from neuronet.core import ConfigurationError
from neuronet.training import TRAINING, OptionInfo

SEED_OPTIONS = {"seed": OptionInfo(int, TRAINING, "First random seed (>= 0)", "0")}
OPTIONS = select_options(
    "hidden activation connectivity init channels epochs batch_size learning_rate optimizer "
    "update_schedule target payoff missing unseen device dtype"
)

POLICIES_HELP = (
    "Policies with commas in between, or one mixture such as attention:0.9,free-rider:0.1; may be repeated "
    "[default: all that come with NeuroNet]"
)


@with_options(OPTIONS, SEED_OPTIONS)
def compare(
    options: dict[str, Any],
    environment: Annotated[str, typer.Argument(help="Environment: digits, xor, table:PATH or module:Class")],
    policies: Annotated[list[str] | None, typer.Option(help=escape(POLICIES_HELP))] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each policy, with seeds from --seed on (>= 1)")] = 5,
    tune: Annotated[
        bool,
        typer.Option("--tune", help=escape("Choose the learning rate of each policy on validation samples [default: off]")),
    ] = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """Compare policies with error backpropagation: the same seeds, networks and batches for all.

    With --tune each policy chooses its learning rate from the same grid, on a sixth of the training samples. Backpropagation has
    no channels and a synchronous update schedule. An interrupted comparison continues when it is started again with its folder as
    --out.
    """
    from neuronet.comparison import compare as compare_policies

    if tune and "learning_rate" in options:
        raise ConfigurationError("--tune chooses the learning rate: leave --learning-rate out, or --tune")
    chosen = split_policies(policies) if policies else "all"
    folder = out or new_folder(f"compare-{Path(environment).stem}", make=False)
    try:
        result = compare_policies(environment, chosen, seeds=seeds, tune=tune, out=folder, log=console.print_err, **options)
    except KeyboardInterrupt:
        raise finished_parts_stored(folder) from None
    if result.folder is not None:
        result.plot(result.folder / "curves.png")
        result.plot_result(result.folder / "result.png")
    console.print_result(console.comparison_table(result), result.summary, json)


def split_policies(texts: list[str]) -> list[str]:
    """Return the policies of several lists with commas; a text with shares is one mixture."""
    from neuronet.registry import is_mixture, split_list

    return [part for text in texts for part in ([text] if is_mixture(text) else split_list(text))]

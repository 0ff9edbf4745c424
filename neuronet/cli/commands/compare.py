"""`neuronet compare`: policies against error backpropagation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import (
    ConfigFile,
    Json,
    Out,
    Trust,
    finished_parts_stored,
    new_folder,
    select_options,
    with_file,
    with_options,
)
from neuronet.core import ConfigurationError
from neuronet.training import COMPUTE, TRAINING, OptionInfo

SEED_OPTIONS = {"seed": OptionInfo(int, TRAINING, "First random seed (>= 0)", "0")}
OPTIONS = select_options(
    "hidden activation connectivity init channels epochs batch_size learning_rate lr_schedule optimizer "
    "update_schedule target payoff missing unseen data_dir device dtype matmul kernels"
)

POLICIES_HELP = (
    "Policies with commas in between, or one mixture such as attention:0.9,free-rider:0.1; may be repeated "
    "[default: all that come with NeuroNet]"
)


@with_options(OPTIONS, SEED_OPTIONS)
def compare(
    options: dict[str, Any],
    environment: Annotated[
        str | None, typer.Argument(help="Environment: digits, xor, table:PATH or module:Class", show_default=False)
    ] = None,
    policies: Annotated[list[str] | None, typer.Option(help=escape(POLICIES_HELP))] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each policy, with seeds from --seed on (>= 1)")] = 5,
    tune: Annotated[
        bool,
        typer.Option("--tune", help=escape("Choose the learning rate of each policy on validation samples [default: off]")),
    ] = False,
    jobs: Annotated[int, typer.Option(help="Number of processes (>= 1)", rich_help_panel=COMPUTE)] = 1,
    config: ConfigFile = None,
    out: Out = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Compare policies with error backpropagation: the same seeds, networks and batches for all.

    With --tune each policy chooses its learning rate from the same grid, on a sixth of the training samples. Backpropagation has
    no channels and a synchronous update schedule. An interrupted comparison continues when it is started again with its folder as
    --out.
    """
    from neuronet.comparison import compare as compare_policies

    options = with_file(options, config, trust=trust, fields=("environment", "seed", *OPTIONS))
    environment = environment or options.pop("environment", None)
    options.pop("environment", None)
    if environment is None:
        raise ConfigurationError("environment is missing: say what to train on, such as 'digits'")
    if tune and config is not None and config.suffix == ".json":
        options.pop("learning_rate", None)  # a run's file always has one
    if tune and "learning_rate" in options:
        raise ConfigurationError("--tune chooses the learning rate: leave --learning-rate out, or --tune")
    chosen = split_policies(policies) if policies else "all"
    folder = out or new_folder(f"compare-{Path(environment).stem}", make=False)
    try:
        result = compare_policies(
            environment, chosen, seeds=seeds, tune=tune, jobs=jobs, out=folder, log=console.print_err, **options
        )
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

"""`neuronet continual`: continual-learning benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.compare import split_policies
from neuronet.cli.commands.options import Json, Out, finished_parts_stored, new_folder, with_options
from neuronet.core import ConfigurationError
from neuronet.training import COMPUTE, NETWORK, RUN_OPTIONS, TRAINING, OptionInfo

TUNING = "Tuning"

STUDY_OPTIONS = {
    "seeds": OptionInfo(int, TRAINING, "Runs of each method, with seeds from --seed on (>= 1)", "5"),
    "seed": OptionInfo(int, TRAINING, "First random seed (>= 0)", "0"),
    "preset": OptionInfo(str, TRAINING, "Preset: length of a task and more, see --list", "fast"),
    "iterations": OptionInfo(int, TRAINING, "Rounds of a task (>= 0); 0 for one epoch", "the preset's"),
    "batch_size": OptionInfo(int, TRAINING, "Samples in a round (>= 1)", "the preset's"),
    "optimizer": OptionInfo(str, TRAINING, RUN_OPTIONS["optimizer"].help, "the preset's"),
    "learning_rate": OptionInfo(float, TRAINING, "Learning rate of all methods (> 0), without --tune", "the preset's"),
    "late_lr_factor": OptionInfo(
        float, TRAINING, "Factor of the learning rate in the second half of each task (> 0)", "the preset's"
    ),
    "hidden": OptionInfo(str, NETWORK, "Neurons in each hidden layer, such as 400,400", "the preset's"),
    "activation": RUN_OPTIONS["activation"],
    "tune": OptionInfo(bool, TUNING, "Choose the parameters of each method on validation samples", "off"),
    "trials": OptionInfo(int, TUNING, "Configurations that each method tries (>= 1), with --tune", "8"),
    "tuning_seeds": OptionInfo(int, TUNING, "Seeds of each configuration (>= 1), with --tune", "2"),
    "max_range_extensions": OptionInfo(
        int, TUNING, "Extensions of the search while a method's best value is at an edge, at most (>= 0), with --tune", "3"
    ),
    "finalists": OptionInfo(
        int, TUNING, "Best configurations of each method that run for further seeds before one is chosen (>= 0), with --tune", "0"
    ),
    "finalist_seeds": OptionInfo(int, TUNING, "Further seeds of each finalist (>= 1), with --tune and --finalists", "6"),
    "optimizers": OptionInfo(
        str, TUNING, "Optimizers that --tune chooses among for every method, such as sgd,momentum,adam", "the study's"
    ),
    "device": RUN_OPTIONS["device"],
    "dtype": OptionInfo(str, COMPUTE, "Precision: float32 or float64", "float32"),
}
"""Options of a study, by field of ContinualConfig."""

POLICIES_HELP = (
    "Methods and policies with commas in between, such as backprop,ewc,income-protecting(kappa=300); may be repeated; "
    "backprop is always included [default: attention,income-protecting]"
)


@with_options(STUDY_OPTIONS)
def continual(
    options: dict[str, Any],
    protocol: Annotated[str | None, typer.Argument(help="Protocol, such as permuted or split-class; see --list")] = None,
    environment: Annotated[str, typer.Argument(help="Environment of classes, such as mnist5k")] = "mnist5k",
    policies: Annotated[list[str] | None, typer.Option(help=escape(POLICIES_HELP))] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help=escape("Number of processes (>= 1) [default: number of cores]"), rich_help_panel=COMPUTE),
    ] = None,
    out: Out = None,
    list_all: Annotated[bool, typer.Option("--list", help=escape("List protocols, presets and methods [default: off]"))] = False,
    json: Json = False,
) -> None:
    """Learn tasks one after another, and measure how much is retained of the earlier ones.

    With --tune each method chooses its learning rate and parameters from the same number of configurations, on a sixth of the
    training samples and with other seeds. An interrupted study continues when it is started again with its folder as --out.
    """
    from neuronet.cli.tables.continual import choices_table, study_table

    if list_all:
        console.OUT.print(choices_table())
        return
    if protocol is None:
        raise ConfigurationError("continual needs a protocol, such as permuted: see neuronet continual --list")
    from neuronet.continual import continual_study as study

    if options.get("optimizers"):
        options["optimizers"] = tuple(split_policies([options["optimizers"]]))
    folder = out or new_folder(f"continual-{protocol}-{Path(environment).stem}", make=False)
    try:
        result = study(
            protocol,
            environment,
            split_policies(policies or ["attention,income-protecting"]),
            jobs=jobs,
            out=folder,
            log=console.print_err,
            **options,
        )
    except KeyboardInterrupt:
        raise finished_parts_stored(folder) from None
    if result.folder is not None:
        result.plot(result.folder / "accuracy.png")
        result.plot_matrix(result.folder / "matrices.png")
        if options.get("tune"):
            result.plot_frontier(result.folder / "frontier.png")
    console.print_result(study_table(result), result.summary, json)

"""`neuronet continual`: how much of earlier tasks is left when later ones are learned."""

from __future__ import annotations

import json as json_format
import shlex
from pathlib import Path
from typing import Annotated

import typer

from neuronet.cli import console
from neuronet.cli.commands.compare import split_policies
from neuronet.cli.commands.options import new_folder, parse_sizes
from neuronet.core.errors import NeuroNetError

POLICIES_HELP = (
    "Methods and policies with commas in between, such as backprop,ewc,income-protecting(kappa=300); may be given several times. "
    "backprop is there in any case."
)


def continual(
    protocol: Annotated[str | None, typer.Argument(help="Such as permuted or split-class: see --list.")] = None,
    environment: Annotated[str, typer.Argument(help="An environment of classes, such as mnist5k.")] = "mnist5k",
    policies: Annotated[list[str] | None, typer.Option(help=POLICIES_HELP)] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each, with seeds from --seed on.")] = 5,
    tune: Annotated[bool, typer.Option("--tune", help="Choose each one's parameters on validation samples.")] = False,
    trials: Annotated[int, typer.Option(help="Configurations that each tries, with --tune.")] = 8,
    tuning_seeds: Annotated[int, typer.Option(help="From how many seeds, with --tune.")] = 2,
    max_range_extensions: Annotated[
        int, typer.Option(help="How often ranges are widened where a choice is at their edge, at most.")
    ] = 2,
    preset: Annotated[str, typer.Option(help="How long a task lasts, and more: see --list.")] = "fast",
    iterations: Annotated[int | None, typer.Option(help="Rounds a task, instead of the preset's; 0 for one pass.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a round, instead of the preset's.")] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Neurons in each hidden layer, instead of the preset's, such as 400,400.")
    ] = None,
    activation: Annotated[str, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")] = "relu",
    optimizer: Annotated[
        str | None, typer.Option(help='Optimizer, instead of the preset\'s: sgd, "momentum(0.9)" or adam.')
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of all, instead of the preset's; without --tune.")] = None,
    seed: Annotated[int, typer.Option(help="The first of the seeds.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    jobs: Annotated[
        int | None, typer.Option(help="Processes that play side by side (default: as many as there are cores).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to record in, or to go on in (default: a new one in runs/).")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List protocols, presets and methods.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Learn tasks one after another, and measure how much of the earlier ones is left.

    With --tune each method chooses its learning rate and parameters from as many configurations, by a sixth of the training
    samples and other seeds. A study that was interrupted goes on where it was when it is started again with its folder as --out.
    """
    from neuronet.cli.tables.continual import choices_table, study_table

    if list_all:
        console.OUT.print(choices_table())
        return
    if protocol is None:
        raise NeuroNetError("continual needs a protocol, such as permuted: see neuronet continual --list")
    from neuronet.continual.studies.api import continual_study as study

    folder = out or new_folder(f"continual-{protocol}-{Path(environment).stem}", make=False)
    try:
        result = study(
            protocol,
            environment,
            split_policies(policies or ["attention,income-protecting"]),
            seeds=seeds,
            seed=seed,
            tune=tune,
            trials=trials,
            tuning_seeds=tuning_seeds,
            max_range_extensions=max_range_extensions,
            preset=preset,
            iterations=iterations,
            batch_size=batch_size,
            hidden=None if hidden is None else parse_sizes(hidden),
            activation=activation,
            optimizer=optimizer,
            learning_rate=learning_rate,
            device=device,
            dtype=dtype,
            jobs=jobs,
            out=folder,
            log=console.print_err,
        )
    except KeyboardInterrupt:
        console.print_err(f"What was played is kept. Go on with the same options and --out {shlex.quote(str(folder))}")
        raise
    if result.folder is not None:
        result.plot(result.folder / "accuracy.png")
        result.plot_matrix(result.folder / "matrices.png")
        if tune:
            result.plot_frontier(result.folder / "frontier.png")
    (console.ERR if json else console.OUT).print(study_table(result))
    if json:
        typer.echo(json_format.dumps(result.summary(), allow_nan=False))

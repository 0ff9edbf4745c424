"""`neuronet compare`: policies against error backpropagation."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import new_folder, parse_sizes
from neuronet.core.errors import NeuroNetError

if TYPE_CHECKING:
    from neuronet.training.config import RunConfig

POLICIES_HELP = (
    "Policies with commas in between, or one mixed society such as attention:0.9,free-rider:0.1; may be given several times. "
    "Default: all, every policy that comes with NeuroNet."
)


def compare(
    environment: Annotated[str, typer.Argument(help="digits, xor, table:PATH or module:Class.")],
    policies: Annotated[list[str] | None, typer.Option(help=POLICIES_HELP)] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each, with seeds from --seed on.")] = 5,
    tune: Annotated[bool, typer.Option("--tune", help="Choose each one's learning rate on validation samples.")] = False,
    hidden: Annotated[str | None, typer.Option(help="Neurons in each hidden layer: 64 or 256,256 or none.")] = None,
    activation: Annotated[str | None, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")] = None,
    connectivity: Annotated[str | None, typer.Option(help='dense, "sparse(0.1)" or "small-world(neighbours=8)".')] = None,
    init: Annotated[str | None, typer.Option(help="he, glorot, lecun, zeros or auto.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often all training samples are played.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a round.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of all, without --tune.")] = None,
    optimizer: Annotated[str | None, typer.Option(help='Optimizer: sgd,  "momentum(0.9)" or adam.')] = None,
    channel: Annotated[list[str] | None, typer.Option(help="As for run; backpropagation plays without.")] = None,
    update_schedule: Annotated[str | None, typer.Option(help="As for run; backpropagation plays without.")] = None,
    seed: Annotated[int | None, typer.Option(help="The first of the seeds.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float64, float32 or auto.")] = None,
    target: Annotated[str | None, typer.Option(help="The target's column, for table:PATH.")] = None,
    payoff: Annotated[str | None, typer.Option(help="cross-entropy or squared-error, for table:PATH.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to record in, or to go on in (default: a new one in runs/).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Compare policies with error backpropagation: the same seeds, networks and batches for all.

    With --tune each chooses its learning rate from the same ones, by a sixth of the training samples. A comparison that was
    interrupted goes on where it was when it is started again with its folder as --out.
    """
    from neuronet.comparison.study import compare as compare_policies

    named = {
        "activation": activation,
        "connectivity": connectivity,
        "init": init,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "channels": channel or None,
        "update_schedule": update_schedule,
        "seed": seed,
        "device": device,
        "dtype": dtype,
        "target": target,
        "payoff": payoff,
        "hidden": None if hidden is None else parse_sizes(hidden),
    }
    if tune and learning_rate is not None:
        raise NeuroNetError("--tune chooses the learning rate: leave --learning-rate out, or --tune")
    options = {name: value for name, value in named.items() if value is not None}
    chosen = split_policies(policies) if policies else "all"
    result = compare_policies(
        environment, chosen, seeds=seeds, tune=tune, out=out or _folder_of, log=console.print_err, **options
    )
    if result.folder is not None:
        result.plot(result.folder / "curves.png")
    (console.ERR if json else console.OUT).print(console.comparison_table(result))
    if json:
        typer.echo(json_format.dumps(result.summary(), allow_nan=False))


def split_policies(texts: list[str]) -> list[str]:
    """The policies of several lists with commas; a line with shares is one mixed society."""
    from neuronet.registry import is_mixture, split_list

    return [part for text in texts for part in ([text] if is_mixture(text) else split_list(text))]


def _folder_of(config: RunConfig) -> Path:
    """A folder that is this comparison's alone."""
    return new_folder(f"compare-{Path(config.environment).stem}")

"""What the commands of `neuronet game` read and leave behind alike."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.compare import split_policies
from neuronet.cli.commands.options import new_folder, parse_sizes
from neuronet.core.errors import NeuroNetError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from neuronet.core.policy import Policy
    from neuronet.games.simulation.game_setup import GameSetup

EnvironmentName = Annotated[str, typer.Argument(help="digits, xor, table:PATH or module:Class.")]
Hidden = Annotated[str, typer.Option(help="Neurons in each hidden layer: 32 or 16,16.")]
Activation = Annotated[str, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")]
OptimizerOption = Annotated[str, typer.Option(help='Optimizer: sgd,  "momentum(0.9)" or adam.')]
LearningRate = Annotated[float, typer.Option(help="Above 0; it stays the same.")]
BatchSize = Annotated[int, typer.Option(help="Samples a round.")]
Rounds = Annotated[int | None, typer.Option(help="How long a game lasts; default: one epoch.")]
FirstSeed = Annotated[int, typer.Option(help="The first of the seeds.")]
Target = Annotated[str | None, typer.Option(help="The target's column, for table:PATH.")]
Out = Annotated[Path | None, typer.Option(help="Folder for tables and pictures (default: a new one in runs/).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]


def game_setup_from(
    environment: str,
    hidden: str,
    activation: str = "relu",
    optimizer: str = "momentum",
    learning_rate: float = 0.02,
    batch_size: int = 32,
    rounds: int | None = None,
    target: str | None = None,
) -> GameSetup:
    """The situation that the options describe.

    Raises:
        NeuroNetError: One is wrong.
    """
    from dataclasses import replace

    from neuronet.core.activation import parse_activation
    from neuronet.games.simulation.game_setup import GameSetup
    from neuronet.registry import parse_environment, parse_optimizer

    loaded = parse_environment(environment, target=target)
    found = GameSetup(
        loaded,
        hidden=parse_sizes(hidden),
        activation=parse_activation(activation).name,
        optimizer=parse_optimizer(optimizer),
        learning_rate=learning_rate,
        batch_size=batch_size,
    )
    return replace(found, rounds=found.per_epoch if rounds is None else rounds)


def parse_policies(texts: Sequence[str]) -> list[Policy]:
    """The policies of several lists with commas, each once.

    Raises:
        NeuroNetError: One is unknown or named twice.
    """
    from neuronet.registry import parse_policy

    found: list[Policy] = []
    for text in split_policies(list(texts)):
        policy = parse_policy(text)
        if policy in found:
            raise NeuroNetError(f"policy '{text}' is named twice")
        found.append(policy)
    return found


def write_results(
    prefix: str,
    out: Path | None,
    *,
    tables: Mapping[str, pd.DataFrame],
    pictures: Mapping[str, Figure],
    shown: RenderableType,
    summary: Mapping[str, Any],
    json: bool,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write tables, pictures and other files into a folder, show the table, and print the summary if it is asked for.

    Args:
        prefix: What a new folder is named after.
        out: The folder; None for a new one.
        tables: By name, without ".csv".
        pictures: By name, without ".png".
        shown: What is printed.
        summary: What `--json` prints, with the folder; what is no number becomes null.
        json: Whether it does.
        files: Other texts, by file name.

    Raises:
        NeuroNetError: The folder cannot be written to.
    """
    from neuronet.plotting import style
    from neuronet.recording import StudyStore

    folder = out or new_folder(prefix)
    texts = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    store = StudyStore(folder, "study")
    store.make_folder()
    for name, text in {**texts, **(files or {})}.items():
        store.write(name, text.encode())
    for name, figure in pictures.items():
        style.save(figure, folder / f"{name}.png")
    screen = console.ERR if json else console.OUT
    screen.print(shown)
    screen.print(f"recorded in {folder}", soft_wrap=True, markup=False)
    if json:
        typer.echo(json_format.dumps(to_json({**summary, "out": str(folder)}), allow_nan=False))
    return folder


def to_json(value: Any) -> Any:
    """The same for JSON: numpy's numbers as Python's, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(name): to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    if hasattr(value, "tolist"):
        return to_json(value.tolist())
    return None if isinstance(value, float) and not isfinite(value) else value

"""Options and results that the commands of `neuronet game` share."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.compare import split_policies
from neuronet.cli.commands.options import new_folder
from neuronet.core import ConfigurationError, DataError
from neuronet.training import RUN_OPTIONS, TRAINING, OptionInfo

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from neuronet.core import Policy
    from neuronet.games import GameSetup

EnvironmentName = Annotated[str, typer.Argument(help="Environment: digits, xor, table:PATH or module:Class")]
FirstSeed = Annotated[int, typer.Option(help="First random seed (>= 0)")]
Profile = Annotated[str, typer.Option(help="Policy of the neurons, or shares such as attention:0.5,greedy:0.5")]
GameOptions = dict[str, Any]

GAME_OPTIONS: dict[str, OptionInfo] = {
    "hidden": replace(RUN_OPTIONS["hidden"], default="32"),
    **{name: RUN_OPTIONS[name] for name in ("activation", "optimizer", "batch_size", "target")},
    "learning_rate": replace(RUN_OPTIONS["learning_rate"], help="Learning rate (> 0), constant"),
}
"""Options of a game's network and learning, by field of GameSetup."""


def rounds_option(default: str) -> dict[str, OptionInfo]:
    """Return the option of a game's length, with its default in words."""
    return {"rounds": OptionInfo(int, TRAINING, "Rounds of a game (>= 1)", default)}


def game_setup_from(environment: str, options: GameOptions, *, epochs: int = 1) -> GameSetup:
    """Return the game setup of some options.

    Args:
        environment: Spec of the environment.
        options: Options by field, those with their defaults left out; `rounds` is the length of a game.
        epochs: Length of a game in epochs, where `rounds` is not given.

    Raises:
        SpecError: A spec cannot be parsed.
        ConfigurationError: An option is out of range.
    """
    from neuronet.core import parse_activation
    from neuronet.games import GameSetup
    from neuronet.registry import parse_environment, parse_optimizer

    loaded = parse_environment(environment, target=options.get("target"))
    found = GameSetup(
        loaded,
        hidden=options.get("hidden", (32,)),
        activation=parse_activation(options.get("activation", "relu")).name,
        optimizer=parse_optimizer(options.get("optimizer", "momentum")),
        learning_rate=options.get("learning_rate", 0.02),
        batch_size=options.get("batch_size", 32),
    )
    return replace(found, rounds=options.get("rounds", epochs * found.per_epoch))


def parse_policies(texts: Sequence[str]) -> list[Policy]:
    """Return the policies of several lists with commas.

    Raises:
        SpecError: A policy cannot be parsed.
        ConfigurationError: A policy is named twice.
    """
    from neuronet.registry import parse_policy

    found: list[Policy] = []
    for text in split_policies(list(texts)):
        policy = parse_policy(text)
        if policy in found:
            raise ConfigurationError(f"policy '{text}' is named twice")
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
    """Write tables, pictures and other files into a folder, print the table, and the summary if `json` is set.

    Args:
        prefix: Name of a new folder, to which the time is added.
        out: Folder; None for a new one.
        tables: Tables by name, without ".csv".
        pictures: Figures by name, without ".png".
        shown: Table to print.
        summary: Summary to print as JSON, with the folder; numbers that are not finite become null.
        json: Whether to print the summary.
        files: Other texts, by file name.

    Raises:
        DataError: The folder cannot be written to.
    """
    from neuronet.plotting import style
    from neuronet.recording import write_atomically

    folder = out or new_folder(prefix)
    texts = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {**texts, **(files or {})}.items():
            write_atomically(folder / name, text.encode())
    except OSError as error:
        raise DataError(f"cannot write to the folder '{folder}': {error.strerror}") from None
    for name, figure in pictures.items():
        style.save(figure, folder / f"{name}.png")
    screen = console.ERR if json else console.OUT
    screen.print(shown)
    screen.print(f"recorded in {folder}", soft_wrap=True, markup=False)
    if json:
        typer.echo(json_format.dumps(to_json({**summary, "out": str(folder)}), allow_nan=False))
    return folder


def to_json(value: Any) -> Any:
    """Return a value as JSON has it: numpy's numbers as Python's, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if hasattr(value, "tolist"):
        return to_json(value.tolist())
    return None if isinstance(value, float) and not isfinite(value) else value

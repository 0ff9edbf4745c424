"""`neuronet plot`: figures of recorded runs and studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Trust
from neuronet.core import ConfigurationError, unknown_name_error

SUFFIXES = ("pdf", "svg", "png")


def plot(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of a run or study; several runs go into one figure of learning curves")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help=escape("Kind of figure, see --list; may be repeated [default: all that the folder has]")),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=escape("File (.pdf, .svg, .png), or folder of several figures [default: the run's own]"))
    ] = None,
    suffix: Annotated[str, typer.Option("--format", help="Format of figures in a folder: pdf, svg or png")] = "pdf",
    max_neurons: Annotated[
        int | None, typer.Option(help=escape("Neurons of a layer that are drawn, at most (>= 1) [default: by the kind]"))
    ] = None,
    replica: Annotated[int, typer.Option(help="Replica that is drawn (>= 0)")] = 0,
    trust: Trust = False,
    list_all: Annotated[bool, typer.Option("--list", help=escape("List the kinds of figures [default: off]"))] = False,
) -> None:
    """Draw the figures of a recorded run or study, and print the name of each file.

    Several runs go into one figure of learning curves, named by the options in which they differ; runs that differ in their
    seeds alone are merged.
    """
    from neuronet.plotting.sources import KINDS, kinds_of
    from neuronet.plotting.sources import plot as draw

    if list_all:
        width = max(map(len, KINDS)) + 2
        for name, what in KINDS.items():
            typer.echo(f"{name:<{width}}{what}")
        return
    if not folders:
        raise ConfigurationError("plot needs the folder of a run, such as runs/digits")
    if suffix not in SUFFIXES:
        raise unknown_name_error("format", suffix, SUFFIXES)
    kinds = kind or (["curves"] if len(folders) > 1 else kinds_of(folders[0], trust=trust, required=True))
    for name, path in zip(kinds, _paths(folders, kinds, out, suffix), strict=True):
        typer.echo(draw(folders, name, path, max_neurons=max_neurons, replica=replica, trust=trust, log=console.print_err))


def _paths(folders: list[Path], kinds: list[str], out: Path | None, suffix: str) -> list[Path]:
    """Return the path of each figure."""
    if out is None and len(folders) > 1:
        raise ConfigurationError("a figure of several runs needs a name: give --out, such as curves.pdf")
    if out is not None and out.suffix and not out.is_dir():
        if len(kinds) > 1:
            raise ConfigurationError(f"'{out}' is one file, but there are {len(kinds)} figures: give --kind or a folder")
        return [out]
    folder = out or folders[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make the folder '{folder}': {error.strerror}") from None
    return [folder / f"{name}.{suffix}" for name in kinds]

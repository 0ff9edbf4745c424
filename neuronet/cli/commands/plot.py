"""`neuronet plot`: pictures for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuronet.cli import console
from neuronet.core.errors import NeuroNetError, unknown_name_error

SUFFIXES = ("pdf", "svg", "png")


def plot(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Of a run or study; of several runs, one picture of curves.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="See --list; may be given several times. Default: all there is.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A .pdf, .svg or .png file, or a folder for several (default: the run's own).")
    ] = None,
    suffix: Annotated[str, typer.Option("--format", help="pdf, svg or png, of pictures in a folder.")] = "pdf",
    max_neurons: Annotated[int | None, typer.Option(help="Neurons drawn of a layer, at most.")] = None,
    replica: Annotated[int, typer.Option(help="Which of a run's replicas is drawn, from 0.")] = 0,
    list_all: Annotated[bool, typer.Option("--list", help="List the kinds of pictures.")] = False,
) -> None:
    """Draw what a run or study has recorded, and print the name of each file.

    Nothing is played for it. Several runs go into one picture of learning curves, named by the options in which they differ;
    those that differ in their seeds alone are taken together.
    """
    from neuronet.plotting.sources import KINDS, kinds_of
    from neuronet.plotting.sources import plot as draw

    if list_all:
        for name, what in KINDS.items():
            typer.echo(f"{name:<12}{what}")
        return
    if not folders:
        raise NeuroNetError("plot needs the folder of a run, such as runs/digits")
    if suffix not in SUFFIXES:
        raise unknown_name_error("format", suffix, SUFFIXES)
    kinds = kind or (["curves"] if len(folders) > 1 else kinds_of(folders[0]))
    if not kinds:
        raise NeuroNetError(f"there is nothing to draw yet in '{folders[0]}'")
    for name, path in zip(kinds, _paths(folders, kinds, out, suffix), strict=True):
        typer.echo(draw(folders, name, path, max_neurons=max_neurons, replica=replica, log=console.print_err))


def _paths(folders: list[Path], kinds: list[str], out: Path | None, suffix: str) -> list[Path]:
    """Where each kind goes."""
    if out is None and len(folders) > 1:
        raise NeuroNetError("a picture of several runs needs a name: give --out, such as curves.pdf")
    if out is not None and out.suffix and not out.is_dir():
        if len(kinds) > 1:
            raise NeuroNetError(f"'{out}' is one file, but there are {len(kinds)} pictures: give --kind, or a folder as --out")
        return [out]
    folder = out or folders[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeuroNetError(f"cannot make the folder '{folder}': {error.strerror}") from None
    return [folder / f"{name}.{suffix}" for name in kinds]

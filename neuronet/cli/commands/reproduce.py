"""`neuronet reproduce`: registered studies of published claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json, Out, finished_parts_stored, new_folder
from neuronet.core import ConfigurationError
from neuronet.training import COMPUTE, OUTPUT


def reproduce(
    name: Annotated[str | None, typer.Argument(help="Study, such as budgeted-forgetting; see --list")] = None,
    size: Annotated[str | None, typer.Option(help=escape("Size of the study, see --list [default: small]"))] = None,
    records: Annotated[
        Path | None,
        typer.Option(help=escape("Folder of a finished study to read instead of playing one [default: none]")),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help=escape("Number of processes (>= 1) of studies of many runs; comparisons use one [default: number of cores]"),
            rich_help_panel=COMPUTE,
        ),
    ] = None,
    out: Out = None,
    list_all: Annotated[
        bool,
        typer.Option(
            "--list",
            help=escape("List studies and their sizes, and what makes each figure and table of the pages [default: off]"),
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Test published claims again: print what was published, what is measured here, its interval, and a conclusion.

    An interrupted study continues when it is started again with its folder as --out. The folder gets records.csv (every
    run), findings.csv and figure.png.
    """
    from neuronet.cli.tables.reproduction import findings_table, list_tables
    from neuronet.reproduction import FIGURE, get_reproduction, read_reproduction
    from neuronet.reproduction import reproduce as run

    if list_all:
        console.OUT.print(list_tables())
        return
    if records is not None:
        if name is not None or size is not None or out is not None or jobs is not None:
            raise ConfigurationError("--records reads a finished study: leave out the study's name, --size, --out and --jobs")
        result = read_reproduction(records)
        console.print_result(findings_table(result), result.summary, json)
        return
    if name is None:
        raise ConfigurationError("reproduce needs a study, such as budgeted-forgetting: see neuronet reproduce --list")
    get_reproduction(name).check_size(size or "small")
    folder = out or new_folder(f"reproduce-{name}-{size or 'small'}", make=False)
    try:
        result = run(name, size=size or "small", jobs=jobs, out=folder, log=console.print_err)
    except KeyboardInterrupt:
        raise finished_parts_stored(folder) from None
    result.plot(folder / FIGURE)
    console.print_result(findings_table(result), result.summary, json, folder)

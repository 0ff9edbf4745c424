"""`neuronet continual-summary`: several studies of forgetting in one table and one picture."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import new_folder


def continual_summary(
    folders: Annotated[list[Path], typer.Argument(help="The --out of each study; all must be finished.")],
    reference: Annotated[str, typer.Option(help="The method with which the others are compared.")] = "backprop",
    out: Annotated[Path | None, typer.Option(help="Folder to write to (default: a new one in runs/).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Sum up several studies of forgetting: one table, with p values for all comparisons together, and one picture.

    Writes summary.csv, summary.png and summary.pdf.
    """
    from neuronet.cli.tables.continual import summary_table
    from neuronet.continual.studies.summary import summarize_studies

    summary = summarize_studies(folders, reference)
    folder = summary.save(out or new_folder("continual-summary"))
    (console.ERR if json else console.OUT).print(summary_table(summary))
    if json:
        typer.echo(
            json_format.dumps({"reference": reference, "comparisons": summary.to_records(), "out": str(folder)}, allow_nan=False)
        )

"""`neuronet continual-summary`: several continual-learning studies in one table and one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import Json, Out, new_folder


def continual_summary(
    folders: Annotated[list[Path], typer.Argument(help="Folders of finished studies")],
    reference: Annotated[str, typer.Option(help="Reference method of the comparisons")] = "backprop",
    out: Out = None,
    json: Json = False,
) -> None:
    """Summarise several continual-learning studies: one table, with p values over all comparisons, and one figure.

    Writes summary.csv, summary.png and summary.pdf.
    """
    from neuronet.cli.tables.continual import summary_table
    from neuronet.continual import summarize_studies

    summary = summarize_studies(folders, reference)
    folder = summary.save(out or new_folder("continual-summary"))
    content = {"reference": reference, "comparisons": summary.to_records(), "out": str(folder)}
    console.print_result(summary_table(summary), lambda: content, json)

"""`neuronet sweep`: many runs from one file."""

from __future__ import annotations

import json as json_format
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import progress
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json

if TYPE_CHECKING:
    import pandas as pd

    from neuronet.execution import Executor
    from neuronet.sweep import Plan, Progress, SweepStore

LOKY, MAX_GROUP_SIZE = "loky", 16  # as in neuronet.sweep, which is imported when it is needed

EXAMPLE = """
environment = "digits"            # whatever neuronet run takes, with _ for -
seeds = 5                         # each setting from 5 seeds; or [0, 7]

[grid]                            # every combination of these
policy = ["attention", "greedy"]

[paired]                          # the first of each, then the second of each
hidden = [[64], [64, 64]]
batch_size = [32, 64]

[random]                          # drawn from lists and ranges, so often
draws = 3
learning_rate = { low = 0.001, high = 0.1, log = true }
"""

HELP = (
    "Run many configurations from one file, and write one table.\n\n\b\n"  # \b keeps the lines as they are
    + EXAMPLE.strip().replace("\n\n", "\n\b\n")
    + "\n\nThis file makes 2 x 2 x 3 x 5 = 60 cells; each section is optional. Each cell is stored when it is done: "
    "an interrupted sweep continues when it is started again. docs/sweeps.md has more."
)

FILE_HELP = escape("File (.toml): options of neuronet run, seeds, and the sections [grid], [paired] and [random]")


def sweep(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)],
    out: Annotated[
        Path | None,
        typer.Option(help=escape("Folder of the results; a sweep in it continues [default: runs/sweep- and the file's name]")),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help=escape("Number of processes (>= 1) [default: number of cores]"))] = None,
    backend: Annotated[str, typer.Option(help="Backend of the processes: loky on this machine, dask or ray on a cluster")] = LOKY,
    scheduler: Annotated[
        str | None, typer.Option(help=escape("Address of the cluster, such as tcp://host:8786 [default: one on this machine]"))
    ] = None,
    max_group_size: Annotated[int, typer.Option(help="Cells played as replicas of one job, at most (>= 1)")] = MAX_GROUP_SIZE,
    strict: Annotated[bool, typer.Option("--strict", help=escape("Stop when a cell fails [default: off]"))] = False,
    retry: Annotated[bool, typer.Option("--retry", help=escape("Repeat cells that failed before [default: off]"))] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=escape("List the cells and estimate the time from a few rounds [default: off]"))
    ] = False,
    json: Json = False,
) -> None:
    """Run many configurations from one file, and write one table; HELP is the help text."""
    from neuronet.execution import Executor
    from neuronet.sweep import SweepStore, make_plan, read_design, summary_table
    from neuronet.sweep import sweep as run_sweep

    started = time.perf_counter()
    design = read_design(file)
    folder = out or Path("runs") / f"sweep-{file.stem}"
    store = SweepStore(folder)
    options: dict[str, Any] = {"jobs": jobs, "backend": backend, "scheduler": scheduler, "max_group_size": max_group_size}
    options |= {"strict": strict, "retry": retry}
    if dry_run:
        _list(make_plan(design), store, json, Executor(jobs, backend, scheduler), max_group_size)
        return
    with Bar() as bar:
        try:
            table = run_sweep(design, out=folder, **options, on_progress=bar.show, log=bar.print_err)
        except KeyboardInterrupt:
            command = _resume_command(file, {"out": out, **options})
            raise KeyboardInterrupt(f"What was played is kept. Continue with: {command}") from None
    if design.curves and table["error"].isna().any():
        _draw_curves(folder)
    failed = int(table["error"].notna().sum())
    (console.ERR if json else console.OUT).print(summary_table(table, design.swept))
    if failed:
        console.print_err(f"{failed} of {_cells(len(table))} failed: the column error says why; --retry plays them again.")
    console.print_err(f"{_cells(len(table))} in {folder / 'table.csv'}")
    if json:
        summary = {"cells": len(table), "failed": failed, "seconds": round(time.perf_counter() - started, 3)}
        typer.echo(json_format.dumps(console.to_json({**summary, "out": str(folder), "rows": _rows(table)}), allow_nan=False))


sweep.__doc__ = HELP


def _draw_curves(folder: Path) -> None:
    from neuronet.plotting.sources import kinds_of, plot

    for kind in kinds_of(folder):
        console.print_err(str(plot(folder, kind, folder / f"{kind}.png", log=console.print_err)))


def _resume_command(file: Path, options: dict[str, Any]) -> str:
    """Return the command that continues: the options that decide what is played, without defaults."""
    words = []
    for name, value in options.items():
        if value not in (None, False, {"backend": LOKY, "max_group_size": MAX_GROUP_SIZE}.get(name)):
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(["neuronet", "sweep", str(file), *words])


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the table as plain data, with None for missing values."""
    plain = table.astype("object").where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _list(plan: Plan, store: SweepStore, json: bool, executor: Executor, max_group_size: int) -> None:
    from neuronet.sweep import estimate_time, inspect_environments

    store.check(plan)
    known = store.load_results()
    done = sum(cell.key in known for cell in plan.cells)
    missing = [cell for cell in plan.cells if cell.key not in known]
    infos = inspect_environments(cell.config for cell in missing)
    time_needed = estimate_time(missing, infos, executor, max_group_size, curves=plan.curves)
    if json:
        cells = [{"cell": cell.number, **cell.swept, "played": cell.key in known} for cell in plan.cells]
        typer.echo(
            json_format.dumps(
                {
                    "cells": len(cells),
                    "played": done,
                    "seconds": round(time_needed.seconds, 1),
                    "out": str(store.path),
                    "rows": cells,
                }
            )
        )
        return
    for cell in plan.cells:
        typer.echo(f"{cell}{', played' if cell.key in known else ''}")
    console.print_err(f"{_cells(len(plan.cells))}, {done} of them played; nothing is kept of what was played now.")
    if missing:
        how = f"rounds of {time_needed.measured} of {console.counted(time_needed.groups, 'group')} were played"
        where = console.counted(time_needed.processes, "process").replace("processs", "processes")
        console.print_err(f"About {time_left(time_needed.seconds)} in {where}, without their start ({how}).")


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


class Bar(console.Bar):
    """Progress bar of a sweep."""

    def __init__(self) -> None:
        after = ("cells{task.fields[failed]}", progress.TimeElapsedColumn(), "left {task.fields[left]}")
        super().__init__("sweep", *after, failed="", left="?")
        self._started = time.monotonic()

    def show(self, event: Progress) -> None:
        """Move the bar; the remaining time is estimated from this process."""
        played = event.done - event.done_before
        seconds = (time.monotonic() - self._started) * (event.total - event.done) / played if played else None
        left = "?" if seconds is None else time_left(seconds)
        failed = f", {event.failed} failed" if event.failed else ""
        self._bar.update(self._task, completed=event.done, total=event.total, failed=failed, left=left)


def time_left(seconds: float) -> str:
    """Return seconds as 0:07 or 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

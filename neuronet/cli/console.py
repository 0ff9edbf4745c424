"""Tables, results and progress bars of the command line."""

from __future__ import annotations

import json as json_format
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich import progress
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from neuronet.benchmarking import Row
    from neuronet.comparison import Comparison
    from neuronet.theory import Check
    from neuronet.training import Result

NON_TERMINAL_WIDTH = 120
"""Columns for tables that go to a file or a pipe, which has no width of its own."""

OUT = Console()
if not OUT.is_terminal and "COLUMNS" not in os.environ:
    OUT.width = NON_TERMINAL_WIDTH
ERR = Console(stderr=True)


def print_result(shown: RenderableType, summary: Callable[[], Any], json: bool, folder: Path | None = None) -> None:
    """Print the result of a command.

    Args:
        shown: Table of the result; with `json` it goes to standard error.
        summary: Returns the result as plain data; numbers that are not finite become null.
        json: Whether to print the summary as JSON, on the last line of the output.
        folder: Folder to name below the table.
    """
    screen = ERR if json else OUT
    screen.print(shown)
    if folder is not None:
        screen.print(f"recorded in {folder}", soft_wrap=True, markup=False)
    if json:
        print(json_format.dumps(to_json(summary()), allow_nan=False))


def to_json(value: Any) -> Any:
    """Return a value as JSON has it: numpy's numbers as Python's, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if hasattr(value, "tolist"):
        return to_json(value.tolist())
    return None if isinstance(value, float) and not isfinite(value) else value


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 epoch", "1,200 rounds"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def make_table(title: str | None = None, caption: str | None = None) -> Table:
    """Return an empty table."""
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), caption=caption, caption_justify="left")


def add_columns(table: Table, *headings: str, **style: Any) -> None:
    """Add columns of the same style to a table."""
    for heading in headings:
        table.add_column(heading, **style)


def run_table(result: Any, **rows: str) -> Table:
    """Return a table of facts about a run: environment, network, policy and engine, these rows, and the folder."""
    from neuronet.registry import describe_population

    config, network = result.config, result.network
    hidden = config.activation if len(network.sizes) > 2 else "without a hidden layer"
    layout = ", sparse layout" if network.is_sparse and config.engine == "tensors" else ""
    facts = {
        "environment": config.environment,
        "network": f"{'-'.join(map(str, network.sizes))} {hidden}, {counted(network.connections, 'connection')}{layout}",
        "policy": describe_population(config.policy),
        "engine": f"{config.engine} on {config.device}, {config.dtype}",
        **rows,
        "recorded in": str(result.folder),
    }
    table = Table(title=None, show_header=False, box=None, padding=(0, 1))
    for name, value in facts.items():
        table.add_row(f"[bold]{name}[/bold]", escape(value))
    return table


def result_table(result: Result) -> Table:
    """Return a table of a run's result."""
    from neuronet.registry import format_channel, format_option
    from neuronet.statistics import interval

    config = result.config
    rows = {
        "played": f"{counted(result.rounds, 'round')} in {counted(result.epochs, 'epoch')}, {result.seconds:.1f} s",
    }
    if result.stop_reason is not None:
        rows["stopped early"] = result.stop_reason
    if result.epochs:
        rows["test loss"] = f"{result.loss:.4f}"
    if result.accuracy is not None:
        rows["test accuracy"] = f"{result.accuracy:.4f}"
    whole = result.inequality.query("layer == 0 and group == 'all'")
    whole = whole.loc[whole["epoch"] == whole["epoch"].max(), "gini"].dropna().to_numpy()
    if len(whole):
        mean, _, high = interval(whole)
        spread = f" ± {high - mean:.4f} (95% interval of {len(whole)} replicas)" if len(whole) > 1 else ""
        rows["inequality"] = f"Gini's coefficient of attention {mean:.4f}{spread}"
    if not result.events.empty:
        rows["interventions"] = "; ".join(dict.fromkeys(f"after round {e.round:,}: {e.what}" for e in result.events.itertuples()))
    if config.replicas > 1:
        rows["replicas"] = f"{config.replicas}, seeds {config.seeds[0]} to {config.seeds[-1]}; loss and accuracy are means"
    if not config.update_schedule.is_synchronous:
        rows["update_schedule"] = format_option(config.update_schedule)
    if config.channels:
        rows["channels"] = ", ".join(map(format_channel, config.channels))
    return run_table(result, **rows)


def comparison_table(result: Comparison) -> Table:
    """Return a table of each policy's mean and its difference to backprop, with 95% intervals."""
    scale, unit, decimals = (100, ", %", 2) if result.measure == "accuracy" else (1, "", 4)
    table = make_table(caption="± spans 95% intervals (Student's t)")
    table.add_column("policy", overflow="fold")
    add_columns(table, "learning rate", f"test {result.measure}{unit}", "against backprop", justify="right", no_wrap=True)

    def interval(mean: float, high: float, sign: str = "") -> str:
        half_width = "" if isnan(high) else f" ± {scale * (high - mean):.{decimals}f}"
        return "" if isnan(mean) else f"{scale * mean:{sign}.{decimals}f}{half_width}"

    for row in result.table.itertuples(index=False):
        rate = f"{row.learning_rate:.2g}{' (edge)' if row.at_edge else ''}"
        difference = interval(row.difference, row.difference_high, "+")
        table.add_row(escape(row.policy), rate, interval(row.mean, row.high), difference)
    return table


def print_err(line: str) -> None:
    """Print a line on standard error."""
    ERR.print(escape(line), soft_wrap=True)


def checks_table(checks: Sequence[Check]) -> Table:
    """Return a table of the propositions, the measured values, and whether they hold."""
    table = make_table("The attention game, checked")
    add_columns(table, "proposition", "claim")
    add_columns(table, "measured", "required", justify="right")
    table.add_column("")
    for result in checks:
        status = "[green]holds[/green]" if result.passed else "[red]FAILS[/red]"
        table.add_row(result.proposition, escape(result.claim), f"{result.measured:.3g}", escape(result.required), status)
    return table


def benchmark_table(rows: Sequence[Row], title: str | None = None) -> Table:
    """Return a table of times: minimum, median, and the minimum relative to a reference."""
    table = make_table(title)
    table.add_column("played by", no_wrap=True)
    add_columns(table, "least, us", "median, us", "ratio", justify="right", no_wrap=True)
    table.add_column("to")
    previous: Row | None = None
    for row in rows:
        if previous is None or (row.case, row.unit, row.reference) != (previous.case, previous.unit, previous.reference):
            table.add_section()
            table.add_row(f"[bold]{escape(row.case)}[/bold], one {row.unit}")
        times = (f"{1e6 * row.minimum:,.1f}", f"{1e6 * row.median:,.1f}", f"{row.ratio:.3f}")
        table.add_row(f"  {escape(row.contestant)}", *times, "" if row.contestant == row.reference else escape(row.reference))
        previous = row
    return table


class Bar:
    """Progress bar on standard error, where that is a terminal.

    Args:
        before: Text before the bar, with fields such as "{task.fields[epoch]}".
        after: What follows the bar and the count.
        **fields: The fields at the start.
    """

    def __init__(self, before: str, *after: str | progress.ProgressColumn, **fields: Any) -> None:
        columns = [progress.TextColumn(part) if isinstance(part, str) else part for part in after]
        self._bar = progress.Progress(
            progress.TextColumn(before),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            *columns,
            console=ERR,
            disable=not ERR.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, **fields)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._bar.stop()

    def print_err(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(escape(line), soft_wrap=True)


@contextmanager
def saving(command: str) -> Iterator[None]:
    """Give an interrupted run the sentence that says how to continue it.

    Raises:
        KeyboardInterrupt: The run was interrupted; the sentence is its message.
    """
    from neuronet.execution import Interrupted

    try:
        yield
    except Interrupted as error:
        if error.result.folder is None:
            raise
        folder = shlex.quote(str(error.result.folder))
        raise KeyboardInterrupt(f"Saved. Continue with: neuronet {command} --resume {folder}") from None

"""Progress bar of a run."""

from __future__ import annotations

import math
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from neuronet.training.callbacks.base import Callback, RunProgress

if TYPE_CHECKING:
    from rich.console import Console


class _Bar(Protocol):
    """Protocol for a progress bar."""

    def show(self, done: int, of: int, epoch: int, metrics: str) -> None:
        """Show how many rounds are done."""

    def write(self, line: str) -> None:
        """Print a line above the bar."""

    def close(self) -> None:
        """Remove the bar."""


class Progress(Callback):
    """Progress bar: rounds, epochs and the last test metrics, updated a few times a second.

    In a terminal it is drawn by rich, on standard error. In a notebook it is drawn by tqdm where that is installed, else by rich.
    Elsewhere, as where the output goes to a file, nothing is drawn.

    Args:
        console: Console of rich to draw on; None for standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._bar: _Bar | None = None

    def on_run_begin(self, run: RunProgress) -> None:
        """Draw the bar."""
        self._bar = self._make_bar()
        self._show(run)

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Move the bar."""
        self._show(run)

    def on_run_end(self, run: RunProgress) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def print(self, line: str) -> None:
        """Print a line on standard error, above the bar if there is one."""
        if self._bar is not None:
            self._bar.write(line)
        else:
            from rich.markup import escape

            self._stderr().print(escape(line), soft_wrap=True)

    def _stderr(self) -> Console:
        from rich.console import Console

        return self._console or Console(stderr=True)

    def _make_bar(self) -> _Bar | None:
        if in_notebook() and find_spec("tqdm") is not None:
            return _TqdmBar()
        console = self._stderr()
        return _RichBar(console) if console.is_terminal or console.is_jupyter else None

    def _show(self, run: RunProgress) -> None:
        if self._bar is not None:
            shown = {"loss": run.metrics.get("test_loss"), "accuracy": run.metrics.get("test_accuracy")}
            values = {name: value for name, value in shown.items() if value is not None and not math.isnan(value)}
            text = "  ".join(f"test {name} {value:.3f}" for name, value in values.items())
            self._bar.show(run.round, run.rounds, run.epoch, text)


class _RichBar:
    """Bar in a terminal."""

    def __init__(self, console: Console) -> None:
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("epoch {task.fields[epoch]}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("rounds  {task.fields[metrics]}"),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, epoch=0, metrics="")
        self._bar.start()

    def show(self, done: int, of: int, epoch: int, metrics: str) -> None:
        self._bar.update(self._task, completed=done, total=of, epoch=epoch, metrics=metrics)

    def write(self, line: str) -> None:
        from rich.markup import escape

        self._bar.console.print(escape(line), soft_wrap=True)

    def close(self) -> None:
        self._bar.stop()


class _TqdmBar:
    """Bar in a notebook."""

    def __init__(self) -> None:
        self._bar: Any = import_module("tqdm.auto").tqdm(unit="round", leave=False)

    def show(self, done: int, of: int, epoch: int, metrics: str) -> None:
        self._bar.total, self._bar.n = of, done
        self._bar.set_description_str(f"epoch {epoch}", refresh=False)
        self._bar.set_postfix_str(metrics, refresh=True)

    def write(self, line: str) -> None:
        self._bar.write(line)

    def close(self) -> None:
        self._bar.close()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"

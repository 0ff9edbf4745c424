"""The command line: its commands, and how it ends."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from typer import rich_utils
from typer.core import TyperGroup
from typer.rich_utils import OptionHighlighter

from neuronet.cli import streams
from neuronet.cli.command_class import Command
from neuronet.cli.commands.bench import bench
from neuronet.cli.commands.check import check
from neuronet.cli.commands.compare import compare
from neuronet.cli.commands.continual import continual
from neuronet.cli.commands.continual_summary import continual_summary
from neuronet.cli.commands.control import control
from neuronet.cli.commands.game.app import app as game
from neuronet.cli.commands.lab import lab
from neuronet.cli.commands.plot import plot
from neuronet.cli.commands.plug_ins import channels, environments, interventions, policies, update_schedules
from neuronet.cli.commands.predict import predict, show
from neuronet.cli.commands.reproduce import reproduce
from neuronet.cli.commands.run import run
from neuronet.cli.commands.sweep import sweep
from neuronet.core import NeuroNetError, is_out_of_memory, plug_in_errors, shortened, with_short_quotes
from neuronet.execution import count_received, exit_status, is_main_process

BAD_INPUT, FAILED, CTRL_C = 2, 1, 130

TRACEBACK = "--traceback"
"""Option of every command: print the whole traceback of an error, too."""


class _StoppedError(Exception):
    """Interruption of a command; its message, if any, says how to continue."""


class _Group(TyperGroup):
    """Group of commands that tells `start` of an interruption, which typer would turn into a silent exit."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _StoppedError(str(error)) from None


class _FoldingHighlighter(OptionHighlighter):
    """Highlighter of the help that lets long words be folded, where rich would cut them with an ellipsis."""

    def __call__(self, text: str | Text) -> Text:
        """Return a text, highlighted."""
        shown = super().__call__(text)
        shown.overflow = "fold"
        return shown


class _TightTable(Table):
    """Table of options without the columns that are empty, such as short names, which would leave less room for the text."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the columns that have a text."""
        kept = [list(column.cells) for column in self.columns if any(map(str, column.cells))]
        if self.show_header or len(kept) == len(self.columns):
            yield from super().__rich_console__(console, options)
            return
        table = Table(highlight=True, show_header=False, expand=True, box=None, pad_edge=self.pad_edge, padding=self.padding)
        for cells in zip(*kept, strict=True):
            table.add_row(*cells)
        yield table


rich_utils.highlighter = _FoldingHighlighter()
vars(rich_utils)["Table"] = _TightTable

app = typer.Typer(
    name="neuronet",
    cls=_Group,
    help="Train and study networks whose neurons are self-interested agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def start() -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 bad input, or that of the signal."""
    if str(Path.cwd()) not in sys.path:  # for module:Class; last, so that nothing there replaces a library
        sys.path.append(str(Path.cwd()))
    with streams.closed_streams_ignored():
        return _run()


def _run() -> int:
    arguments = [word for word in sys.argv[1:] if word != TRACEBACK]  # before or after the command
    signals = count_received()
    try:
        with plug_in_errors():
            code = app(arguments, prog_name="neuronet", standalone_mode=False)
        sys.stdout.flush()  # a full disk is an error of the command
        if code == CTRL_C:  # what typer makes of an interruption before the command begins
            raise _StoppedError
    except _StoppedError as stop:
        if is_main_process():
            sys.stderr.write(f"{stop}\n" if str(stop) else "Interrupted.\n")
        return exit_status()
    except NeuroNetError as error:
        _show_traceback(error)
        return _refuse(str(error), BAD_INPUT)
    except OSError as error:
        return _refuse(f"cannot use '{error.filename}': {error.strerror}" if error.filename else str(error), FAILED)
    except Exception as error:
        status = _status_of(error, interrupted=count_received() > signals)
        if status is None:
            raise
        return status
    return code if isinstance(code, int) else 0


def _status_of(error: Exception, *, interrupted: bool) -> int | None:
    """Report an error that is not of our own kinds, and return its exit status; None for a fault of ours."""
    if interrupted:  # a library has made this error of the interruption
        sys.stderr.write("Interrupted.\n")
        return exit_status()
    if is_out_of_memory(error):
        return _refuse("not enough memory: choose fewer or smaller layers, samples or replicas", FAILED)
    if hasattr(error, "format_message"):  # the command line itself was wrong
        return _refuse(_with_hint(error), BAD_INPUT) if error.format_message() else BAD_INPUT
    return None


def _show_traceback(error: NeuroNetError) -> None:
    """Print the whole traceback of an error on standard error, if it was asked for."""
    if TRACEBACK in sys.argv:
        within = getattr(error, "traceback_text", "")
        sys.stderr.write(f"{within}\nwhich was reported as:\n\n" if within else "")
        traceback.print_exception(error, chain=not within)


def _with_hint(error: Any) -> str:
    """Return the message for a wrong command line, with the command that lists what would be right."""
    context = getattr(error, "ctx", None)
    message = shortened(error.format_message().rstrip("."))
    names = () if context is None else {parameter.name for parameter in context.command.params}
    if getattr(error, "option_name", "") == "--seeds" and "replicas" in names:
        message = "No such option: --seeds: several seeds are --replicas 5, from --seed on"
    return message if context is None else f"{message} (see {context.command_path} --help)"


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"Error: {' '.join(with_short_quotes(sentence).split())}\n")
    return code


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[
        bool, typer.Option("--version", help=escape("Print the version and exit [default: off]"), is_eager=True)
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help=escape("Print the whole traceback of an error, too [default: off]"))
    ] = False,
) -> None:
    if version:
        from neuronet.version import __version__

        typer.echo(__version__)
        raise typer.Exit


def _help_text(command: Callable[..., None]) -> str:
    """Return a command's docstring with a line for each paragraph, which the terminal's width breaks, unless it is marked."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(text if text.startswith("\b") else text.replace("\n", " ") for text in paragraphs)


for command in (
    *(run, predict, show, control, check, compare, continual, continual_summary, lab, plot, bench, reproduce, sweep),
    *(policies, channels, update_schedules, interventions, environments),
):
    app.command(cls=Command, help=escape(_help_text(command)))(command)  # [lab] is no markup
app.add_typer(game, name="game")

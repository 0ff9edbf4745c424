"""`neuronet run`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import ConfigFile, Json, Out, Trust, refuse_with_resume, run_folder, with_file, with_options
from neuronet.execution import is_main_process
from neuronet.training import OUTPUT, RUN_OPTIONS

if TYPE_CHECKING:
    from neuronet.training import Callback, Result


@with_options(RUN_OPTIONS)
def run(
    options: dict[str, Any],
    environment: Annotated[
        str | None, typer.Argument(help="Environment: digits, fashion-mnist, table:PATH, ...; see neuronet environments")
    ] = None,
    config: ConfigFile = None,
    out: Out = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to continue", rich_help_panel=OUTPUT)] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(
            help=escape("Logger of the metrics: tensorboard, mlflow or wandb; may be repeated [default: none]"),
            rich_help_panel=OUTPUT,
            show_default=False,
        ),
    ] = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Train a network of self-interested neurons."""
    if environment is not None:
        options["environment"] = environment
    loggers = _loggers(log)
    if resume is not None:
        refuse_with_resume({**options, "config": config, "out": out}, "epochs")
        result = _resume(resume, options.get("epochs"), loggers, trust=trust)
    else:
        result = _train(options, config, out, loggers, trust=trust)
    if is_main_process():
        _show(result, json)


def _loggers(names: list[str] | None) -> list[Callback]:
    if not names:
        return []
    from neuronet.training import make_loggers

    return make_loggers(names)


def _train(options: dict[str, Any], config: Path | None, out: Path | None, loggers: list[Callback], *, trust: bool) -> Result:
    from neuronet.training import Progress, make_config, train

    options = with_file(options, config, trust=trust)
    make_config(options)  # refuses what is missing or wrong, before train is called
    bar = Progress(console.ERR)
    with console.saving("run"):
        return train(**options, out=out or run_folder, callbacks=[*loggers, bar], log=bar.print)


def _resume(folder: Path, epochs: int | None, loggers: list[Callback], *, trust: bool) -> Result:
    from neuronet.training import Progress, resume

    bar = Progress(console.ERR)
    with console.saving("run --trust" if trust else "run"):
        return resume(folder, epochs=epochs, trust=trust, callbacks=[*loggers, bar], log=bar.print)


def _show(result: Result, json: bool) -> None:
    if result.folder is not None:
        if result.epochs:
            result.plot(result.folder / "curves.png")
        result.plot_network(result.folder / "network.png")
        if not result.alignment.empty:
            result.plot_alignment(result.folder / "alignment.png")
        if not result.inequality.empty:
            result.plot_inequality(result.folder / "inequality.png")
    console.print_result(console.result_table(result), result.summary, json)

"""`neuronet run`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import Json, Out, Trust, refuse_with_resume, run_folder, with_options
from neuronet.execution import is_main_process
from neuronet.training import OUTPUT, RUN_OPTIONS

if TYPE_CHECKING:
    from neuronet.training import Result


@with_options(RUN_OPTIONS)
def run(
    options: dict[str, Any],
    environment: Annotated[
        str | None, typer.Argument(help="Environment: digits, fashion-mnist, table:PATH, ...; see neuronet environments")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="File of options (.toml, or config.json of a run); options given here win", rich_help_panel=OUTPUT),
    ] = None,
    out: Out = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to continue", rich_help_panel=OUTPUT)] = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Train a network of self-interested neurons."""
    if environment is not None:
        options["environment"] = environment
    if resume is not None:
        refuse_with_resume({**options, "config": config, "out": out}, "epochs")
        result = _resume(resume, options.get("epochs"), trust=trust)
    else:
        result = _train(options, config, out, trust=trust)
    if is_main_process():
        _show(result, json)


def _train(options: dict[str, Any], config: Path | None, out: Path | None, *, trust: bool) -> Result:
    from neuronet.training import check_modules, make_config, read_options, train

    recorded = {} if config is None else read_options(config)
    if config is not None and config.suffix == ".json" and not trust:
        check_modules({name: value for name, value in recorded.items() if name not in options})
    options = {**recorded, **options}
    make_config(options)  # refuses what is missing or wrong, before train is called
    with console.saving("run"), console.RunBar() as bar:
        return train(**options, out=out or run_folder, on_progress=bar.show, log=bar.print_err)


def _resume(folder: Path, epochs: int | None, *, trust: bool) -> Result:
    from neuronet.training import resume

    with console.saving("run --trust" if trust else "run"), console.RunBar() as bar:
        return resume(folder, epochs=epochs, trust=trust, on_progress=bar.show, log=bar.print_err)


def _show(result: Result, json: bool) -> None:
    if result.folder is not None:
        result.plot(result.folder / "curves.png")
        result.plot_network(result.folder / "network.png")
        if not result.alignment.empty:
            result.plot_alignment(result.folder / "alignment.png")
    console.print_result(console.result_table(result), result.summary, json)

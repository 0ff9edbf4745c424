"""`neuronet control`: train a network to act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import ConfigFile, Json, Out, Trust, refuse_with_resume, run_folder, with_file, with_options
from neuronet.training import CONTROL_OPTIONS, OUTPUT

if TYPE_CHECKING:
    from rich.table import Table

    from neuronet.control import ControlResult


@with_options(CONTROL_OPTIONS)
def control(
    options: dict[str, Any],
    environment: Annotated[
        str | None, typer.Argument(help="Gymnasium environment: an id such as CartPole-v1, or module:Name-v0")
    ] = None,
    config: ConfigFile = None,
    out: Out = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to continue", rich_help_panel=OUTPUT)] = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Train a network of self-interested neurons to act in a Gymnasium environment, by REINFORCE."""
    if environment is not None:
        options["environment"] = environment
    if resume is not None:
        refuse_with_resume({**options, "config": config, "out": out}, "rounds")
    elif config is not None:
        options = _with_file(options, config, trust=trust)
    result = _control(options, out, resume, trust=trust)
    if result.folder is not None:
        result.plot(result.folder / "returns.png")
        result.plot_network(result.folder / "network.png")
    console.print_result(_results_table(result), result.summary, json)


def _with_file(options: dict[str, Any], config: Path, *, trust: bool) -> dict[str, Any]:
    from neuronet.control import make_config

    return with_file(options, config, trust=trust, make=make_config)


def _control(options: dict[str, Any], out: Path | None, folder: Path | None, *, trust: bool) -> ControlResult:
    from neuronet.control import make_config, resume, train

    with console.saving("control"), console.ERR.status("Acting") as status:

        def show(number: int, recent: float) -> None:
            status.update(f"round {number}: mean return of the last 100 episodes {recent:.1f}")

        if folder is not None:
            return resume(folder, rounds=options.get("rounds"), trust=trust, on_progress=show, log=console.print_err)
        make_config(options)  # refuses what is missing or wrong, before train is called
        return train(**options, out=out or run_folder, on_progress=show)


def _results_table(result: ControlResult) -> Table:
    counted = console.counted
    eval_returns, steps = result.eval_returns, int(result.episodes["steps"].sum())
    rows = {
        "played": f"{counted(len(result.episodes), 'episode')}, {counted(steps, 'step')}, in {counted(result.rounds, 'round')}, "
        f"{result.seconds:.1f} s",
        "mean return": f"{eval_returns.mean():.1f} over {counted(eval_returns.size, 'episode')}, "
        f"minimum {eval_returns.min():.1f}",
    }
    if result.threshold is not None:
        rows["solved"] = f"{'yes' if result.solved else 'no'}, the threshold is {result.threshold:g}"
    return console.run_table(result, **rows)

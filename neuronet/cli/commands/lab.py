"""`neuronet lab`: watch a network in the browser."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.options import parse_sizes


def lab(
    environment: Annotated[str, typer.Argument(help="digits, xor, table:PATH or module:Class.")] = "digits",
    policy: Annotated[list[str] | None, typer.Option(help="What the neurons follow at first, as for run.")] = None,
    hidden: Annotated[str | None, typer.Option(help="Neurons in each hidden layer: 64 or 256,256 or none.")] = None,
    activation: Annotated[str | None, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")] = None,
    connectivity: Annotated[str | None, typer.Option(help='dense, "sparse(0.1)" or "small-world(neighbours=8)".')] = None,
    init: Annotated[str | None, typer.Option(help="he, glorot, lecun, zeros or auto.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Between the layers at first, as for run.")] = None,
    update_schedule: Annotated[str | None, typer.Option(help="Who acts when, as for run.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a round.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At first; above 0.")] = None,
    optimizer: Annotated[str | None, typer.Option(help='Optimizer: sgd,  "momentum(0.9)" or adam.')] = None,
    seed: Annotated[int | None, typer.Option(help="Of all chance, 0 or more, at first.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float64 or float32.")] = None,
    target: Annotated[str | None, typer.Option(help="The target's column, for table:PATH.")] = None,
    payoff: Annotated[str | None, typer.Option(help="cross-entropy or squared-error, for table:PATH.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder in which to look for the environment's files first.")] = None,
    port: Annotated[int, typer.Option(help="Of the page on this machine; 0 for any that is free.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Watch a network live in the browser: look into neurons, change their minds, play, step, reset.

    Needs the extra [lab]. The page is on the loopback address alone and fetches nothing from elsewhere; Ctrl-C ends it. Every
    window has a model of its own. Defaults are those of run, with a learning rate that stays as it is set.
    """
    from neuronet.lab import check_installed, make_launch_config, serve

    check_installed()
    named: dict[str, Any] = {
        "hidden": None if hidden is None else parse_sizes(hidden),
        "activation": activation,
        "connectivity": connectivity,
        "init": init,
        "channels": channel or None,
        "update_schedule": update_schedule,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "seed": seed,
        "dtype": dtype,
        "target": target,
        "payoff": payoff,
        "data_dir": data_dir,
    }
    options = {name: value for name, value in named.items() if value is not None}
    population: Any = "attention" if not policy else policy[0] if len(policy) == 1 else policy
    serve(make_launch_config(environment, policy=population, **options), port=port, browser=browser, log=console.print_err)

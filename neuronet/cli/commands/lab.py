"""`neuronet lab`: watch a network in the browser."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import ConfigFile, Trust, select_options, with_file, with_options
from neuronet.training import COMPUTE, OUTPUT, OptionInfo

OPTIONS = select_options(
    "policy hidden activation connectivity init channels batch_size learning_rate optimizer "
    "update_schedule seed target payoff missing unseen data_dir"
)
LAB_OPTIONS = {"dtype": OptionInfo(str, COMPUTE, "Precision: float64 or float32", "float64")}


@with_options(OPTIONS, LAB_OPTIONS)
def lab(
    options: dict[str, Any],
    environment: Annotated[
        str | None,
        typer.Argument(help=escape("Environment: digits, xor, table:PATH or module:Class [default: digits]"), show_default=False),
    ] = None,
    config: ConfigFile = None,
    trust: Trust = False,
    port: Annotated[
        int, typer.Option(help="Port of the page on this machine (>= 0); 0 for a free one", rich_help_panel=OUTPUT)
    ] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help="Name or address on which to listen; another than the default lets other machines in", rich_help_panel=OUTPUT
        ),
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser", rich_help_panel=OUTPUT)
    ] = True,
) -> None:
    """Watch a network live in the browser: inspect neurons, change their policies, play, step, reset.

    Needs the extra [lab]: `pip install 'neuronet[lab]'`.

    The page is on this machine alone, unless --host says otherwise, and opens only by the printed address,
    which has a new token each time. It fetches nothing from elsewhere; Ctrl-C ends it. Every window has a model of its own. The
    learning rate stays as it is set.
    """
    from neuronet.lab import check_installed, make_launch_config, serve

    check_installed()
    options = with_file(options, config, trust=trust, fields=("environment", "dtype", *OPTIONS))
    given = options.pop("environment", "digits")
    serve(make_launch_config(environment or given, **options), port=port, host=host, browser=browser, log=console.print_err)

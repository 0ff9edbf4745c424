"""`neuronet bench`: measure the time of rounds."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json
from neuronet.core import ConfigurationError, parse_integer


def bench(
    networks: Annotated[list[str] | None, typer.Argument(help="Networks: neurons in each layer, such as 64-32-10")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="Samples in a round (>= 1); may be repeated")] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help=escape("Policy of the neurons; may be repeated [default: attention]"))
    ] = None,
    threads: Annotated[int, typer.Option(help="Number of torch threads (>= 1)")] = 1,
    cpu_time: Annotated[
        bool, typer.Option("--cpu-time", help=escape("Measure CPU time instead of wall time [default: off]"))
    ] = False,
    all_suites: Annotated[
        bool,
        typer.Option("--all-suites", help=escape("Measure an epoch, replicas, mixed layers and training, too [default: off]")),
    ] = False,
    json: Json = False,
) -> None:
    """Measure the time of a round on this machine, against plain torch and against the matrix products alone."""
    from dataclasses import asdict, replace

    from neuronet.benchmarking import BATCHES, QUICK, SIZES
    from neuronet.benchmarking import bench as measure

    sizes = [_layers(text) for text in networks] if networks else SIZES
    budget = replace(QUICK, threads=threads, cpu_time=cpu_time)
    with console.ERR.status("Measuring"):
        rows = measure(sizes, batch or BATCHES, policy or ("attention",), budget=budget)
        if all_suites:
            from neuronet.benchmarking import benchmark_suites

            rows += benchmark_suites(budget)
    console.print_result(console.benchmark_table(rows), lambda: [asdict(row) for row in rows], json)


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(parse_integer, text.split("-")))
    except ValueError:
        raise ConfigurationError(f"a network must be the neurons in each layer, such as 64-32-10, got '{text}'") from None

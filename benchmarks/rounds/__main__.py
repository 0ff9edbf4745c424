"""Cost of a round of NeuroNet, with each policy, and of its peers, interleaved in one process.

    [OMP_NUM_THREADS=2] python -m benchmarks.rounds [--quick] [--cpu-time] [--json FILE] [--plot FILE] [--markdown FILE]

On a shared machine, --cpu-time leaves out the time of other processes. There is one thread unless OMP_NUM_THREADS is set, and the
process keeps to as many processors, whatever a peer's own threads. The run takes about a minute with --quick, up to ten without.

Peers that are not installed are left out with a note: pip install -e ".[bench]", and pip install biotorch --no-deps. A peer
first plays a few rounds from the same start, and is left out if its weights then differ from those of autograd.
"""

from __future__ import annotations

import os

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))  # before torch and numpy are imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))

import json
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.rounds.growth import growth
from benchmarks.rounds.markdown import tables
from benchmarks.rounds.measure import against_biotorch, against_peers, by_policy
from benchmarks.rounds.picture import draw
from neuronet.benchmarking.api import BATCHES, SIZES, TimingBudget
from neuronet.benchmarking.machine import machine_name, pinned
from neuronet.benchmarking.suites import benchmark_suites
from neuronet.cli.console import OUT, benchmark_table

QUICK = TimingBudget(blocks=8, seconds=0.004, threads=THREADS)
FULL = TimingBudget(blocks=30, seconds=0.02, threads=THREADS)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: two networks, few blocks, no compilation.")] = False,
    cpu_time: Annotated[bool, typer.Option("--cpu-time", help="Count CPU time instead of wall-clock time.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file for the timings.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Markdown file for the tables of docs/speed.md.")] = None,
    plot: Annotated[Path | None, typer.Option(help="File for the figure: .png, .svg or .pdf.")] = None,
) -> None:
    budget = replace(QUICK if quick else FULL, cpu_time=cpu_time)
    torch.set_num_threads(THREADS)
    with pinned(THREADS):  # before JAX starts its threads, which then share these processors
        measure(budget, quick=quick, json_file=json_file, markdown=markdown, plot=plot)


def measure(budget: TimingBudget, *, quick: bool, json_file: Path | None, markdown: Path | None, plot: Path | None) -> None:
    """Measure, print and write everything."""
    warnings.filterwarnings("ignore", module="torch")
    compared, left_out = against_peers(SIZES[:2] if quick else SIZES, BATCHES, budget, compiled=not quick)
    bio, missing = against_biotorch((784, 256, 256, 10), 128, budget)
    policies = by_policy((784, 256, 256, 10), 128, budget)
    others = benchmark_suites(budget)
    points = growth(budget, quick=quick)
    parts = {"Peers": compared, "BioTorch": bio, "Policies": policies, "More": others}
    for title, rows in parts.items():
        if rows:
            OUT.print(benchmark_table(rows, title))
    for line in (*left_out, *missing):
        OUT.print(line)
    OUT.print(machine_name(THREADS))
    if json_file is not None:
        figures = {name: [asdict(row) for row in rows] for name, rows in {**parts, "Growth": points}.items()}
        json_file.write_text(
            json.dumps({"machine": machine_name(THREADS), "left out": [*left_out, *missing], **figures}, indent=2)
        )
    if markdown is not None:
        markdown.write_text(tables(parts, points), encoding="utf-8")
    if plot is not None:
        draw(compared, points, plot, machine_name(THREADS))


if __name__ == "__main__":
    typer.run(main)

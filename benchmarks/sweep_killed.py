"""A sweep of 200 small runs, killed three times, compared with the same sweep undisturbed, in one process, and on Dask.

    python benchmarks/sweep_killed.py [--kills 3] [--seed 0]

`neuronet sweep` runs one file several times, each time in another folder. The first sweep gets SIGKILL when a random number of
cells is on disk, is restarted each time, and finally completes. Every table must have a row for each cell. All tables of single
cells must be equal to the last digit, except for the seconds, and so must all tables of groups of 16 cells. Both kinds may differ
by rounding, by less than 1e-9. The exit status is 1 if a condition fails.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

FILE = """
environment = "digits"
hidden = [32]
seeds = 25

[grid]
policy = ["attention", "greedy"]
learning_rate = [0.01, 0.05]

[paired]
epochs = [10, 30]
activation = ["relu", "tanh"]
"""
CELLS = 25 * 2 * 2 * 2
TIMEOUT_SECONDS = 900


def keys_in(folder: Path) -> list[str]:
    """Return the cells with results on disk."""
    return [key for path in (folder / "cells").glob("[!.]*.json") for key in json.loads(path.read_text())]


def start(file: Path, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuronet", "sweep", str(file), "--out", str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(file: Path, folder: Path, *words: str) -> tuple[pd.DataFrame, float]:
    """Run the sweep to its end and return its table and duration."""
    began = time.perf_counter()
    if start(file, folder, *words).wait(timeout=TIMEOUT_SECONDS):
        raise RuntimeError(f"neuronet sweep {' '.join(words)} failed")
    return pd.read_parquet(folder / "table.parquet"), time.perf_counter() - began


def kill(file: Path, folder: Path, wanted: int, *words: str) -> tuple[set[str], bool]:
    """Kill the sweep when `wanted` cells are on disk; return the cells on disk, and whether it was still running."""
    process = start(file, folder, *words)
    while process.poll() is None and len(keys_in(folder)) < wanted:
        time.sleep(0.002)
    process.kill()
    in_time = process.wait() == -signal.SIGKILL
    return set(keys_in(folder)), in_time


def same(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Return whether two tables are equal to the last digit, except for seconds and group sizes."""
    return first.drop(columns=["seconds", "group_size"]).equals(second.drop(columns=["seconds", "group_size"]))


def main(
    kills: Annotated[int, typer.Option(help="Number of kills of the first sweep.")] = 3,
    seed: Annotated[int, typer.Option(help="Random seed of the times of the kills.")] = 0,
) -> None:
    rng = np.random.default_rng(seed)
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        file = root / "study.toml"
        file.write_text(FILE)
        one_by_one = ("--max-group-size", "1")
        seen: set[str] = set()
        for wanted in sorted(rng.choice(np.arange(1, CELLS - 20), size=kills, replace=False).tolist()):
            found, in_time = kill(file, root / "killed", wanted, "--jobs", "2", *one_by_one)
            if not in_time or not seen <= found or (root / "killed" / "table.csv").exists():
                raise RuntimeError("the sweep was not killed while running, or cells are lost")
            console.print(f"killed when {len(found)} of {CELLS} cells were on disk, {len(found - seen)} of them new")
            seen = found
        runs = {
            f"2 processes, killed {kills} times": finish(file, root / "killed", "--jobs", "2", *one_by_one),
            "1 process": finish(file, root / "one", "--jobs", "1", *one_by_one),
            "2 processes": finish(file, root / "two", "--jobs", "2", *one_by_one),
            "Dask, 2 workers": finish(file, root / "dask", "--backend", "dask", "--jobs", "2", *one_by_one),
            "1 process, groups of 16": finish(file, root / "one16", "--jobs", "1"),
            "2 processes, groups of 16": finish(file, root / "two16", "--jobs", "2"),
            "Dask, 2 workers, groups of 16": finish(file, root / "dask16", "--backend", "dask", "--jobs", "2"),
        }
        doubled = sum(len(keys_in(folder)) - len(set(keys_in(folder))) for folder in root.iterdir() if folder.is_dir())
    passed = report(console, runs, doubled)
    raise typer.Exit(0 if passed else 1)


def report(console: Console, runs: dict[str, tuple[pd.DataFrame, float]], doubled: int) -> bool:
    """Print the comparison of all tables with that of one process, and return whether all conditions hold."""
    shown = Table(
        "played by",
        "rows",
        "equal to",
        "difference",
        "seconds",
        caption="The difference is the largest to 1 process, one by one.",
    )
    alone, grouped = runs["1 process"][0], runs["1 process, groups of 16"][0]
    passed = doubled == 0
    for run, (table, seconds) in runs.items():
        complete = table["cell"].tolist() == list(range(1, CELLS + 1)) and bool(table["error"].isna().all())
        equal = [name for name, other in (("one by one", alone), ("groups of 16", grouped)) if same(table, other)]
        gaps = [float((table[name] - alone[name]).abs().max()) for name in ("test_loss", "train_loss", "test_accuracy")]
        shown.add_row(run, str(len(table)), ", ".join(equal) or "none", f"{max(gaps):.1e}", f"{seconds:.1f}")
        passed = passed and complete and ("groups of 16" if "16" in run else "one by one") in equal and max(gaps) < 1e-9
    console.print(shown)
    console.print(f"{doubled} cells twice on disk")
    return passed


if __name__ == "__main__":
    typer.run(main)

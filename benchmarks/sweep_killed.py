"""Compare a sweep of 200 small runs that is killed three times with undisturbed ones, in processes and on a Dask cluster.

    python benchmarks/sweep_killed.py [--kills 3] [--seed 0]

`neuronet sweep` runs one file several times, each time in another folder. The first sweep gets SIGKILL when a random number of
cells is on disk, several times, and is started again. Every table must have a row for each cell. Tables of cells alone must be
equal to the last digit, except for the seconds. So must tables of cells in groups of 16. The two kinds may differ by less than
1e-9. The exit status is 1 otherwise.
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


def keys_on_disk(folder: Path) -> list[str]:
    """Return the keys of the cells with results on disk."""
    return [key for path in (folder / "cells").glob("[!.]*.json") for key in json.loads(path.read_text())]


def start(file: Path, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuronet", "sweep", str(file), "--out", str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(file: Path, folder: Path, *words: str) -> tuple[pd.DataFrame, float]:
    """Run the sweep to its end, and return the table and the seconds it took."""
    began = time.perf_counter()
    if start(file, folder, *words).wait(timeout=TIMEOUT_SECONDS):
        raise RuntimeError(f"neuronet sweep {' '.join(words)} failed")
    return pd.read_parquet(folder / "table.parquet"), time.perf_counter() - began


def kill(file: Path, folder: Path, wanted: int, *words: str) -> tuple[set[str], bool]:
    """Kill the sweep when `wanted` cells are on disk; return the keys on disk, and whether the sweep was still running."""
    process = start(file, folder, *words)
    while process.poll() is None and len(keys_on_disk(folder)) < wanted:
        time.sleep(0.002)
    process.kill()
    in_time = process.wait() == -signal.SIGKILL
    return set(keys_on_disk(folder)), in_time


def equal_results(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Return whether two tables are equal to the last digit, except for seconds and group sizes."""
    return one.drop(columns=["seconds", "group_size"]).equals(other.drop(columns=["seconds", "group_size"]))


def main(
    kills: Annotated[int, typer.Option(help="Number of kills of the first sweep.")] = 3,
    seed: Annotated[int, typer.Option(help="Random seed of the times of the kills.")] = 0,
) -> None:
    rng = np.random.default_rng(seed)
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        file = here / "study.toml"
        file.write_text(FILE)
        alone = ("--max-group-size", "1")
        seen: set[str] = set()
        for wanted in sorted(rng.choice(np.arange(1, CELLS - 20), size=kills, replace=False).tolist()):
            found, in_time = kill(file, here / "killed", wanted, "--jobs", "2", *alone)
            if not in_time or not seen <= found or (here / "killed" / "table.csv").exists():
                raise RuntimeError("the sweep was not killed in the middle, or results are lost")
            console.print(f"killed when {len(found)} of {CELLS} cells were on disk, {len(found - seen)} of them new")
            seen = found
        ways = {
            f"2 processes, killed {kills} times": finish(file, here / "killed", "--jobs", "2", *alone),
            "1 process": finish(file, here / "one", "--jobs", "1", *alone),
            "2 processes": finish(file, here / "two", "--jobs", "2", *alone),
            "Dask, 2 workers": finish(file, here / "dask", "--backend", "dask", "--jobs", "2", *alone),
            "1 process, groups of 16": finish(file, here / "one16", "--jobs", "1"),
            "2 processes, groups of 16": finish(file, here / "two16", "--jobs", "2"),
            "Dask, 2 workers, groups of 16": finish(file, here / "dask16", "--backend", "dask", "--jobs", "2"),
        }
        duplicates = sum(
            len(keys_on_disk(folder)) - len(set(keys_on_disk(folder))) for folder in here.iterdir() if folder.is_dir()
        )
    passed = report(console, ways, duplicates)
    raise typer.Exit(0 if passed else 1)


def report(console: Console, ways: dict[str, tuple[pd.DataFrame, float]], duplicates: int) -> bool:
    """Print the comparison of the tables with that of one process, and return whether all of them pass."""
    shown = Table(
        "run by",
        "rows",
        "equal to",
        "difference",
        "seconds",
        caption="The difference is the largest to 1 process, cells alone.",
    )
    single, grouped = ways["1 process"][0], ways["1 process, groups of 16"][0]
    passed = duplicates == 0
    for way, (table, seconds) in ways.items():
        whole = table["cell"].tolist() == list(range(1, CELLS + 1)) and bool(table["error"].isna().all())
        equal = [name for name, other in (("cells alone", single), ("groups of 16", grouped)) if equal_results(table, other)]
        gaps = [float((table[name] - single[name]).abs().max()) for name in ("test_loss", "train_loss", "test_accuracy")]
        shown.add_row(way, str(len(table)), ", ".join(equal) or "none", f"{max(gaps):.1e}", f"{seconds:.1f}")
        passed = passed and whole and ("groups of 16" if "16" in way else "cells alone") in equal and max(gaps) < 1e-9
    console.print(shown)
    console.print(f"{duplicates} cells twice on disk")
    return passed


if __name__ == "__main__":
    typer.run(main)

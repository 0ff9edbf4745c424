"""A sweep of 200 small runs, killed three times, against the same sweep left alone, in one process, and on a Dask cluster.

    python benchmarks/sweep_killed.py [--kills 3] [--seed 0]

`neuronet sweep` plays one file several times, each time in a folder of its own. The first sweep gets SIGKILL when a random number
of cells is on disk, as often as asked, is started again each time, and at last left to end. Every table must have a row for each
cell. All that play one by one must be equal to the last digit, but for the seconds; so must all that play 16 at once, and the two
kinds may differ by rounding, less than 1e-9. Exit status 1 if that is not so.
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
    """The cells whose results are on disk."""
    return [key for path in (folder / "cells").glob("[!.]*.json") for key in json.loads(path.read_text())]


def start(file: Path, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuronet", "sweep", str(file), "--out", str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(file: Path, folder: Path, *words: str) -> tuple[pd.DataFrame, float]:
    """The table, and how long it took."""
    began = time.perf_counter()
    if start(file, folder, *words).wait(timeout=TIMEOUT_SECONDS):
        raise RuntimeError(f"neuronet sweep {' '.join(words)} failed")
    return pd.read_parquet(folder / "table.parquet"), time.perf_counter() - began


def kill(file: Path, folder: Path, wanted: int, *words: str) -> tuple[set[str], bool]:
    """The cells on disk after SIGKILL, which came when `wanted` cells were there, and whether it came in time."""
    process = start(file, folder, *words)
    while process.poll() is None and len(keys_in(folder)) < wanted:
        time.sleep(0.002)
    process.kill()
    in_time = process.wait() == -signal.SIGKILL
    return set(keys_in(folder)), in_time


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether all is equal, to the last digit, but for how it was played."""
    return one.drop(columns=["seconds", "group_size"]).equals(other.drop(columns=["seconds", "group_size"]))


def main(
    kills: Annotated[int, typer.Option(help="How often the first sweep is killed.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the moments when it is.")] = 0,
) -> None:
    rng = np.random.default_rng(seed)
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        file = here / "study.toml"
        file.write_text(FILE)
        one_by_one = ("--max-group-size", "1")
        seen: set[str] = set()
        for wanted in sorted(rng.choice(np.arange(1, CELLS - 20), size=kills, replace=False).tolist()):
            found, in_time = kill(file, here / "killed", wanted, "--jobs", "2", *one_by_one)
            if not in_time or not seen <= found or (here / "killed" / "table.csv").exists():
                raise RuntimeError("it was not killed in the middle, or something is lost")
            console.print(f"killed when {len(found)} of {CELLS} cells were on disk, {len(found - seen)} of them new")
            seen = found
        ways = {
            f"2 processes, killed {kills} times": finish(file, here / "killed", "--jobs", "2", *one_by_one),
            "1 process": finish(file, here / "one", "--jobs", "1", *one_by_one),
            "2 processes": finish(file, here / "two", "--jobs", "2", *one_by_one),
            "Dask, 2 workers": finish(file, here / "dask", "--backend", "dask", "--jobs", "2", *one_by_one),
            "1 process, 16 at once": finish(file, here / "one16", "--jobs", "1"),
            "2 processes, 16 at once": finish(file, here / "two16", "--jobs", "2"),
            "Dask, 2 workers, 16 at once": finish(file, here / "dask16", "--backend", "dask", "--jobs", "2"),
        }
        doubled = sum(len(keys_in(folder)) - len(set(keys_in(folder))) for folder in here.iterdir() if folder.is_dir())
    well = report(console, ways, doubled)
    raise typer.Exit(0 if well else 1)


def report(console: Console, ways: dict[str, tuple[pd.DataFrame, float]], doubled: int) -> bool:
    """Show how the tables compare with that of one process, and say whether all is well."""
    shown = Table(
        "played by",
        "rows",
        "equal to",
        "difference",
        "seconds",
        caption="The difference is the largest to 1 process, one by one.",
    )
    alone, grouped = ways["1 process"][0], ways["1 process, 16 at once"][0]
    well = doubled == 0
    for way, (table, seconds) in ways.items():
        whole = table["cell"].tolist() == list(range(1, CELLS + 1)) and bool(table["error"].isna().all())
        equal = [name for name, other in (("one by one", alone), ("16 at once", grouped)) if same(table, other)]
        gaps = [float((table[name] - alone[name]).abs().max()) for name in ("test_loss", "train_loss", "test_accuracy")]
        shown.add_row(way, str(len(table)), ", ".join(equal) or "none", f"{max(gaps):.1e}", f"{seconds:.1f}")
        well = well and whole and ("16 at once" if "16" in way else "one by one") in equal and max(gaps) < 1e-9
    console.print(shown)
    console.print(f"{doubled} cells twice on disk")
    return well


if __name__ == "__main__":
    typer.run(main)

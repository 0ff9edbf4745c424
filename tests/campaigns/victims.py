"""Commands that campaigns kill: how they go on, what their folders keep, and what these hold in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd
from safetensors import safe_open
from safetensors.numpy import load_file

SWEEP = """
environment = "xor"
epochs = 8
hidden = [4]
seeds = 4
curves = true

[grid]
policy = ["attention", "greedy"]
"""

MEASURED = ("seconds", "learning")
"""Parts of the names of columns with measured times."""


@dataclass(frozen=True)
class Victim:
    """Command that is killed.

    Attributes:
        words: The command line after `neuronet`; its folder is `out`.
        again: How it goes on once it has a configuration; None for the same command.
        lost: Returns what is wrong with the folder after a kill by a signal, if anything: rounds beyond the interval are lost.
        kept: Pattern of files that are results, which must never be written twice.
        workers: Whether it has worker processes with "--jobs 2".
    """

    words: str
    again: str | None = None
    lost: Callable[[Path, bool], str | None] = lambda folder, killed: None
    kept: str | None = None
    workers: bool = False

    def command(self, folder: Path, jobs: int = 1) -> str:
        """Return the command that begins, or goes on in the folder."""
        if self.again is not None and (folder / "out" / "config.json").exists():
            return self.again
        return f"{self.words} --jobs {jobs}" if self.workers else self.words

    def results(self, folder: Path) -> dict[str, int]:
        """Return the finished results so far, with the times at which they were written.

        The costs of a game are written before its result, so that costs alone are not a finished result.
        """
        if self.kept is None:
            return {}
        finished = [path for path in (folder / "out").glob(self.kept) if _result_of(path).exists()]
        return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in finished}


def _result_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".cost.json", ".json"))


def rounds_lost(table: str, interval: int, rows: int, per_unit: int = 1) -> Callable[[Path, bool], str | None]:
    """Return the check that a checkpoint is not older than the interval: the round in progress alone, unless it was SIGKILL.

    Args:
        table: CSV file with rows for each unit that was played.
        interval: Units between two checkpoints.
        rows: Rows of a unit.
        per_unit: Rounds of a unit.
    """

    def check(folder: Path, killed: bool) -> str | None:
        path = folder / "out" / table
        if not path.exists():
            return None
        complete = [line for line in path.read_text().splitlines(keepends=True)[1:] if line.endswith("\n")]
        units, saved = len(complete) // rows, _saved_round(folder / "out" / "checkpoint.safetensors")
        allowed = interval if killed else 0
        if saved < (units - allowed) * per_unit:
            return f"{units} units of {per_unit} rounds were recorded, and the checkpoint is after round {saved}"
        return None

    return check


def _saved_round(checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    with safe_open(checkpoint, "numpy") as file:
        return int((file.metadata() or {})["round"])


RUN = "run xor --hidden 4 --epochs 24 --replicas 2 --seed 3 --alignment --inequality --checkpoint-every 3 --out out"
CONTROL = "control CartPole-v1 --hidden 4 --rounds 20 --episodes 2 --eval-episodes 2 --checkpoint-every 4 --out out"
CONTINUAL = "continual permuted(tasks=2) xor --policies attention --preset fast --seeds 3 --iterations 4 --out out"

VICTIMS: Mapping[str, Victim] = {
    "run": Victim(
        RUN + " --intervene 11:lesion(layer=1,share=0.3) --trace hidden:2",
        "run --resume out",
        lost=rounds_lost("metrics.csv", 3, rows=2, per_unit=7),
    ),
    "sweep": Victim("sweep sweep.toml --max-group-size 1 --out out", kept="cells/[!.]*", workers=True),
    "continual": Victim(CONTINUAL, kept="games/[!.]*", workers=True),
    "control": Victim(CONTROL, "control --resume out", lost=rounds_lost("episodes.csv", 4, rows=2)),
    "game": Victim("game credit xor --hidden 3 --seeds 2 --rounds 6 --out out"),
}


def prepare(folder: Path) -> None:
    """Write the files that the commands read."""
    (folder / "sweep.toml").write_text(SWEEP)
    (folder / "inputs.csv").write_text("x,y\n0.1,0.9\n0.8,0.2\n")


def content(folder: Path) -> dict[str, str]:
    """Return what a folder holds in the end, by file, without measured times: tables, events, traces and networks."""
    found = {}
    for path in sorted(folder.rglob("*.csv")):
        table = pd.read_csv(path)
        kept = [name for name in table if not any(part in str(name) for part in MEASURED)]
        found[str(path.relative_to(folder))] = table[kept].to_csv()
    for path in sorted(folder.rglob("*.jsonl")):
        found[str(path.relative_to(folder))] = path.read_text()
    for path in sorted(folder.rglob("*.safetensors")):
        arrays = {name: sha256(array.tobytes()).hexdigest() for name, array in load_file(path).items()}
        found[str(path.relative_to(folder))] = json.dumps(arrays, sort_keys=True)
    traces = sorted(folder.rglob("traces"))
    for path in traces:
        found[str(path.relative_to(folder))] = pd.read_parquet(path).to_csv(index=False)
    return found

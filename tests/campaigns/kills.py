"""Campaign of kills, run by hand: `python -m tests.campaigns.kills --kills 40 --seed 0`.

Each kill starts a command, sends it a signal after a random time, so that every phase is met (imports, loading of workers,
play, saving), and checks: the exit status, no traceback, no process left after a while. Then it starts the command again, to its
end, and checks: no half-written file, and the same tables as of an unbroken command. It prints the counts and the
first violation, and its exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd

from tests.execution.test_processes_end import running

SWEEP = 'environment = "digits"\nseeds = 12\nepochs = 2\nhidden = [32]\n'

COMMANDS = {
    "run": "run digits --hidden 16 --epochs 60 --out out",
    "sweep": "sweep sweep.toml --jobs 2 --max-group-size 1 --out out",
    "continual": "continual permuted digits --policies attention --preset fast --seeds 2 --iterations 40 --jobs 2 --out out",
    "control": "control CartPole-v1 --rounds 60 --out out",
    "game": "game credit digits --rounds 60 --out out",
}
RESUME = {"run": "run --resume out", "control": "control --resume out"}

SIGNALS = {name: getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")}


def start(folder: Path, words: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "neuronet", *words.split()],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_once(name: str, number: int, delay: float, patience: float) -> tuple[str | None, float]:
    """Return the violation, if any, and the seconds from the signal until no process was left."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "sweep.toml").write_text(SWEEP)
        process = start(folder, COMMANDS[name])
        time.sleep(delay)
        began, ended_before = time.monotonic(), process.poll() is not None
        process.send_signal(number)
        while (process.poll() is None or running(process.pid)) and time.monotonic() - began < 60:
            time.sleep(0.01)
        seconds = time.monotonic() - began
        for pid in running(process.pid):
            os.kill(pid, signal.SIGKILL)
        _, err = process.communicate()
        right = {0, -number} if number == signal.SIGKILL or ended_before else {0, 128 + number, -number}
        if process.returncode not in right:
            return f"exit status {process.returncode}: {err[-300:]}", seconds
        if number != signal.SIGKILL and "Traceback" in err:
            return f"traceback: {err[-600:]}", seconds
        if seconds > patience:
            return f"processes were left for {seconds:.1f} s", seconds
        return _continue(name, folder), seconds


def tables(folder: Path) -> dict[str, str]:
    """Return every table of a folder without the columns of measured times, by its path."""
    found = {}
    for path in sorted(folder.rglob("*.csv")):
        table = pd.read_csv(path)
        found[str(path.relative_to(folder))] = table[[name for name in table if "seconds" not in name]].to_csv()
    return found


@cache
def unbroken(name: str) -> dict[str, str]:
    """Return the tables of a command that is not killed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "sweep.toml").write_text(SWEEP)
        process = start(folder, COMMANDS[name])
        _, err = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"{name} fails without a kill: {err[-300:]}")
        return tables(folder)


def _continue(name: str, folder: Path) -> str | None:
    """Start the command again to its end, and return the violation, if any."""
    resumable = name in RESUME and (folder / "out" / "config.json").exists()
    again = start(folder, RESUME[name] if resumable else COMMANDS[name])
    _, err = again.communicate(timeout=600)
    if again.returncode:
        return f"the next start failed: {err[-300:]}"
    partial = sorted(str(path.relative_to(folder)) for path in folder.rglob(".*.partial"))
    if partial:
        return f"half-written files are left: {partial}"
    found, expected = tables(folder), unbroken(name)
    differing = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
    return f"tables differ from those of an unbroken command: {differing}" if differing else None


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="number of kills")
    parser.add_argument("--seed", type=int, default=0, help="random seed of signals and times")
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=list(COMMANDS), help="commands to kill")
    parser.add_argument("--longest", type=float, default=12, help="longest time from start to signal, in seconds")
    parser.add_argument("--patience", type=float, default=2, help="seconds within which all processes must have ended")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds after which no kill begins")
    options = parser.parse_args()
    rng, counts, violations, slowest = random.Random(options.seed), Counter[str](), [], 0.0
    began = time.monotonic()
    for kill in range(options.kills):
        if time.monotonic() - began > options.limit:
            break
        name, signal_name = rng.choice(options.commands), rng.choice(list(SIGNALS))
        delay = round(rng.uniform(0.02, options.longest), 2)
        violation, seconds = kill_once(name, SIGNALS[signal_name], delay, options.patience)
        slowest = max(slowest, seconds)
        counts[f"{name} {signal_name}"] += 1
        if violation is not None:
            violations.append((delay, f"kill {kill}: {name}, {signal_name} after {delay} s: {violation}"))
            print(violations[-1][1], flush=True)
    for what, count in sorted(counts.items()):
        print(f"{what:20} {count}")
    print(f"{counts.total()} kills, {len(violations)} violations; the last process ended after {slowest:.2f} s at most")
    if violations:
        print(f"First violation, by time: {min(violations)[1]}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

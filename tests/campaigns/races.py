"""Campaign of two processes in one folder, run by hand: `python -m tests.campaigns.races --races 40 --seed 0`.

Each race starts a command, and a second one of the same kind in the same folder after a random time: from before the first has
begun until after its end. Or the second process reads the folder while the first one writes: it plots, shows or predicts. Or the
first one is killed by SIGKILL while the second starts. The checks: each ends with status 0, or is refused in one sentence,
and not both are refused; no traceback; then the command is started once more, and the folder holds what a single command leaves,
no row twice, no lock and no half-written file. It prints the counts and each violation; its exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.starts import Started, all_ended, start_again
from tests.campaigns.victims import VICTIMS, Victim, content, prepare

COMPARE = "compare xor --policies attention --hidden 4 --seeds 2 --epochs 4 --out out"

RACERS: Mapping[str, Victim] = {
    **{name: VICTIMS[name] for name in ("run", "sweep", "continual", "control", "game")},
    "compare": Victim(COMPARE),
}

READERS: Mapping[str, tuple[str, ...]] = {
    "run": (
        "plot out --kind curves --out curves.png",
        "plot out --kind alignment --out alignment.svg",
        "show out",
        "predict out --data inputs.csv",
    ),
    "sweep": ("plot out --kind curves --out curves.png", "sweep sweep.toml --out out --dry-run"),
    "control": ("plot out --out pictures",),
    "continual": ("continual-summary out --out summary",),
}
"""Commands that read a folder while another process writes it."""

REFUSED = ("is in use", "holds a run already", "there is no run in")
"""Fragments of the sentences for a second writer: another one writes, or has begun or not begun yet."""

TOO_EARLY = ("has no ", "there is no ", "there are no ", "holds no ", "does not hold ", "does not exist", "is not finished")
"""Fragments of the sentences for a reader of a folder in which something is not there yet."""


@dataclass(frozen=True)
class Race:
    """Race to run.

    Attributes:
        number: Its number.
        name: The command.
        kind: "writers", "reader" or "killed".
        reader: The command that reads.
        delay: Seconds from the start of the first to that of the second.
        resumed: Whether both resume a folder that a killed command has left, where the command can.
    """

    number: int
    name: str
    kind: str
    reader: str
    delay: float
    resumed: bool

    def __str__(self) -> str:
        how = f" by {self.reader!r}" if self.reader else ", resumed" if self.resumed else ""
        return f"race {self.number}: {self.name}, {self.kind}{how}, the second after {self.delay:.2f} s"


def draw(count: int, seed: int, names: list[str], longest: float) -> list[Race]:
    """Return random races."""
    rng, races = random.Random(seed), []
    for number in range(count):
        name = rng.choice(names)
        kind = rng.choice(["writers", "killed", *(["reader"] if name in READERS else [])])
        reader = rng.choice(READERS[name]) if kind == "reader" else ""
        delay = rng.choice([0.0, rng.uniform(0, longest)])
        races.append(Race(number, name, kind, reader, delay, resumed=rng.random() < 0.5))
    return races


def unbroken(name: str) -> dict[str, str]:
    """Return what a single command leaves."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepare(folder)
        process = Started(folder, RACERS[name].command(folder), forked=True)
        if process.wait():
            raise RuntimeError(f"{name} fails alone: {process.errors[-300:]}")
        return content(folder / "out")


def run(race: Race, expected: dict[str, str]) -> tuple[str, str | None]:
    """Run a race, and return how it ended, and the violation, if any."""
    with tempfile.TemporaryDirectory() as made:
        folder, victim = Path(made), RACERS[race.name]
        prepare(folder)
        if race.resumed:
            _leave_unfinished(folder, victim)
        first = Started(folder, victim.command(folder), forked=True, errors="first")
        time.sleep(race.delay)
        if race.kind == "killed":
            first.send(signal.SIGKILL)
        second = Started(folder, race.reader or victim.command(folder), forked=True, errors="second")
        statuses = first.wait(), second.wait()
        ended, violation = _compare(race, first, second, statuses)
        return ended, violation or _settle(folder, victim, expected)


def _leave_unfinished(folder: Path, victim: Victim) -> None:
    """Let a command begin to record, and kill it."""
    process = Started(folder, victim.command(folder), forked=True)
    while process.status is None and not list((folder / "out").glob("*.json")):
        time.sleep(0.01)
    time.sleep(0.1)
    process.send(signal.SIGKILL)
    process.wait()


def _compare(race: Race, first: Started, second: Started, statuses: tuple[int, int]) -> tuple[str, str | None]:
    """Return how both ended, and what is wrong with that, if anything."""
    for process in (first, second):
        if "Traceback" in process.errors:
            return "traceback", f"traceback: {process.errors[-900:]}"
    if race.kind == "killed":
        right = statuses[0] in (0, -signal.SIGKILL) and (statuses[1] == 0 or _is_refused(second, REFUSED))
        return f"{statuses[0]} and {statuses[1]}", None if right else f"{statuses}: {second.errors[-300:]}"
    fragments = TOO_EARLY if race.reader else REFUSED
    refused = [status != 0 and _is_refused(process, words) for status, process, words in
               ((statuses[0], first, REFUSED), (statuses[1], second, fragments))]  # fmt: skip
    right = all(status == 0 or was for status, was in zip(statuses, refused, strict=True)) and not all(refused)
    ended = " and ".join("refused" if was else str(status) for status, was in zip(statuses, refused, strict=True))
    return ended, None if right else f"{statuses}: {first.errors[-300:]} / {second.errors[-300:]}"


def _is_refused(process: Started, fragments: tuple[str, ...]) -> bool:
    """Return whether a command has ended with one sentence that has one of the fragments."""
    sentences = [line for line in process.errors.splitlines() if line.startswith("Error: ")]
    return process.status == 2 and len(sentences) == 1 and any(words in sentences[0] for words in fragments)


def _settle(folder: Path, victim: Victim, expected: dict[str, str]) -> str | None:
    """Start the command once more, and return what is wrong with its folder, if anything."""
    failed = start_again(folder, victim.command(folder))
    if failed is not None:
        return failed
    found = content(folder / "out")
    differing = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
    return f"these differ from those of a single command: {differing}" if differing else None


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=40, help="number of races [default: 40]")
    parser.add_argument("--seed", type=int, default=0, help="random seed of commands and times [default: 0]")
    parser.add_argument("--commands", nargs="+", default=list(RACERS), choices=list(RACERS), help="commands [default: all]")
    parser.add_argument("--longest", type=float, default=3, help="longest time between the two, in seconds [default: 3]")
    parser.add_argument("--together", type=int, default=os.cpu_count(), help="races at a time [default: number of cores]")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds after which none begins [default: none]")
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    races = draw(options.races, options.seed, options.commands, options.longest)
    counts, violations, stop = Counter[str](), [], time.monotonic() + options.limit
    with all_ended(), ThreadPoolExecutor(options.together) as pool:
        names = sorted({race.name for race in races})
        expected = dict(zip(names, pool.map(unbroken, names), strict=True))
        waiting = {
            pool.submit(lambda race=race: run(race, expected[race.name]) if time.monotonic() < stop else None): race
            for race in races
        }
        for finished in as_completed(waiting):
            race, outcome = waiting[finished], finished.result()
            if outcome is None:
                continue
            ended, violation = outcome
            counts[f"{race.name:9} {race.kind:7} {ended}"] += 1
            if violation is not None:
                violations.append((race.delay, f"{race}: {violation}"))
                print(violations[-1][1], flush=True)
            if counts.total() % 10 == 0:
                print(f"{counts.total()} of {len(races)} races, {len(violations)} violations", flush=True)
    for what, count in sorted(counts.items()):
        print(f"{what:40} {count}")
    print(f"{counts.total()} races, {len(violations)} violations")
    if violations:
        print(f"First violation, by time: {min(violations)[1]}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

"""Campaign of kills, run by hand: `python -m tests.campaigns.kills --kills 40 --seed 0`.

Each kill starts a command, sends it a signal at a random moment, so that every phase is met (imports, loading of workers,
play, saving, drawing), and checks: the exit status, no traceback, no process left after a while, no round lost beyond the
interval of the checkpoints. What Python itself prints where Ctrl-C meets it before it calls `main` is counted apart.
Then it starts the command again, to its end, and checks: no half-written file and no lock is left, nothing was played twice, and
tables, events, traces and networks equal those of an unbroken command.

A moment is a share of the processor time that the command takes, so that a busy machine does not move it. A part of the commands
that are killed after they have begun to record, and all that are started again, are forked from a process that has loaded the
libraries. It prints the counts as it goes, and each violation; its exit status is 1 if there is one.
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
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.page import Page
from tests.campaigns.starts import Started, all_ended, session_processes, start_again
from tests.campaigns.victims import VICTIMS, Victim, content, prepare

SIGNALS = {name: int(getattr(signal, name)) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")}

LAB = "lab"
WEIGHTS = {**dict.fromkeys(VICTIMS, 2), LAB: 1}
"""Share of each command: a lab has no folder, and each takes long to load."""

LOADING = 0.25
"""Share of kills in the imports, before there is a folder."""

NEW_PYTHON = {True: 0.3, False: 0.15}
"""Share of new Pythons among later kills, of commands with worker processes and of others."""

STARTS_OF_PYTHON = (
    "Fatal Python error: init_",
    "Could not import runpy module",
    "Error processing line",
    'Traceback (most recent call last):\n  File "<frozen runpy>"',
)
"""What Python prints first where Ctrl-C meets its own start."""

POLL = 0.04
"""Seconds between two looks at a command."""

LONGEST = 120
"""Seconds of waiting for the end of processes; what is then left is a violation on the busiest machine."""


@dataclass(frozen=True)
class Kill:
    """Kill to do.

    Attributes:
        number: Its number.
        name: The command.
        signal_name: The signal.
        forked: Whether the command finds its libraries loaded.
        is_early: Whether it is killed before it has a folder.
        moment: Share (0 to 1) of the processor time until then, or from then on.
    """

    number: int
    name: str
    signal_name: str
    forked: bool
    is_early: bool
    moment: float

    def __str__(self) -> str:
        where = "the imports" if self.is_early else "the rest"
        how = "forked" if self.forked else "new Python"
        return f"kill {self.number}: {self.name} ({how}), {self.signal_name} after {self.moment:.3f} of {where}"


@dataclass
class Outcome:
    """What a kill has met: the phase, the violation, if any, and the seconds until no process was left."""

    phase: str
    violation: str | None
    seconds: float


@dataclass(frozen=True)
class Unbroken:
    """What an unbroken command leaves, and its processor time in seconds: until there is a folder, and after that."""

    content: dict[str, str]
    before: float
    after: float


def draw(count: int, seed: int, names: list[str]) -> list[Kill]:
    """Return random kills."""
    rng, kills = random.Random(seed), []
    for number in range(count):
        name = rng.choices(names, [WEIGHTS[name] for name in names])[0]
        is_early = rng.random() < LOADING
        workers = name != LAB and VICTIMS[name].workers
        forked = not is_early and name != LAB and rng.random() > NEW_PYTHON[workers]
        moment = rng.uniform(0, 1) if is_early or name == LAB else rng.uniform(0, 1.02)
        kills.append(Kill(number, name, rng.choice(list(SIGNALS)), forked, is_early, moment))
    return kills


def unbroken(name: str, *, forked: bool) -> Unbroken:
    """Play a command to its end, or a lab until it serves its page."""
    with tempfile.TemporaryDirectory() as made:
        folder, before, most = Path(made), None, 0.0
        prepare(folder)
        if name == LAB:
            with Page(folder) as page:
                return Unbroken({}, page.process.cpu_seconds, 0.5)
        process = Started(folder, VICTIMS[name].command(folder, jobs=1 if forked else 2), forked=forked)
        while process.status is None:
            most = max(most, process.cpu_seconds)
            if before is None and (folder / "out").exists():
                before = most
            time.sleep(POLL)
        if process.status or before is None:
            raise RuntimeError(f"{name} fails without a kill: {process.errors[-300:]}")
        return Unbroken(content(folder), before, most - before)


def wait_for_moment(process: Started, folder: Path, kill: Kill, usual: Unbroken) -> None:
    """Wait until the command has spent its share of processor time, or has ended, or waits for requests."""
    began, least = None, kill.moment * (usual.before if kill.is_early else usual.after)
    quiet_since, before = time.monotonic(), 0.0
    while process.status is None:
        spent = process.cpu_seconds
        if spent != before:
            quiet_since, before = time.monotonic(), spent
        if began is None and (kill.is_early or kill.name == LAB or (folder / "out").exists()):
            began = 0.0 if kill.is_early else spent
        if kill.name == LAB and not kill.is_early and Page.url_in(process.errors) is None:
            began = spent  # it does not serve the page yet
        if began is not None and spent - began >= least:
            break
        if kill.name == LAB and time.monotonic() - quiet_since > 2:
            break
        time.sleep(POLL)
    time.sleep(random.uniform(0, POLL))


def seconds_to_end(process: Started, number: int) -> float:
    """Send a signal, and return the seconds until no process is left, without those in which there was no free core for them.

    Nor are those counted in which there was none for this process, which would see the end too late.
    """
    seconds, found = 0.0, session_processes(process.pid)
    began = looked = time.monotonic()
    process.send(number)
    while found and time.monotonic() - began < LONGEST:
        time.sleep(POLL)
        now, before = time.monotonic(), found
        found = session_processes(process.pid)
        waited = max((state.waited - before[pid].waited for pid, state in found.items() if pid in before), default=0.0)
        seconds += max(0.0, min(now - looked, 2 * POLL) - waited)
        looked = now
    process.end()
    return seconds


def do(kill: Kill, usual: Unbroken, patience: float) -> Outcome:
    """Do a kill, and start the command again."""
    with tempfile.TemporaryDirectory() as made:
        folder, number = Path(made), SIGNALS[kill.signal_name]
        prepare(folder)
        victim = VICTIMS.get(kill.name, Victim(Page.words))
        process = Started(folder, victim.command(folder, jobs=1 if kill.forked else 2), forked=kill.forked)
        wait_for_moment(process, folder, kill, usual)
        had_ended = process.status is not None
        seconds = seconds_to_end(process, number)
        phase = "ended" if had_ended else "imports" if kill.is_early else "serving" if kill.name == LAB else "recording"
        before_main = is_before_main(process.errors)
        phase = "start of Python" if before_main else phase
        violation = (None if before_main else _violation(process, number, had_ended=had_ended)) or (
            f"processes were left for {seconds:.1f} s" if seconds > patience else None
        )
        again = _serve_again if kill.name == LAB else _go_on
        return Outcome(phase, violation or again(kill, victim, folder, usual), seconds)


def is_before_main(errors: str) -> bool:
    """Return whether Ctrl-C met Python before it called NeuroNet's `main`, when no program can say how it ends."""
    return errors.startswith(STARTS_OF_PYTHON) and "KeyboardInterrupt" in errors and "in main\n" not in errors


def _violation(process: Started, number: int, *, had_ended: bool) -> str | None:
    killed = number == signal.SIGKILL
    right = {0} if had_ended else {0, -number} if killed else {0, 128 + number, -number}
    if process.status not in right:
        return f"exit status {process.status}: {process.errors[-300:]}"
    if not killed and "Traceback" in process.errors:
        return f"traceback: {process.errors[-900:]}"
    return None


def _go_on(kill: Kill, victim: Victim, folder: Path, usual: Unbroken) -> str | None:
    """Start the command again to its end, and return the violation, if any."""
    lost = victim.lost(folder, kill.signal_name == "SIGKILL")
    if lost is not None:
        return f"lost: {lost}"
    results = victim.results(folder)
    failed = start_again(folder, victim.command(folder))
    if failed is not None:
        return failed
    twice = sorted(results.items() - victim.results(folder).items())
    if twice:
        return f"results are lost or played twice: {twice}"
    found = content(folder)
    differing = sorted(path for path in found.keys() | usual.content.keys() if found.get(path) != usual.content.get(path))
    return f"these differ from those of an unbroken command: {differing}" if differing else None


def _serve_again(kill: Kill, victim: Victim, folder: Path, usual: Unbroken) -> str | None:
    """Start the lab again, and return the violation, if any."""
    if kill.number % 4:  # it keeps nothing, so that one in four is enough
        return None
    with Page(folder) as page:
        return page.fault


def play(kills: list[Kill], usual: dict[tuple[str, bool], Unbroken], options: argparse.Namespace, pool: Executor) -> int:
    """Do the kills, some at a time, print the counts as they go, and return the number of violations."""
    counts, violations, slowest = Counter[str](), [], 0.0
    stop, began = time.monotonic() + options.limit, time.monotonic()

    def attempt(kill: Kill) -> Outcome | None:
        return do(kill, usual[kill.name, kill.forked], options.patience) if time.monotonic() < stop else None

    waiting = {pool.submit(attempt, kill): kill for kill in kills}
    for done, finished in enumerate(as_completed(waiting), start=1):
        kill, outcome = waiting[finished], finished.result()
        if outcome is None:
            continue
        slowest = max(slowest, outcome.seconds)
        counts[f"{kill.name:9} {kill.signal_name}  {outcome.phase}"] += 1
        if outcome.violation is not None:
            violations.append((kill.moment, f"{kill}: {outcome.violation}"))
            print(violations[-1][1], flush=True)
        if done % 10 == 0:
            minutes = (time.monotonic() - began) / 60
            print(f"{done} of {len(kills)} kills, {len(violations)} violations, {minutes:.1f} minutes", flush=True)
    for what, count in sorted(counts.items()):
        print(f"{what:32} {count}")
    print(f"{counts.total()} kills, {len(violations)} violations; the last process ended after {slowest:.2f} s at most")
    if violations:
        print(f"First violation, by time: {min(violations)[1]}")
    return len(violations)


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="number of kills [default: 40]")
    parser.add_argument("--seed", type=int, default=0, help="random seed of commands, signals and moments [default: 0]")
    parser.add_argument("--commands", nargs="+", default=list(WEIGHTS), choices=list(WEIGHTS), help="commands [default: all]")
    parser.add_argument("--together", type=int, default=os.cpu_count(), help="kills at a time [default: number of cores]")
    parser.add_argument("--patience", type=float, default=2, help="seconds until all processes must have ended [default: 2]")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds after which no kill begins [default: none]")
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    kills = draw(options.kills, options.seed, options.commands)
    with all_ended(), ThreadPoolExecutor(options.together) as pool:
        keys = sorted({(kill.name, kill.forked) for kill in kills})
        usual = dict(zip(keys, pool.map(lambda key: unbroken(key[0], forked=key[1]), keys), strict=True))
        for (name, forked), found in usual.items():
            how = "forked" if forked else "new Python"
            print(f"{name}, {how}: {found.before:.2f} s of loading, {found.after:.2f} s of the rest", flush=True)
        return 1 if play(kills, usual, options, pool) else 0


if __name__ == "__main__":
    sys.exit(main())

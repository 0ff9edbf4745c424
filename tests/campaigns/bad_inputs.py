"""Campaign of bad inputs, run by hand: `python -m tests.campaigns.bad_inputs --inputs 10000`.

Specs, command lines and files are spoiled by a grammar and given to the command line, in a folder of their own. Each must be
taken, or refused by one sentence of at most 400 characters, without a traceback and within ten seconds of processor time. It
prints how many of each kind were taken and refused, those that were at work longer, for a reader to look at (a number may be
valid, and ask for more work), and the violations, with the shortest input last. Its exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType

import torch

import neuronet
from neuronet.cli.main import start
from tests.campaigns.bad_words import FILES, READERS, command_line, spec_line, spoiled_bytes, write_files

LONGEST_SENTENCE = 400
LONGEST_TIME = 10.0
"""Seconds of processor time for one input."""

STOPPED = -2
"""Status of a command that was stopped after that time."""


class TooLongError(BaseException):
    """An input that takes more than its time; no handler of ordinary exceptions catches it."""


def too_long(number: int, frame: FrameType | None) -> None:
    """End a command by an exception."""
    raise TooLongError


def play(words: list[str]) -> tuple[int, str]:
    """Return the exit status of a command line, -1 for an exception and STOPPED, and what it wrote to standard error."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["neuronet", *words]
    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_TIME)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = start()
    except TooLongError:
        return STOPPED, f"at work for more than {LONGEST_TIME:g} s of processor time"
    except SystemExit as stop:
        return int(stop.code or 0), err.getvalue()
    except BaseException:
        return -1, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return code, err.getvalue()


def violation_of(code: int, err: str) -> str | None:
    """Return what is wrong with how a command ended, if anything."""
    sentences = [line for line in err.splitlines() if line.startswith("Error: ")]
    if code == -1 or "Traceback" in err:
        return err[-1500:]
    if code not in (0, 1, 2):
        return f"exit status {code}: {err[-300:]}"
    if code and len(sentences) != 1:
        return f"{len(sentences)} sentences for exit status {code}: {err[-300:]!r}"
    longest = max(map(len, sentences), default=0)
    if longest > LONGEST_SENTENCE:
        return f"a sentence of {longest} characters: {sentences[0][:200]}..."
    return None


class Campaign:
    """Bad inputs in a working folder, with counts and violations.

    Args:
        base: Empty folder.
        seed: Random seed.
    """

    def __init__(self, base: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.valid, self.work = base / "valid", base / "work"
        self.valid.mkdir()
        write_files(self.valid)
        options = {"hidden": [3], "epochs": 1, "batch_size": 200, "engine": "tensors"}
        run = neuronet.train(f"table:{self.valid / 'table.csv'}", **options, out=self.valid / "run")
        run.save(self.valid / "model.safetensors")
        self.counts = Counter[str]()
        self.violations: list[tuple[int, str, str]] = []

    def try_one(self) -> None:
        """Play one bad input in a fresh folder."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.valid, self.work)
        os.chdir(self.work)
        kind, words, size = self._input()
        code, err = play(words)
        self.counts[f"{kind}: { {0: 'taken', STOPPED: 'stopped'}.get(code, 'refused') }"] += 1
        violation = violation_of(code, err)
        line = shlex.join(word if len(word) <= 300 else f"{word[:300]}..." for word in words)
        if code == STOPPED:
            print(f"{kind}: neuronet {line}\n    {err}", flush=True)
        elif violation is not None:
            self.violations.append((size, f"{kind}: neuronet {line}", violation))
            print(f"{kind}: neuronet {line}\n    {violation}", flush=True)

    def _input(self) -> tuple[str, list[str], int]:
        """Return the kind of an input, its command line, and its length."""
        kind = self.rng.choice(("spec", "command line", "file"))
        if kind != "file":
            words = spec_line(self.rng) if kind == "spec" else command_line(self.rng)
            return kind, words, sum(map(len, words))
        name = self.rng.choice([name for name in FILES if name in READERS])
        path = self.work / name
        path.write_bytes(spoiled_bytes(path.read_bytes(), self.rng))
        shutil.copy(path, self.work.parent / f"last-{name}")
        return f"file {name}", self.rng.choice(READERS[name]).split(), path.stat().st_size

    def report(self) -> None:
        """Print the counts, and the violation of the shortest input."""
        for what, count in sorted(self.counts.items()):
            print(f"{what:32} {count}")
        print(f"{self.counts.total()} inputs, {len(self.violations)} violations")
        if self.violations:
            _, line, violation = min(self.violations)
            print(f"Shortest: {line}\n    {violation}")


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="number of inputs [default: 10000]")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes [default: no limit]")
    parser.add_argument("--seed", type=int, default=0, help="random seed [default: 0]")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    home, stop = Path.cwd(), time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as made:
        campaign = Campaign(Path(made), options.seed)
        for _ in range(options.inputs):
            if time.monotonic() > stop:
                break
            campaign.try_one()
        os.chdir(home)
    campaign.report()
    return 1 if campaign.violations else 0


if __name__ == "__main__":
    sys.exit(main())

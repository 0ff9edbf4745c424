"""Campaign of other people's folders, run by hand: `python -m tests.campaigns.hostile_folders --folders 500 --seed 0`.

Each finished folder is changed in one place: a value, some bytes, or a link, a pipe, a device or a deeply nested list in place of
a file. Then a command reads it. The command must end with a result or with one sentence of at most 400 characters, without a
traceback or a warning of a library, within ten seconds of processor time and without waiting. It imports no module that the
folder names, and writes nothing outside the folder. It prints the counts and each violation, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType

import torch

import neuronet
from neuronet.control import train as train_control
from neuronet.core import DataWarning, PolicyWarning
from neuronet.sweep import sweep
from tests.campaigns.bad_inputs import STOPPED, TooLongError, play, violation_of
from tests.campaigns.mutations import MODULE, disguise, mutate
from tests.helpers.paths import ROOT
from tests.plotting.fixtures import write_comparison, write_continual_study

MEMORY = 12 * 2**30
"""Bytes of address space, so that a file without an end does not take the memory of others."""

WAIT = 100
"""Seconds after which a command waits for something that does not come."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "run": (
        "run --resume folder --epochs 3",
        "run --config folder/config.json --epochs 2 --out folder/again",
        "plot folder",
        "show folder",
        "show folder --json",
        "predict folder --data rows.csv",
    ),
    "plain run": (
        "run --resume folder --epochs 3",
        "plot folder",
        "game distances folder --out folder/game",
        "game exploitability folder --out folder/game --deviations greedy --rounds 1",
    ),
    "control": (
        "control --resume folder --rounds 2",
        "control --config folder/config.json --rounds 1 --out folder/again",
        "plot folder",
        "show folder",
    ),
    "continual": (
        "continual-summary folder --out folder/summary",
        "continual-summary folder --json --out folder/summary",
        "plot folder",
        "show folder",
    ),
    "comparison": ("plot folder", "show folder"),
    "sweep": ("sweep folder/design.toml --out folder --jobs 1", "plot folder", "show folder"),
    "records": ("reproduce --records folder", "plot folder", "show folder"),
    "meta": ("game solve folder --json", "game solve folder/game.nfg", "plot folder", "show folder"),
}
"""Commands that read each kind of folder."""

WEIGHTS = {"run": 4, "plain run": 2, "control": 2}
"""How often a kind is drawn; once by default."""

DESIGN = """
environment = "xor"
seeds = 2
epochs = 1
hidden = [3]
batch_size = 400
curves = true

[grid]
policy = ["attention", "greedy"]
"""


def make_folders(base: Path) -> None:
    """Make a finished folder of each kind."""
    plan, trace = ["1: lesion(layer=1, share=0.3)"], "hidden:2 every 1"
    options = {"hidden": [3], "epochs": 2, "batch_size": 400, "alignment": True, "inequality": True, "engine": "tensors"}
    neuronet.train("xor", **options, interventions=plan, trace=trace, out=base / "run")
    neuronet.train("xor", **options, out=base / "plain run")
    few = {"hidden": [3], "rounds": 1, "episodes": 2, "eval_episodes": 1, "max_steps": 5, "target_return": "never"}
    train_control("CartPole-v1", **few, out=base / "control")
    write_continual_study(base / "continual", tuned=True)
    write_comparison(base / "comparison")
    (base / "design.toml").write_text(DESIGN)
    sweep(base / "design.toml", out=base / "sweep", jobs=1)
    shutil.move(base / "design.toml", base / "sweep")
    shutil.copytree(ROOT / "benchmarks" / "reproduction" / "budgeted-depth", base / "records")
    small = "--policies attention,greedy(top=1) --hidden 4 --num-players 2 --seeds 2 --rounds 2 --resamples 3"
    code, err = play(f"game meta xor {small} --out {base / 'meta'}".split())
    if code:
        raise RuntimeError(f"the meta-game fails: {err[-300:]}")


def times(folder: Path, without: Path) -> dict[Path, int]:
    """Return when each file in a folder was changed, but for those in another folder and the folders on the way to it."""
    found = (path for path in folder.rglob("*") if not path.is_relative_to(without) and not without.is_relative_to(path))
    return {path: path.lstat().st_mtime_ns for path in found}


class Campaign:
    """Changed folders in a working folder, with counts and violations.

    Args:
        base: Empty folder.
        seed: Random seed; with it, a folder's number says how it is changed.
    """

    def __init__(self, base: Path, seed: int) -> None:
        self.seed = seed
        self.finished, self.work = base / "finished", base / "work"
        self.finished.mkdir()
        make_folders(self.finished)
        self.kinds = [kind for kind in COMMANDS for _ in range(WEIGHTS.get(kind, 1))]
        self.counts = Counter[str]()
        self.violations: list[str] = []

    def try_one(self, number: int, *, loud: bool = False) -> None:
        """Change a folder, and give it to a command."""
        rng = random.Random(f"{self.seed}-{number}")
        folder, kind = self.work / "folder", rng.choice(self.kinds)
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.finished / kind, folder)
        (self.work / "outside").mkdir()
        (self.work / "outside" / "secret.txt").write_text("a secret\n")
        (self.work / "rows.csv").write_text("x1,x2\n0.5,0.5\n")
        (self.work / f"{MODULE}.py").write_text("class Thing:\n    pass\n")
        os.chdir(self.work)
        change = disguise(folder, rng) if rng.random() < 0.4 else mutate(folder, rng)
        command = rng.choice(COMMANDS[kind])
        before = times(self.work, folder)
        code, violation = self._play(command)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        if violation is None and times(self.work, folder) != before:
            violation = "something is written outside the folder"
        self.counts[f"{kind}: { {0: 'read', STOPPED: 'stopped'}.get(code, 'refused') }"] += 1
        if violation is not None:
            self.violations.append(f"folder {number}: {change}; neuronet {command}\n    {violation}")
            print(self.violations[-1], flush=True)
        elif loud:
            print(f"folder {number}: {change}; neuronet {command}\n    {code} {self.said.strip()[-450:]}", flush=True)

    def _play(self, command: str) -> tuple[int, str | None]:
        """Return the exit status of a command, and what is wrong with how it ended, if anything."""
        handler = signal.signal(signal.SIGALRM, _waits)
        signal.alarm(WAIT)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("default")
                code, self.said = play(shlex.split(command))
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, handler)
        if MODULE in sys.modules:
            del sys.modules[MODULE]
            return code, "a module that the folder names is imported"
        if code == STOPPED:
            return code, self.said
        ours = (DataWarning, PolicyWarning, DeprecationWarning, PendingDeprecationWarning, ImportWarning)
        foreign = [warning for warning in warned if not issubclass(warning.category, ours)]
        violation = violation_of(code, self.said)
        if violation is None and foreign:
            violation = f"{foreign[0].category.__name__}: {foreign[0].message} ({foreign[0].filename}:{foreign[0].lineno})"
        return code, violation

    def report(self) -> None:
        """Print the counts and the first violation."""
        for what, count in sorted(self.counts.items()):
            print(f"{what:24} {count}")
        print(f"{self.counts.total()} folders, {len(self.violations)} violations")
        if self.violations:
            print(f"First: {self.violations[0]}")


def _waits(number: int, frame: FrameType | None) -> None:
    """End a command that waits, as if it had taken too much time."""
    raise TooLongError


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", type=int, default=500, help="number of folders [default: 500]")
    parser.add_argument("--first", type=int, default=0, help="number of the first one [default: 0]")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes [default: no limit]")
    parser.add_argument("--seed", type=int, default=0, help="random seed [default: 0]")
    parser.add_argument("--loud", action="store_true", help="print what each command says [default: off]")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    home, stop = Path.cwd(), time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as made:
        campaign = Campaign(Path(made).resolve(), options.seed)
        for number in range(options.first, options.first + options.folders):
            if time.monotonic() > stop:
                break
            campaign.try_one(number, loud=options.loud)
        os.chdir(home)
    campaign.report()
    return 1 if campaign.violations else 0


if __name__ == "__main__":
    sys.exit(main())

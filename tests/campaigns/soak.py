"""Soak, run by hand: `python -m tests.campaigns.soak --minutes 480` repeats a sweep in one process, and samples its memory.

Each repetition plays the cells of a small sweep in a new folder, which is then removed; `--jobs 2` leaves them to worker
processes, and `--what run` repeats a run instead. After each repetition it samples the resident memory of the process and its
children that belongs to no file: what other programs do with the same libraries changes that of files.

The first part is left out: libraries fill their caches then. The slope is that of Theil and Sen, the median of all pairs, and its
interval comes from whole blocks of samples, since neighbours are similar. The last line says "flat" or "growing": growing
if the interval lies above the tolerance. Its exit status is 1 then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import theilslopes

WARM_UP = 0.3
"""Share of the samples that is left out at the beginning."""

BLOCKS, RESAMPLES = 12, 400
"""Blocks of samples in sequence that are drawn again, and how often."""

SWEEP = {"environment": "xor", "epochs": 4, "hidden": [8], "seeds": 3, "curves": True, "grid": {"policy": ["attention", "noisy"]}}


@dataclass(frozen=True)
class Slope:
    """Growth of memory in MB an hour, with the ends of its 95 % interval."""

    estimate: float
    low: float
    high: float

    def conclusion(self, tolerance: float) -> str:
        """Return "growing" if even the lower end is above the tolerance, in MB an hour, and "flat" otherwise."""
        return "growing" if self.low > tolerance else "flat"

    def __str__(self) -> str:
        return f"{self.estimate:+.2f} MB an hour (95 % interval {self.low:+.2f} to {self.high:+.2f})"


def memory(pid: int | str = "self") -> tuple[float, int]:
    """Return the resident memory in MB of a process and its descendants, and how many processes these are."""
    total, count, parents = 0.0, 0, [str(pid)]
    while parents:
        folder = Path("/proc", parents.pop())
        try:
            total += _anonymous(folder)
            count += 1
            parents += [child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total, count


def _anonymous(folder: Path) -> float:
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1024  # shared pages are divided


def slope(hours: np.ndarray, megabytes: np.ndarray, seed: int = 0) -> Slope:
    """Return the growth of memory, by the median of the slopes of all pairs, and its interval by whole blocks."""
    blocks = [block for block in np.array_split(np.arange(len(hours)), BLOCKS) if block.size]
    rng = np.random.default_rng(seed)
    drawn = [np.concatenate([blocks[index] for index in rng.integers(len(blocks), size=len(blocks))]) for _ in range(RESAMPLES)]
    slopes = [theilslopes(megabytes[rows], hours[rows])[0] for rows in drawn if np.ptp(hours[rows]) > 0]
    low, high = np.quantile(slopes, [0.025, 0.975])
    return Slope(float(theilslopes(megabytes, hours)[0]), float(low), float(high))


def play(what: str, jobs: int, seed: int) -> None:
    """Play a sweep or a run in a folder of its own."""
    import neuronet
    from neuronet.sweep import sweep

    with tempfile.TemporaryDirectory() as made:
        if what == "sweep":
            sweep({**SWEEP, "seeds": [seed, seed + 1, seed + 2]}, out=Path(made, "out"), jobs=jobs, max_group_size=1)
        else:
            result = neuronet.train(
                "xor", out=Path(made, "out"), hidden=[8], epochs=20, alignment=True, inequality=True, seed=seed
            )
            result.plot(Path(made, "out", "curves.png"))


def soak(what: str, jobs: int, minutes: float, report: float) -> tuple[np.ndarray, np.ndarray]:
    """Repeat until the time is over, and return when memory was sampled, in hours, and how much it was, in MB."""
    hours, megabytes, began, told = [], [], time.monotonic(), 0.0
    while time.monotonic() - began < 60 * minutes:
        play(what, jobs, seed=len(hours))
        total, count = memory()
        hours.append((time.monotonic() - began) / 3600)
        megabytes.append(total)
        if time.monotonic() - told > 60 * report:
            told = time.monotonic()
            print(f"{60 * hours[-1]:7.1f} minutes, {len(hours):6d} repetitions, {count} processes: {total:8.1f} MB", flush=True)
    return np.array(hours), np.array(megabytes)


def main(arguments: list[str] | None = None) -> int:
    """Run the soak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=480, help="duration [default: 480]")
    parser.add_argument("--what", choices=["sweep", "run"], default="sweep", help="what is repeated [default: sweep]")
    parser.add_argument("--jobs", type=int, default=1, help="processes of a sweep [default: 1]")
    parser.add_argument("--tolerance", type=float, default=2.0, help="growth that is called flat, in MB an hour [default: 2]")
    parser.add_argument("--report", type=float, default=1.0, help="minutes between two lines [default: 1]")
    options = parser.parse_args(arguments)
    hours, megabytes = soak(options.what, options.jobs, options.minutes, options.report)
    kept = slice(int(WARM_UP * len(hours)), None)
    if len(hours[kept]) < 2 * BLOCKS:
        print(f"{len(hours)} repetitions are too few for a slope: give it more minutes")
        return 2
    found = slope(hours[kept], megabytes[kept])
    print(
        f"{len(hours)} repetitions in {60 * hours[-1]:.1f} minutes; {megabytes[kept][0]:.1f} to {megabytes[-1]:.1f} MB: {found}"
    )
    print(found.conclusion(options.tolerance))
    return 1 if found.conclusion(options.tolerance) == "growing" else 0


if __name__ == "__main__":
    sys.exit(main())

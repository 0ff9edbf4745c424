"""A sweep in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.engines.tensors import best_device
from neuronet.execution import distributed
from neuronet.execution.pool import LOKY
from neuronet.sweep.cells import Cell, Plan, about_seconds, gains, groups, plan_of
from neuronet.sweep.design import Design, design_of, read_design
from neuronet.sweep.environment_info import Scene, scene_name, scene_of
from neuronet.sweep.executor import Crew
from neuronet.sweep.store import Folder
from neuronet.sweep.table import table_of
from neuronet.sweep.worker import Row, Task

AT_ONCE = 16
"""Cells that are played at once, at most."""


@dataclass(frozen=True)
class Progress:
    """How far a sweep has come.

    Attributes:
        done: Cells that have a row.
        before: Those of them that had one when this sitting began.
        of: All cells.
        failed: Those that ended with an error.
    """

    done: int
    before: int
    of: int
    failed: int


Watcher = Callable[[Progress], None]


def sweep(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    out: str | Path | None = None,
    jobs: int | None = None,
    backend: str = LOKY,
    scheduler: str | None = None,
    at_once: int = AT_ONCE,
    strict: bool = False,
    retry: bool = False,
    watcher: Watcher | None = None,
    narrator: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Play every cell of a design, and give one table.

    Args:
        design: A TOML file, a dict of what it would hold, or a Design.
        out: A folder in which each cell is kept as soon as it is done; with a folder in which the sweep was begun, it goes on.
            Without, nothing is written.
        jobs: Processes that play side by side, one thread each; None for as many as there are cores, if the sweep is long
            enough to be worth it. The results are the same.
        backend: "loky" for processes of this machine, "dask" or "ray" for a cluster.
        scheduler: The address of the cluster.
        at_once: How many cells that differ in seed and learning rate alone are played at once, as replicas, at most.
        strict: Whether the first cell that fails ends the sweep; otherwise its row says why.
        retry: Whether cells that failed before are played again.
        watcher: Called with a Progress when cells are done.
        narrator: Called with a line of text where there is something to say.

    Returns:
        A line for each cell: its number, every field that is swept, the seed, and what it came to (docs/sweeps.md).

    Raises:
        NeuroNetError: Something does not fit; the folder holds another sweep; or, if `strict`, a cell failed.
    """
    if distributed.count() > 1:
        raise NeuroNetError("a sweep starts its processes itself: run it without torchrun")
    check_number("at_once", at_once, 1, whole=True)
    crew = Crew(backend, jobs, scheduler)
    plan = plan_of(design if isinstance(design, Design) else design_from(design))
    sitting = Sitting(plan, None if out is None else Folder(Path(out)), watcher, narrator or (lambda line: None))
    sitting.begin(again=strict or retry)
    sitting.play(crew, at_once, strict=strict)
    table = table_of(plan, sitting.rows)
    if sitting.folder is not None:
        sitting.folder.write(table)
    return table


def design_from(design: str | Path | Mapping[str, Any]) -> Design:
    """A design from a file, or from what it would hold.

    Raises:
        NeuroNetError: Something in it does not fit.
    """
    return design_of(design) if isinstance(design, Mapping) else read_design(design)


class Sitting:
    """A sweep under way.

    Args:
        plan: What is played.
        folder: Where it is kept; None for nowhere.
        watcher: Told when cells are done.
        narrator: Told what there is to say.

    Attributes:
        rows: What the cells came to, by their keys.
    """

    def __init__(self, plan: Plan, folder: Folder | None, watcher: Watcher | None, narrator: Callable[[str], None]) -> None:
        self.plan = plan
        self.folder = folder
        self.rows: dict[str, Row] = {}
        self._watcher = watcher
        self._narrator = narrator
        self._scenes: dict[str, Scene] = {}
        self._before = 0

    def begin(self, *, again: bool) -> None:
        """Look at every environment, and take the folder with what it holds.

        Args:
            again: Whether cells that failed are played again.

        Raises:
            NeuroNetError: An environment is not there, or the folder holds another sweep.
        """
        if self.folder is not None:
            self.folder.check(self.plan)  # before any samples are loaded
        for cell in self.plan.cells:
            name = scene_name(cell.config)
            if name not in self._scenes:
                try:
                    self._scenes[name] = scene_of(cell.config)
                except NeuroNetError as error:
                    raise NeuroNetError(f"{cell}: {error}") from None
        if self.folder is not None:
            self.folder.begin(self.plan, self._scenes)
            ours = {cell.key for cell in self.plan.cells}
            self.rows = {key: row for key, row in self.folder.known(failed=not again).items() if key in ours}
        self._before = len(self.rows)
        if self.plan.repeated:
            self._narrator(f"{self.plan.repeated} of the draws and settings were there before, and are played once.")
        if self._before:
            self._narrator(f"{self._before} of {len(self.plan.cells)} cells were played before.")
        self._tell()

    def play(self, crew: Crew, at_once: int, *, strict: bool) -> None:
        """Play the cells that have no row yet.

        Raises:
            NeuroNetError: A cell failed, if `strict`; or who plays cannot.
        """
        left = [cell for cell in self.plan.cells if cell.key not in self.rows]
        parts = groups(left, at_once, lambda config: gains(config, self._scenes[scene_name(config)]))
        if not parts:
            return
        scenes = [self._scenes[scene_name(part[0].config)] for part in parts]
        tasks = [Task(tuple(cell.config for cell in part), scene) for part, scene in zip(parts, scenes, strict=True)]
        seconds = sum(about_seconds(part, scene) for part, scene in zip(parts, scenes, strict=True))
        alone = any(cell.config.engine == "tensors" and best_device(cell.config.device) != "cpu" for cell, *_ in parts)
        for place, rows in crew.play(tasks, seconds, alone=alone):
            self._take(parts[place], rows, strict=strict)

    def _take(self, cells: Sequence[Cell], rows: Sequence[Row], *, strict: bool) -> None:
        found = list(zip(cells, rows, strict=True))
        kept = [(cell, row) for cell, row in found if not (strict and row["error"])]
        if self.folder is not None and kept:
            self.folder.keep([cell for cell, _ in kept], [row for _, row in kept])
        self.rows |= {cell.key: row for cell, row in kept}
        self._tell()
        for cell, row in found:
            if row["error"]:
                if strict:
                    raise NeuroNetError(f"{cell} failed: {row['error']}")
                self._narrator(f"{cell} failed: {row['error']}")

    def _tell(self) -> None:
        if self._watcher is not None:
            failed = sum(row["error"] is not None for row in self.rows.values())
            self._watcher(Progress(len(self.rows), self._before, len(self.plan.cells), failed))

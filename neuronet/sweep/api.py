"""A sweep in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.engines.tensors import resolve_device
from neuronet.execution import distributed
from neuronet.execution.pool import LOKY
from neuronet.sweep.cells import Cell, Plan, benefits_from_batching, estimated_seconds, make_groups, make_plan
from neuronet.sweep.design import Design, parse_design, read_design
from neuronet.sweep.environment_info import EnvironmentInfo, environment_key, inspect_environment
from neuronet.sweep.executor import Executor
from neuronet.sweep.store import SweepStore
from neuronet.sweep.table import make_table
from neuronet.sweep.worker import Job, Row

MAX_GROUP_SIZE = 16
"""Cells that are played at once, at most."""


@dataclass(frozen=True)
class Progress:
    """How far a sweep has come.

    Attributes:
        done: Cells that have a row.
        done_before: Those of them that had one when this sitting began.
        total: All cells.
        failed: Those that ended with an error.
    """

    done: int
    done_before: int
    total: int
    failed: int


ProgressCallback = Callable[[Progress], None]


def sweep(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    out: str | Path | None = None,
    jobs: int | None = None,
    backend: str = LOKY,
    scheduler: str | None = None,
    max_group_size: int = MAX_GROUP_SIZE,
    strict: bool = False,
    retry: bool = False,
    on_progress: ProgressCallback | None = None,
    log: Callable[[str], None] | None = None,
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
        max_group_size: How many cells that differ in seed and learning rate alone are played at once, as replicas, at most.
        strict: Whether the first cell that fails ends the sweep; otherwise its row says why.
        retry: Whether cells that failed before are played again.
        on_progress: Called with a Progress when cells are done.
        log: Called with a line of text where there is something to say.

    Returns:
        A line for each cell: its number, every field that is swept, the seed, and what it came to (docs/sweeps.md).

    Raises:
        NeuroNetError: Something does not fit; the folder holds another sweep; or, if `strict`, a cell failed.
    """
    if distributed.world_size() > 1:
        raise NeuroNetError("a sweep starts its processes itself: run it without torchrun")
    check_number("max_group_size", max_group_size, 1, whole=True)
    executor = Executor(backend, jobs, scheduler)
    plan = make_plan(design if isinstance(design, Design) else load_design(design))
    sweep_run = SweepRun(plan, None if out is None else SweepStore(Path(out)), on_progress, log or (lambda line: None))
    sweep_run.initialise(again=strict or retry)
    sweep_run.play(executor, max_group_size, strict=strict)
    table = make_table(plan, sweep_run.rows)
    if sweep_run.store is not None:
        sweep_run.store.write_table(table)
    return table


def load_design(design: str | Path | Mapping[str, Any]) -> Design:
    """A design from a file, or from what it would hold.

    Raises:
        NeuroNetError: Something in it does not fit.
    """
    return parse_design(design) if isinstance(design, Mapping) else read_design(design)


class SweepRun:
    """A sweep under way.

    Args:
        plan: What is played.
        store: Where it is kept; None for nowhere.
        on_progress: Told when cells are done.
        log: Told what there is to say.

    Attributes:
        rows: What the cells came to, by their keys.
    """

    def __init__(
        self, plan: Plan, store: SweepStore | None, on_progress: ProgressCallback | None, log: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self.store = store
        self.rows: dict[str, Row] = {}
        self._on_progress = on_progress
        self._log = log
        self._environment_infos: dict[str, EnvironmentInfo] = {}
        self._before = 0

    def initialise(self, *, again: bool) -> None:
        """Look at every environment, and take the folder with what it holds.

        Args:
            again: Whether cells that failed are played again.

        Raises:
            NeuroNetError: An environment is not there, or the folder holds another sweep.
        """
        if self.store is not None:
            self.store.check(self.plan)  # before any samples are loaded
        for cell in self.plan.cells:
            name = environment_key(cell.config)
            if name not in self._environment_infos:
                try:
                    self._environment_infos[name] = inspect_environment(cell.config)
                except NeuroNetError as error:
                    raise NeuroNetError(f"{cell}: {error}") from None
        if self.store is not None:
            self.store.initialise(self.plan, self._environment_infos)
            ours = {cell.key for cell in self.plan.cells}
            self.rows = {key: row for key, row in self.store.load_results(failed=not again).items() if key in ours}
        self._before = len(self.rows)
        if self.plan.duplicates:
            self._log(f"{self.plan.duplicates} of the draws and settings were there before, and are played once.")
        if self._before:
            self._log(f"{self._before} of {len(self.plan.cells)} cells were played before.")
        self._report_progress()

    def play(self, executor: Executor, max_group_size: int, *, strict: bool) -> None:
        """Play the cells that have no row yet.

        Raises:
            NeuroNetError: A cell failed, if `strict`; or who plays cannot.
        """
        left = [cell for cell in self.plan.cells if cell.key not in self.rows]
        parts = make_groups(
            left, max_group_size, lambda config: benefits_from_batching(config, self._environment_infos[environment_key(config)])
        )
        if not parts:
            return
        environment_infos = [self._environment_infos[environment_key(part[0].config)] for part in parts]
        pending_jobs = [
            Job(tuple(cell.config for cell in part), environment_info)
            for part, environment_info in zip(parts, environment_infos, strict=True)
        ]
        seconds = sum(
            estimated_seconds(part, environment_info) for part, environment_info in zip(parts, environment_infos, strict=True)
        )
        exclusive = any(cell.config.engine == "tensors" and resolve_device(cell.config.device) != "cpu" for cell, *_ in parts)
        for place, rows in executor.play(pending_jobs, seconds, exclusive=exclusive):
            self._store_rows(parts[place], rows, strict=strict)

    def _store_rows(self, cells: Sequence[Cell], rows: Sequence[Row], *, strict: bool) -> None:
        found = list(zip(cells, rows, strict=True))
        kept = [(cell, row) for cell, row in found if not (strict and row["error"])]
        if self.store is not None and kept:
            self.store.save_results([cell for cell, _ in kept], [row for _, row in kept])
        self.rows |= {cell.key: row for cell, row in kept}
        self._report_progress()
        for cell, row in found:
            if row["error"]:
                if strict:
                    raise NeuroNetError(f"{cell} failed: {row['error']}")
                self._log(f"{cell} failed: {row['error']}")

    def _report_progress(self) -> None:
        if self._on_progress is not None:
            failed = sum(row["error"] is not None for row in self.rows.values())
            self._on_progress(Progress(len(self.rows), self._before, len(self.plan.cells), failed))

"""Sweep in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core import (
    ConfigurationError,
    DataError,
    NeuroNetError,
    Policy,
    WorkerError,
    check_number,
    named_path,
    plug_in_errors,
)
from neuronet.engines.base import Setup
from neuronet.engines.tensors import resolve_device
from neuronet.execution import LOKY, Executor, distributed
from neuronet.recording import import_pyarrow, lock_folder
from neuronet.registry import build_network
from neuronet.sweep.cells import Cell, Plan, benefits_from_batching, estimated_seconds, make_groups, make_plan
from neuronet.sweep.design import Design, parse_design, read_design
from neuronet.sweep.environment_info import EnvironmentInfo, environment_key, inspect_environment
from neuronet.sweep.store import SweepStore
from neuronet.sweep.table import make_table
from neuronet.sweep.worker import CellResult, Job, Row, run_job
from neuronet.training import RunConfig, note_policies

MAX_GROUP_SIZE = 16
"""Largest number of cells that run together, by default."""


@dataclass(frozen=True)
class Progress:
    """Progress of a sweep.

    Attributes:
        done: Number of cells that have a result.
        done_before: Number of cells that had one when this call began.
        total: Number of all cells.
        failed: Number of cells that ended with an error.
    """

    done: int
    done_before: int
    total: int
    failed: int


@plug_in_errors()
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
    on_progress: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Run every cell of a design, and return one table.

    Args:
        design: A TOML file, a dict with the content of one, or a Design.
        out: Folder that keeps each result as soon as it is there. A folder of the same sweep resumes it. None writes nothing.
        jobs: Number of processes, one thread each. None uses one for each core if the sweep is long enough. The results are the
            same.
        backend: "loky" for processes of this machine, "dask" or "ray" for a cluster.
        scheduler: Address of the cluster.
        max_group_size: Largest number of cells that run together, as replicas; they differ in seed and learning rate only.
        strict: Whether the first cell that fails ends the sweep; otherwise its row has the reason.
        retry: Whether cells that failed before are run again.
        on_progress: Called with a Progress when cells are done.
        log: Called with a line of text for each message.

    Returns:
        A line for each cell: its number, every swept field, the seed, and its results.

    Raises:
        LockedError: Another process writes the folder.
        NeuroNetError: The design is wrong; the folder holds another sweep; a worker was lost; or, if `strict`, a cell failed.
    """
    if distributed.world_size() > 1:
        raise ConfigurationError("a sweep starts its processes itself: run it without torchrun")
    check_number("max_group_size", max_group_size, 1, whole=True)
    executor = Executor(jobs, backend, scheduler)
    if not isinstance(design, Design):
        design = parse_design(design) if isinstance(design, Mapping) else read_design(design)
    plan = make_plan(design)
    store = SweepStore(None if out is None else named_path("out", out))
    sweep_run = SweepRun(plan, store, on_progress or (lambda progress: None), log or (lambda line: None))
    with lock_folder(store.path):
        sweep_run.begin(again=strict or retry)
        note_policies(sweep_run.policies(), log)
        sweep_run.run(executor, max_group_size, strict=strict)
        table = make_table(plan, sweep_run.rows)
        store.save_table(table)
    return table


class SweepRun:
    """Sweep in progress.

    Args:
        plan: The cells.
        store: Keeps their results.
        on_progress: Called when cells are done.
        log: Called with messages.

    Attributes:
        rows: Results so far, by the keys of the cells.
    """

    def __init__(
        self, plan: Plan, store: SweepStore, on_progress: Callable[[Progress], None], log: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self.store = store
        self.rows: dict[str, Row] = {}
        self._on_progress = on_progress
        self._log = log
        self._environment_infos: dict[str, EnvironmentInfo] = {}
        self._before = 0

    def begin(self, *, again: bool) -> None:
        """Load every environment, and take over the results that the store has.

        Args:
            again: Whether cells that failed are run again.

        Raises:
            DataError: An environment cannot be loaded.
            StudyMismatchError: The store holds another sweep.
        """
        self._check_folder()
        self.store.check(self.plan)  # before any samples are loaded
        for cell in self.plan.cells:
            name = environment_key(cell.config)
            if name not in self._environment_infos:
                try:
                    self._environment_infos[name] = inspect_environment(cell.config)
                except NeuroNetError as error:
                    raise DataError(f"{cell}: {error}") from None
                for note in self._environment_infos[name].notes:
                    self._log(note)
        self.store.begin_sweep(self.plan, self._environment_infos, self._log)
        keys = {cell.key for cell in self.plan.cells}
        self.rows = {key: row for key, row in self.store.load_results(failed=not again).items() if key in keys}
        self._before = len(self.rows)
        if self.plan.duplicates:
            self._log(f"{self.plan.duplicates} draws or settings are duplicates, and run once.")
        if self._before:
            self._log(f"{self._before} of {len(self.plan.cells)} cells were played before.")
        self._report_progress()

    def _check_folder(self) -> None:
        """Refuse curves and traces that cannot be written.

        Raises:
            ConfigurationError: There is no folder.
            MissingExtraError: Traces need pyarrow.
        """
        wanted = "curves" if self.plan.curves else "trace" if self.plan.has_traces else None
        if wanted and self.store.path is None:
            raise ConfigurationError(
                f"{wanted} of a sweep needs a folder to be written in: give out='runs/my-sweep', or leave it out"
            )
        if self.plan.has_traces:
            import_pyarrow()

    def run(self, executor: Executor, max_group_size: int, *, strict: bool) -> None:
        """Run the cells that have no result yet.

        Raises:
            WorkerError: A worker was lost, or a cell failed and `strict` is set.
        """
        missing = [cell for cell in self.plan.cells if cell.key not in self.rows]
        groups = make_groups(missing, max_group_size, lambda config: benefits_from_batching(config, self._info(config)))
        if not groups:
            return
        infos = [self._info(group[0].config) for group in groups]
        jobs = [
            Job(tuple(cell.config for cell in group), info, cells=len(self.plan.cells), curves=self.plan.curves)
            for group, info in zip(groups, infos, strict=True)
        ]
        if executor.is_remote:
            from neuronet.version import __version__

            jobs = [replace(job, folder=str(Path.cwd()), version=__version__) for job in jobs]
        seconds = sum(estimated_seconds(group, info) for group, info in zip(groups, infos, strict=True))
        exclusive = any(cell.config.engine == "tensors" and resolve_device(cell.config.device) != "cpu" for cell, *_ in groups)
        for index, results in executor.map(run_job, jobs, seconds=seconds, exclusive=exclusive):
            self._store_results(groups[index], results, strict=strict)

    def policies(self) -> list[Policy]:
        """Return the policies of the cells that have no result yet, those of each population once."""
        missing = (cell.config for cell in self.plan.cells if cell.key not in self.rows)
        configs = {(repr(config.policy), len(config.hidden)): config for config in missing}
        found: list[Policy] = []
        for config in configs.values():
            info = self._info(config)
            with suppress(Exception):  # the rows of these cells will say why
                network = build_network((info.inputs, *config.hidden, info.outputs), seed=config.seed)
                found += Setup(network, config.policy.groups(network, config.seed)).all_policies
        return found

    def _info(self, config: RunConfig) -> EnvironmentInfo:
        return self._environment_infos[environment_key(config)]

    def _store_results(self, cells: Sequence[Cell], results: Sequence[CellResult], *, strict: bool) -> None:
        given = list(zip(cells, results, strict=True))
        kept = [(cell, result) for cell, result in given if not (strict and result.row["error"])]
        if kept:
            self.store.save_results([cell for cell, _ in kept], [result for _, result in kept])
        self.rows |= {cell.key: result.row for cell, result in kept}
        self._report_progress()
        for cell, result in given:
            if result.row["error"]:
                if strict:
                    raise WorkerError(f"{cell} failed: {result.row['error']}")
                self._log(f"{cell} failed: {result.row['error']}")

    def _report_progress(self) -> None:
        failed = sum(row["error"] is not None for row in self.rows.values())
        self._on_progress(Progress(len(self.rows), self._before, len(self.plan.cells), failed))

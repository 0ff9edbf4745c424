"""Store for a sweep: its cells, and the results of each, written as soon as they are there.

sweep.json     the cells, and what they depend on
cells/*.json   a file for each group of cells that ran together
table.csv      a line for each cell, at the end; table.parquet, too, where pyarrow is installed
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core import StudyMismatchError, check_number
from neuronet.recording import StudyStore, reading
from neuronet.sweep.cells import Cell, Plan, format_value
from neuronet.sweep.environment_info import EnvironmentInfo
from neuronet.sweep.worker import RESULTS, Row
from neuronet.training import RunConfig

SWEEP, CELLS, TABLE = "sweep.json", "cells", "table"


class SweepStore(StudyStore):
    """Store for one sweep.

    Args:
        path: The folder; it is created when the sweep begins. None to keep nothing.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path, "sweep")

    def begin_sweep(
        self, plan: Plan, environment_infos: Mapping[str, EnvironmentInfo], log: Callable[[str], None] | None = None
    ) -> None:
        """Compare the sweep with the one that the folder holds, if any, and write its cells and its manifest.

        Args:
            plan: The cells.
            environment_infos: The environments, by name.
            log: Called with a line for each difference to the manifest of a sweep that is continued.

        Raises:
            StudyMismatchError: The folder holds a sweep with other cells, samples or another version.
            DataError: The folder cannot be written.
        """
        from neuronet.version import __version__

        samples = {name: environment_info.digest for name, environment_info in environment_infos.items()}
        before = self._started_sweep()
        if before is not None:
            version = before.get("version")
            other = next((name for name, digest in before["samples"].items() if samples.get(name, digest) != digest), None)
            if version != __version__:
                raise self.mismatch(f"that version {version} began")
            self.check(plan)
            if other is not None:
                raise self.mismatch(f"on samples of {other} that have changed since")
            samples = {**before["samples"], **samples}
        content = {"version": __version__, "samples": samples, "columns": plan.columns}
        content["cells"] = {cell.key: cell.options for cell in plan.cells}
        self.make_folder(CELLS)
        self.write_json(SWEEP, content, indent=1)
        self.write_manifest(samples, log=log)

    def check(self, plan: Plan) -> None:
        """Refuse a plan without cells that the folder has results of.

        Raises:
            StudyMismatchError: The plan lacks such cells; the sentence names the first difference.
        """
        before = (self._started_sweep() or {"cells": {}})["cells"]
        keys = {cell.key for cell in plan.cells}
        missing = [options for key, options in before.items() if key not in keys]
        if missing:
            difference = _difference(missing[0], list(before.values()), plan.cells)
            raise self.mismatch(difference, "choose another folder, or change the file so that it only adds cells")

    def _started_sweep(self) -> dict[str, Any] | None:
        """Return the content of sweep.json; None if no cell has a result, so that none can be lost."""
        found = self.read_json(SWEEP)
        if found is not None and not _is_sweep(found):
            raise StudyMismatchError(f"'{self.file(SWEEP)}' is not of a sweep: choose another folder")
        return found if any(self.finished(CELLS)) else None

    def load_results(self, *, failed: bool = True) -> dict[str, Row]:
        """Return the results so far, by the keys of the cells.

        Args:
            failed: Whether to include cells that failed.

        Raises:
            DataError: A file cannot be read.
        """
        results: dict[str, Row] = {}
        for path, rows in self.finished(CELLS):
            with reading(path, self.kind):
                read = {key: {name: _checked(name, row[name]) for name in RESULTS} for key, row in rows.items()}
            results |= {
                key: row for key, row in read.items() if row["error"] is None or key not in results or results[key]["error"]
            }
        return {key: row for key, row in results.items() if failed or row["error"] is None}

    def save_results(self, cells: Sequence[Cell], rows: Sequence[Row]) -> None:
        """Write the results of a group of cells, all of them or none."""
        content = {cell.key: {**row, **_non_finite_as_none(row)} for cell, row in zip(cells, rows, strict=True)}
        name = sha256(" ".join(content).encode()).hexdigest()[:20]
        self.write_json(f"{CELLS}/{name}.json", content)

    def save_table(self, table: pd.DataFrame) -> None:
        """Write the table of all cells."""
        self.write_table(f"{TABLE}.csv", table)
        if find_spec("pyarrow") is not None:
            self.write(f"{TABLE}.parquet", table.to_parquet(index=False))


def _is_sweep(found: Any) -> bool:
    """Return whether the content of a file is a sweep of this or another version."""
    if not isinstance(found, dict) or not isinstance(found.get("samples"), dict):
        return False
    cells = found.get("cells")
    return isinstance(cells, dict) and all(isinstance(options, dict) for options in cells.values())


def _non_finite_as_none(row: Row) -> Row:
    return {name: None for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)}


def _checked(name: str, value: Any) -> Any:
    """Return a result of a cell as it was before it was written.

    Raises:
        ValueError: It is of another type.
    """
    if name == "error":
        if value is None or isinstance(value, str):
            return value
        raise ValueError(f"its error must be a text or null, got {value!r}")
    if name in ("rounds", "group_size"):
        check_number(name, value, 0, whole=True)
        return value
    if value is None:
        return math.nan
    check_number(name, value, 0 if name == "seconds" else -math.inf)
    return float(value)


def _difference(missing: Mapping[str, Any], before: Sequence[Mapping[str, Any]], cells: Sequence[Cell]) -> str:
    """Return what the new cells lack: a value of a field, or else a combination of values."""
    defaults = RunConfig.model_validate({"environment": ""}).model_dump(mode="json")
    for name, default in defaults.items():
        values = [json.dumps(cell.options.get(name, default)) for cell in cells]
        for options in before:
            value = options.get(name, default)
            if json.dumps(value) not in values:
                return f"with {name} {format_value(value)}, where this one has {_shortened(values)}"
    combination = ", ".join(f"{name} {format_value(value)}" for name, value in missing.items())
    return f"with a cell that this one lacks ({combination})"


def _shortened(values: Sequence[str], limit: int = 3) -> str:
    distinct = [str(format_value(json.loads(value))) for value in dict.fromkeys(values)]
    return ", ".join(distinct[:limit]) + (f" and {len(distinct) - limit} more" if len(distinct) > limit else "")

"""Store for a sweep: its cells, and the results of each, written as soon as they are there.

sweep.json     the cells, and what they depend on
cells/*.json   a file for each group of cells that ran together
traces/        a Parquet file for each group, if neurons are traced
table.csv      a line for each cell, at the end; table.parquet, too, where pyarrow is installed
curves.csv     a line for each cell and epoch, at the end, if the design asks for curves
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

from neuronet.core import DataError, StudyMismatchError, check_number, named_path
from neuronet.recording import TRACE_COLUMNS, TRACES, StudyStore, read_trace_file, reading, traces_to_parquet
from neuronet.sweep.cells import Cell, Plan, format_value
from neuronet.sweep.environment_info import EnvironmentInfo
from neuronet.sweep.worker import MEASURES, RESULTS, CellResult, Row
from neuronet.training import RunConfig

SWEEP, CELLS, TABLE, CURVE_TABLE = "sweep.json", "cells", "table", "curves.csv"


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
            if plan.curves and not before.get("curves"):
                raise self.mismatch("without curves", "choose another folder, or leave curves out")
            samples = {**before["samples"], **samples}
        content = {"version": __version__, "samples": samples, "columns": plan.columns, "curves": plan.curves}
        content["cells"] = {cell.key: cell.options for cell in plan.cells}
        content["swept"] = {cell.key: list(cell.swept.values()) for cell in plan.cells}
        self.make_folder(CELLS, *([TRACES] if plan.has_traces else []))
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

    def save_results(self, cells: Sequence[Cell], results: Sequence[CellResult]) -> None:
        """Write the results of a group of cells, all of them or none."""
        content: dict[str, Row] = {}
        for cell, result in zip(cells, results, strict=True):
            content[cell.key] = {**result.row, **_non_finite_as_none(result.row)}
            if result.curve:
                content[cell.key]["curve"] = [{**values, **_non_finite_as_none(values)} for values in result.curve]
        name = sha256(" ".join(content).encode()).hexdigest()[:20]
        traced = [(index, result.traces) for index, result in enumerate(results) if result.traces is not None]
        if traced:  # before the results, so that a cell with results has its traces
            rows = pd.concat([table.assign(replica=index) for index, table in traced], ignore_index=True)
            self.write(f"{TRACES}/{name}.parquet", traces_to_parquet(rows))
        self.write_json(f"{CELLS}/{name}.json", content)

    def _swept(self) -> dict[str, Row]:
        """Return the number and the swept values of each cell, by its key.

        Raises:
            DataError: The folder holds no sweep.
        """
        found = self.read_json(SWEEP)
        if not (_is_sweep(found) and isinstance(found.get("swept"), dict) and isinstance(found.get("columns"), list)):
            raise DataError(f"'{self.path}' holds no sweep, or one of another version: it needs a {SWEEP} with its cells")
        swept = found["swept"].items()
        return {
            key: {"cell": number, **dict(zip(found["columns"], values, strict=True))}
            for number, (key, values) in enumerate(swept, 1)
        }

    def trace_columns(self) -> list[str]:
        """Return the columns of the swept options in the traces, without the seed."""
        first = next(iter(self._swept().values()), {})
        return [trace_column(name) for name in first if name not in ("cell", "seed")]

    def curves(self) -> pd.DataFrame:
        """Return a row for each finished cell and epoch: the cell, its swept values, epoch, and its measures.

        Raises:
            DataError: The folder holds no sweep with curves, or a file cannot be read.
        """
        cells = self._swept()
        curves: dict[str, list[Row]] = {}
        for path, results in self.finished(CELLS):
            with reading(path, self.kind):
                curves |= {
                    key: [{name: _checked(name, values[name]) for name in MEASURES} for values in row["curve"]]
                    for key, row in results.items()
                    if row.get("curve")
                }
        rows = [
            {**cell, "epoch": epoch, **values}
            for key, cell in cells.items()
            for epoch, values in enumerate(curves.get(key, []), start=1)
        ]
        if not rows:
            raise DataError(f"there are no curves in '{self.path}': write curves = true above the sections of the file")
        table = pd.DataFrame(rows)
        return table.drop(columns=[name for name in ("cosine", "gini") if table[name].isna().all()])

    def traces(self) -> pd.DataFrame:
        """Return a row for each traced neuron and round of every finished cell, after the cell and its swept values.

        Raises:
            DataError: The folder holds no sweep with traces, or a file cannot be read.
        """
        cells = self._swept()
        parts: dict[str, pd.DataFrame] = {}
        for path, results in self.finished(CELLS):
            traced = self.file(f"{TRACES}/{path.stem}.parquet")
            if not traced.exists():
                continue
            keys = list(results)
            for index, rows in read_trace_file(traced, self.kind).groupby("replica"):
                with reading(path, self.kind):
                    parts[keys[int(index)]] = rows.drop(columns="replica")
        tables = []
        for key, cell in cells.items():
            if key in parts:
                part = parts[key]
                described = {trace_column(name): [value] * len(part) for name, value in cell.items()}
                tables.append(pd.concat([pd.DataFrame(described, index=part.index), part], axis=1))
        if not tables:
            raise DataError(
                f"there are no traces in '{self.path}': write trace = 'hidden:16 every epoch' in the file of the sweep"
            )
        return pd.concat(tables, ignore_index=True)

    def save_table(self, table: pd.DataFrame) -> None:
        """Write the table of all cells, and their curves, if there are any."""
        if self.path is not None and self.read_json(SWEEP).get("curves"):
            self.write_table(CURVE_TABLE, self.curves())
        self.write_table(f"{TABLE}.csv", table)
        if find_spec("pyarrow") is not None:
            self.write(f"{TABLE}.parquet", table.to_parquet(index=False))


def trace_column(name: str) -> str:
    """Return the column of a swept option in the traces, which have a policy of each neuron."""
    return f"cell_{name}" if name in TRACE_COLUMNS else name


def read_curves(folder: str | Path) -> pd.DataFrame:
    """Return the measures of a sweep's cells after every epoch: a row for each cell and epoch, with the cell's swept values.

    Args:
        folder: Folder of a sweep with `curves = true`, which may still go on.

    Raises:
        DataError: There are no curves, or they cannot be read.
    """
    return SweepStore(named_path("folder", folder)).curves()


def read_traces(folder: str | Path) -> pd.DataFrame:
    """Return the traced neurons of a sweep's cells: a row for each cell, neuron and round, with the cell's swept values.

    Args:
        folder: Folder of a sweep with `trace`, which may still go on.

    Raises:
        DataError: There are no traces, or they cannot be read.
    """
    return SweepStore(named_path("folder", folder)).traces()


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

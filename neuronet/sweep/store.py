"""The folder of a sweep: what is played, and each cell's results, written the moment they are there.

sweep.json     the cells, and what they depend on
cells/*.json   a file for each group of cells that were played at once
table.csv      a line for each cell, at the end; table.parquet, too, where pyarrow is there
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.errors import NeuroNetError
from neuronet.recording.atomic_write import write_atomically
from neuronet.sweep.cells import Cell, Plan, format_value
from neuronet.sweep.environment_info import EnvironmentInfo
from neuronet.sweep.worker import RESULTS, Row
from neuronet.training.config import RunConfig

MANIFEST, CELLS, TABLE = "sweep.json", "cells", "table"

RESULT_PATTERN = "[!.]*.json"
"""Files of results: those whose name begins with a dot were not finished when the machine stopped."""


class SweepStore:
    """Where a sweep is kept.

    Args:
        path: The folder; it is made when the sweep begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def initialise(self, plan: Plan, environment_infos: Mapping[str, EnvironmentInfo]) -> None:
        """Take the folder.

        Args:
            plan: What is played.
            environment_infos: The environments, by name.

        Raises:
            NeuroNetError: It holds a sweep that has other cells than these, or cannot be written.
        """
        from neuronet import __version__

        samples = {name: environment_info.digest for name, environment_info in environment_infos.items()}
        before = self._started_manifest()
        if before is not None:
            version = before.get("version")
            other = next((name for name, digest in before["samples"].items() if samples.get(name, digest) != digest), None)
            if version != __version__:
                raise self._mismatch_error(f"that version {version} began")
            self.check(plan)
            if other is not None:
                raise self._mismatch_error(f"on other samples of {other} than there are now")
            samples = {**before["samples"], **samples}
        manifest = {"version": __version__, "samples": samples, "columns": plan.columns}
        manifest["cells"] = {cell.key: cell.options for cell in plan.cells}
        try:
            (self.path / CELLS).mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{self.path}': {error.strerror}") from None

    def _mismatch_error(self, what: str, or_else: str = "") -> NeuroNetError:
        return NeuroNetError(f"'{self.path}' holds a sweep {what}: choose another folder{or_else}")

    def manifest(self) -> dict[str, Any] | None:
        """What was begun in this folder; None if nothing was.

        Raises:
            NeuroNetError: It cannot be read.
        """
        found = _read(self.path / MANIFEST) if (self.path / MANIFEST).exists() else None
        if found is not None and not (isinstance(found, dict) and found.keys() >= {"samples", "cells"}):
            raise NeuroNetError(f"'{self.path / MANIFEST}' is not of a sweep: choose another folder")
        return found

    def _started_manifest(self) -> dict[str, Any] | None:
        """The same, but None also where no cell was played yet: then there is nothing that another sweep could spoil."""
        found = self.manifest()
        return found if any((self.path / CELLS).glob(RESULT_PATTERN)) else None

    def check(self, plan: Plan) -> None:
        """Refuse a plan that lacks cells of the one that was begun here.

        Raises:
            NeuroNetError: It does; the sentence says what differs.
        """
        before = (self._started_manifest() or {"cells": {}})["cells"]
        missing = [options for key, options in before.items() if key not in {cell.key for cell in plan.cells}]
        if missing:
            difference = _difference(missing[0], list(before.values()), plan.cells)
            raise self._mismatch_error(difference, ", or change the file so that it only adds cells")

    def load_results(self, *, failed: bool = True) -> dict[str, Row]:
        """The results that are here, by the cells' keys.

        Args:
            failed: Whether those of cells that failed are wanted, too.

        Raises:
            NeuroNetError: A file cannot be read.
        """
        found: dict[str, Row] = {}
        for path in sorted((self.path / CELLS).glob(RESULT_PATTERN)):
            rows = _read(path)
            try:
                read = {key: {name: _number(name, row[name]) for name in RESULTS} for key, row in rows.items()}
            except (KeyError, TypeError, AttributeError) as error:
                raise NeuroNetError(f"cannot read '{path}', a part of this sweep: it has no {error}") from None
            found |= {key: row for key, row in read.items() if row["error"] is None or key not in found or found[key]["error"]}
        return {key: row for key, row in found.items() if failed or row["error"] is None}

    def save_results(self, cells: Sequence[Cell], rows: Sequence[Row]) -> None:
        """Write the results of cells that were played at once, all of them or none."""
        content = {cell.key: {**row, **_non_finite_as_none(row)} for cell, row in zip(cells, rows, strict=True)}
        name = sha256(" ".join(content).encode()).hexdigest()[:20]
        write_atomically(self.path / CELLS / f"{name}.json", (json.dumps(content, allow_nan=False) + "\n").encode())

    def write_table(self, table: pd.DataFrame) -> list[Path]:
        """Write the table, and say where."""
        path = self.path / f"{TABLE}.csv"
        write_atomically(path, table.to_csv(index=False).encode())
        if find_spec("pyarrow") is None:
            return [path]
        write_atomically(path.with_suffix(".parquet"), table.to_parquet(index=False))
        return [path, path.with_suffix(".parquet")]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NeuroNetError(f"cannot read '{path}', a part of this sweep: {error}") from None


def _non_finite_as_none(row: Row) -> Row:
    return {name: None for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)}


def _number(name: str, value: Any) -> Any:
    return math.nan if value is None and name != "error" else value


def _difference(missing: Mapping[str, Any], before: Sequence[Mapping[str, Any]], cells: Sequence[Cell]) -> str:
    """What the new cells lack: a value that a field had, or else a combination of values."""
    defaults = RunConfig.model_validate({"environment": ""}).model_dump(mode="json")
    for name, default in defaults.items():
        values = [json.dumps(cell.options.get(name, default)) for cell in cells]
        for options in before:
            value = options.get(name, default)
            if json.dumps(value) not in values:
                return f"with {name} {format_value(value)}, where this one has {_few(values)}"
    told = ", ".join(f"{name} {format_value(value)}" for name, value in missing.items())
    return f"with a cell that this one lacks ({told})"


def _few(values: Sequence[str], most: int = 3) -> str:
    each = [str(format_value(json.loads(value))) for value in dict.fromkeys(values)]
    return ", ".join(each[:most]) + (f" and {len(each) - most} more" if len(each) > most else "")

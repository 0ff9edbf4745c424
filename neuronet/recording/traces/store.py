"""Stores for the traces of a run: in memory, or in Parquet files that are written while the run goes on.

The folder `traces/` of a run has parts of some ten thousand rows. The last part is replaced atomically whenever rows have come
in. A run that is killed keeps what was written, and continues in the same part when it is resumed.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core import DataError, MissingExtraError, named_path
from neuronet.recording.atomic_write import write_atomically
from neuronet.recording.files import check_regular, inside, writing
from neuronet.recording.traces.spec import VARIABLES

FOLDER = "traces"
COLUMNS: dict[str, str] = {
    "round": "int64",
    "epoch": "int64",
    "replica": "int64",
    "layer": "int64",
    "neuron": "int64",
    "node": "int64",
    "policy": "object",
    "silent": "bool",
    "frozen": "bool",
    **dict.fromkeys(VARIABLES, "float64"),
}
"""Columns of a trace and their types; docs/traces.md defines them."""

ROWS_PER_PART = 50_000
MAX_UNWRITTEN_ROWS, MAX_UNWRITTEN_SECONDS = 10_000, 5.0
"""Number of rows, and seconds, after which the last part is written again."""


def empty_table() -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


class TraceStore(ABC):
    """Store for the rows of traces."""

    @abstractmethod
    def add(self, rows: pd.DataFrame) -> None:
        """Add the rows of a round."""

    @abstractmethod
    def flush(self) -> None:
        """Write all rows that are not on disk yet."""

    @abstractmethod
    def truncate_after(self, number: int) -> None:
        """Drop the rows of later rounds, which will be played again.

        Args:
            number: Last round to keep.
        """

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """Return all rows, in the order of rounds."""


class MemoryTraceStore(TraceStore):
    """Store in memory, for a run that is not recorded."""

    def __init__(self) -> None:
        self._tables: list[pd.DataFrame] = []

    def add(self, rows: pd.DataFrame) -> None:
        """Add the rows of a round."""
        self._tables.append(rows)

    def flush(self) -> None:
        """Do nothing: there is no file."""

    def truncate_after(self, number: int) -> None:
        """Drop the rows of later rounds."""
        self._tables = [table for table in self._tables if int(table["round"].iloc[0]) <= number]

    def table(self) -> pd.DataFrame:
        """Return all rows, in the order of rounds."""
        return pd.concat(self._tables, ignore_index=True).astype(COLUMNS) if self._tables else empty_table()


class ParquetTraceStore(TraceStore):
    """Store in Parquet files, for a run that is recorded.

    Args:
        run: Folder of the run.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, run: Path) -> None:
        import_pyarrow()
        self._folder = run / FOLDER
        self._part: list[pd.DataFrame] = []
        self._rows = self._unwritten = 0
        self._written_at = time.monotonic()

    def add(self, rows: pd.DataFrame) -> None:
        """Add the rows of a round; they are written within a few seconds."""
        self._part.append(rows)
        self._rows += len(rows)
        self._unwritten += len(rows)
        waited = time.monotonic() - self._written_at
        if self._rows >= ROWS_PER_PART or self._unwritten >= MAX_UNWRITTEN_ROWS or waited >= MAX_UNWRITTEN_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the last part, and close it if it is full."""
        if self._unwritten:
            whole = pd.concat(self._part, ignore_index=True)
            self._write(_part_name(int(whole["round"].iloc[0])), whole)
            self._part = [whole]
        if self._rows >= ROWS_PER_PART:
            self._part, self._rows = [], 0
        self._unwritten, self._written_at = 0, time.monotonic()

    def truncate_after(self, number: int) -> None:
        """Drop the rows of later rounds, and continue in the last part if it is not full."""
        self._part, self._rows, self._unwritten = [], 0, 0
        for path in reversed(part_files(self._folder.parent)):
            table = read_trace_file(path)
            kept = table[table["round"] <= number]
            if kept.empty:
                with writing(path):
                    inside(self._folder.parent, f"{FOLDER}/{path.name}").unlink()
                continue
            if len(kept) < len(table):
                self._write(path.name, kept)
            if len(kept) < ROWS_PER_PART:
                self._part, self._rows = [kept.reset_index(drop=True)], len(kept)
            return

    def _write(self, name: str, table: pd.DataFrame) -> None:
        path = inside(self._folder.parent, f"{FOLDER}/{name}")
        with writing(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, traces_to_parquet(table))

    def table(self) -> pd.DataFrame:
        """Return all rows, from the files."""
        self.flush()
        return traces(self._folder.parent) if part_files(self._folder.parent) else empty_table()


def traces(folder: str | Path) -> pd.DataFrame:
    """Return the traces of a recorded run: a row for each traced neuron and round, in the order of rounds.

    Args:
        folder: Folder of the run, which may still go on.

    Raises:
        DataError: There are no traces, or they cannot be read.
    """
    path = named_path("folder", folder)
    found = part_files(path)
    if not found and any((path / FOLDER).glob("*.parquet")):
        raise DataError(f"the traces in '{folder}' are of a sweep: neuronet.sweep.read_traces reads them")
    if not found:
        raise DataError(f"there are no traces in '{folder}': train with trace='hidden:16 every 10'")
    return pd.concat([read_trace_file(path) for path in found], ignore_index=True)


def part_files(run: Path) -> list[Path]:
    """Return the Parquet files of a run's traces, in the order of rounds."""
    return sorted((run / FOLDER).glob("part-*.parquet"))


def _part_name(first: int) -> str:
    return f"part-{first:012d}.parquet"


def import_pyarrow() -> Any:
    """Return pyarrow, with its module of Parquet files.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("traces are Parquet files, which need pyarrow: pip install 'neuronet[data]'") from None
    return pyarrow


def traces_to_parquet(table: pd.DataFrame) -> bytes:
    """Return the rows of traces as a Parquet file."""
    arrow = import_pyarrow()
    kinds = {"int64": arrow.int64(), "float64": arrow.float64(), "bool": arrow.bool_(), "object": arrow.string()}
    schema = arrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    sink = arrow.BufferOutputStream()
    arrow.parquet.write_table(arrow.Table.from_pandas(table, schema=schema, preserve_index=False), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_trace_file(path: Path, kind: str = "run") -> pd.DataFrame:
    """Return the rows of a Parquet file of traces.

    Args:
        path: The file.
        kind: What it is a part of, for the message.

    Raises:
        DataError: It cannot be read.
    """
    import_pyarrow()
    check_regular(path, kind)
    try:
        table = pd.read_parquet(path, engine="pyarrow")
        return table[list(COLUMNS)].astype(COLUMNS)
    except Exception as error:  # pyarrow's errors have no common class
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"cannot read the traces '{path}': {what}") from None

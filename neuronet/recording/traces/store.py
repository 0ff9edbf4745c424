"""The traces of a run: rows kept in memory, or written to Parquet as the run goes, and read back as a table.

In a run's folder they are in `traces/`, in parts of some ten thousand rows. The last part is written anew, whole or not at all,
whenever rows have come in; so a run that is killed keeps what was written, and one that is resumed goes on in the same part.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.errors import NeuroNetError
from neuronet.recording.atomic_write import write_atomically
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
"""The columns of a trace and their types; docs/traces.md says what each means."""

ROWS_PER_PART = 50_000
MAX_UNWRITTEN_ROWS, MAX_UNWRITTEN_SECONDS = 10_000, 5.0
"""How many rows, and for how long, may wait before the last part is written again."""


def empty_table() -> pd.DataFrame:
    """A table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


class TraceStore(ABC):
    """Where the rows of traces go."""

    @abstractmethod
    def add(self, rows: pd.DataFrame) -> None:
        """Take the rows of a round."""

    @abstractmethod
    def flush(self) -> None:
        """Let nothing wait any longer."""

    @abstractmethod
    def truncate_after(self, number: int) -> None:
        """Drop the rows of rounds after this one: they will be played again."""

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """All rows, in the order of rounds."""


class MemoryTraceStore(TraceStore):
    """Rows of a run that is not recorded."""

    def __init__(self) -> None:
        self._tables: list[pd.DataFrame] = []

    def add(self, rows: pd.DataFrame) -> None:
        """Keep them."""
        self._tables.append(rows)

    def flush(self) -> None:
        """Nothing waits."""

    def truncate_after(self, number: int) -> None:
        """Drop the tables of later rounds."""
        self._tables = [table for table in self._tables if int(table["round"].iloc[0]) <= number]

    def table(self) -> pd.DataFrame:
        """All rows."""
        return pd.concat(self._tables, ignore_index=True).astype(COLUMNS) if self._tables else empty_table()


class ParquetTraceStore(TraceStore):
    """Rows of a run that is recorded.

    Args:
        run: The run's folder.

    Raises:
        NeuroNetError: pyarrow is not installed.
    """

    def __init__(self, run: Path) -> None:
        _import_pyarrow()
        self._folder = run / FOLDER
        self._part: list[pd.DataFrame] = []
        self._rows = self._unwritten = 0
        self._written_at = time.monotonic()

    def add(self, rows: pd.DataFrame) -> None:
        """Write them soon."""
        self._part.append(rows)
        self._rows += len(rows)
        self._unwritten += len(rows)
        waited = time.monotonic() - self._written_at
        if self._rows >= ROWS_PER_PART or self._unwritten >= MAX_UNWRITTEN_ROWS or waited >= MAX_UNWRITTEN_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the last part; one that is full is closed."""
        if self._unwritten:
            self._folder.mkdir(parents=True, exist_ok=True)
            whole = pd.concat(self._part, ignore_index=True)
            write_atomically(self._folder / _part_name(int(whole["round"].iloc[0])), _to_parquet(whole))
            self._part = [whole]
        if self._rows >= ROWS_PER_PART:
            self._part, self._rows = [], 0
        self._unwritten, self._written_at = 0, time.monotonic()

    def truncate_after(self, number: int) -> None:
        """Drop what is later, and go on in the last part that is left, if it is not full."""
        self._part, self._rows, self._unwritten = [], 0, 0
        for path in reversed(part_files(self._folder.parent)):
            table = _read(path)
            kept = table[table["round"] <= number]
            if kept.empty:
                path.unlink()
                continue
            if len(kept) < len(table):
                write_atomically(path, _to_parquet(kept))
            if len(kept) < ROWS_PER_PART:
                self._part, self._rows = [kept.reset_index(drop=True)], len(kept)
            return

    def table(self) -> pd.DataFrame:
        """All rows, from the files."""
        self.flush()
        return traces(self._folder.parent) if part_files(self._folder.parent) else empty_table()


def traces(folder: str | Path) -> pd.DataFrame:
    """What a run has traced so far: a row for each neuron and round that is traced, in the order of rounds.

    Args:
        folder: Where the run is recorded; it may still be going on.

    Raises:
        NeuroNetError: There are no traces, or they cannot be read.
    """
    found = part_files(Path(folder))
    if not found:
        raise NeuroNetError(f"there are no traces in '{folder}': train with trace='hidden:16 every 10'")
    return pd.concat([_read(path) for path in found], ignore_index=True)


def part_files(run: Path) -> list[Path]:
    """The parts of a run's traces, the first rounds first."""
    return sorted((run / FOLDER).glob("part-*.parquet"))


def _part_name(first: int) -> str:
    return f"part-{first:012d}.parquet"


def _import_pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise NeuroNetError("traces are Parquet files, which need pyarrow: pip install 'neuronet[data]'") from None
    return pyarrow


def _to_parquet(table: pd.DataFrame) -> bytes:
    arrow = _import_pyarrow()
    kinds = {"int64": arrow.int64(), "float64": arrow.float64(), "bool": arrow.bool_(), "object": arrow.string()}
    schema = arrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    sink = arrow.BufferOutputStream()
    arrow.parquet.write_table(arrow.Table.from_pandas(table, schema=schema, preserve_index=False), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _read(path: Path) -> pd.DataFrame:
    _import_pyarrow()
    try:
        table = pd.read_parquet(path, engine="pyarrow")
        return table[list(COLUMNS)].astype(COLUMNS)
    except Exception as error:  # pyarrow's errors have no common class
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise NeuroNetError(f"cannot read the traces '{path}': {what}") from None

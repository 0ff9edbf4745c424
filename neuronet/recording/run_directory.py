"""Folder of a run: written while the run goes on, read when it is resumed.

config.json              the resolved configuration; `neuronet run --config` reads it too
manifest.json            versions, machine, command and checksums of the data
metrics.csv              a line for each epoch (and replica), appended as it ends
alignment.csv            the same for each layer and group of neurons, if alignment is measured
inequality.csv           the same, if the inequality of attention is measured
events.jsonl             a line for each intervention (and replica), appended as it is applied
traces/                  Parquet files with a row for each traced neuron and round
checkpoint.safetensors   the last checkpoint, replaced atomically
network.safetensors      the network that the run started with, if it was given one
model.safetensors        the trained network of the first replica, for prediction; written when the run ends or is interrupted
best.safetensors         the same as it was after its best epoch, if that is asked for
curves.png, network.png  drawn at the end, and alignment.png and inequality.png
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import pandas as pd
from pydantic import BaseModel

from neuronet.core import DataError, Network, StudyMismatchError
from neuronet.recording.atomic_write import remove_partial_files
from neuronet.recording.checkpoint import Arrays, Checkpoint, Metadata, network_from_arrays, network_to_arrays
from neuronet.recording.files import check_regular, read_text, reading
from neuronet.recording.study_store import StudyStore
from neuronet.recording.traces.store import FOLDER

Config = TypeVar("Config", bound=BaseModel)
Rows = Sequence[Mapping[str, Any]]

CONFIG, METRICS, CHECKPOINT, NETWORK = "config.json", "metrics.csv", "checkpoint.safetensors", "network.safetensors"
MODEL, BEST_MODEL = "model.safetensors", "best.safetensors"
ALIGNMENT, INEQUALITY, EVENTS = "alignment.csv", "inequality.csv", "events.jsonl"

_KEYS = {"epoch": "count", "round": "count", "replica": "index"}
_INEQUALITY = ("gini", "top_tenth", "attention", "attention_share")
_ALIGNMENT = ("cosine", "angle", "norm_ratio", "attention_share", "accuracy_lost", "loss_gained")

METRICS_TYPES = {
    **_KEYS,
    "train_loss": "float64",
    "train_accuracy": "share",
    "test_loss": "float64",
    "test_accuracy": "share",
    "seconds": "duration",
}
_NEURON_SET = {**_KEYS, "layer": "index", "group": "object", "neurons": "index"}
ALIGNMENT_TYPES = {**_NEURON_SET, **dict.fromkeys(_ALIGNMENT, "float64"), "policy": "object"}
INEQUALITY_TYPES = {**_NEURON_SET, **dict.fromkeys(_INEQUALITY, "float64"), "policy": "object"}

COLUMNS = tuple(METRICS_TYPES)
ALIGNMENT_COLUMNS = tuple(ALIGNMENT_TYPES)
INEQUALITY_COLUMNS = tuple(INEQUALITY_TYPES)
EVENT_COLUMNS = ("round", "epoch", "replica", "what", "nodes")


class BaseRunDirectory(Generic[Config]):
    """Folder of one run with a configuration, tables that grow, and a checkpoint.

    Args:
        folder: The folder; use `create` for a new run, `open` for one that has begun.
        config: The run's configuration.
    """

    reserved: ClassVar[tuple[str, ...]] = (CONFIG, CHECKPOINT)
    """Files that a folder for a new run must not have."""

    tables: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Columns with their types of each CSV file that grows; the second column is the round."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder = folder
        self.config = config
        self.store = StudyStore(folder, "run")

    @classmethod
    def create(
        cls,
        folder: Path,
        config: Config,
        network: Network | Sequence[Network] | None = None,
        *,
        data: Mapping[str, str] | None = None,
        device: str | None = None,
    ) -> Self:
        """Create the folder of a new run; the configuration is written last, since a folder that has one holds a run.

        Args:
            folder: Its path.
            config: The run's configuration.
            network: The network that the run starts with, or that of each replica, if it was given any.
            data: Checksums of samples, for the manifest.
            device: Device that computes, for the manifest.

        Raises:
            StudyMismatchError: The folder holds a run already.
            DataError: The folder cannot be written.
        """
        directory = cls(folder, config)
        directory.store.reserve(*cls.reserved)
        directory.store.write_manifest(data, device)
        given = () if network is None else (network,) if isinstance(network, Network) else network
        for replica, start in enumerate(given):
            directory.store.save_arrays(network_file(replica), *network_to_arrays(start))
        directory.update_config()
        return directory

    @classmethod
    def open(cls, folder: Path, read_config: Callable[[Path], Config]) -> Self:
        """Open the folder of a run that has begun.

        Args:
            folder: The folder.
            read_config: Reads the configuration from its file.

        Raises:
            StudyMismatchError: The folder holds no run.
            DataError: Its configuration is not a regular file.
        """
        cls.require(folder)
        check_regular(folder / CONFIG, "run")
        return cls(folder, read_config(folder / CONFIG))

    @classmethod
    def require(cls, folder: Path) -> None:
        """Refuse a folder without a run.

        Raises:
            StudyMismatchError: The folder holds no run.
        """
        if not (folder / CONFIG).exists():
            raise StudyMismatchError(f"there is no run in '{folder}': it has no {CONFIG}")

    def update_config(self, **changes: Any) -> None:
        """Change fields of the configuration, and write it, with all parameters of its specs."""
        self.config = self.config.model_copy(update=changes)
        self.store.write(CONFIG, (self.config.model_dump_json(indent=2, context={"recorded": True}) + "\n").encode())

    def append_rows(self, name: str, rows: Rows) -> None:
        """Append rows to one of the tables."""
        self.store.append_rows(name, rows, self.tables[name])

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables so far, without rows if there are none, and without a row that is being written.

        Raises:
            DataError: It cannot be read.
        """
        return self.store.read_table(name, self.tables[name], is_growing=True)

    def truncate_after(self, number: int) -> None:
        """Drop the rows of later rounds, which will be played again, and what a killed process has left half-written.

        Args:
            number: Last round to keep.
        """
        remove_partial_files(self.folder)
        for name, columns in self.tables.items():
            if self.store.has(name):
                self.store.write(name, _truncated(self.folder / name, number, len(columns)).encode())


class RunDirectory(BaseRunDirectory[Config]):
    """Folder of one training run."""

    reserved = (CONFIG, METRICS, ALIGNMENT, INEQUALITY, EVENTS, CHECKPOINT, NETWORK, MODEL, BEST_MODEL, FOLDER)
    tables: ClassVar[Mapping[str, Mapping[str, str]]] = {
        METRICS: METRICS_TYPES,
        ALIGNMENT: ALIGNMENT_TYPES,
        INEQUALITY: INEQUALITY_TYPES,
    }

    def append_events(self, rows: Rows) -> None:
        """Append the rows of an intervention to the events."""
        self.store.append(EVENTS, _json_lines(rows))

    def rewrite_events(self, rows: Rows) -> None:
        """Replace the events by these rows; later interventions will be applied again."""
        if rows or self.store.has(EVENTS):
            self.store.write(EVENTS, _json_lines(rows).encode())

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        self.store.save_arrays(CHECKPOINT, *checkpoint.to_arrays())

    def save_model(self, arrays: Arrays, metadata: Metadata) -> None:
        """Replace the trained network."""
        self.store.save_arrays(MODEL, arrays, metadata)

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint, or None if there is none yet.

        Raises:
            StateError: It cannot be read.
        """
        found = self.store.load_arrays(CHECKPOINT)
        return None if found is None else Checkpoint.from_arrays(self.folder / CHECKPOINT, *found)

    def load_network(self, replica: int = 0) -> Network | None:
        """Return the network that a replica started with, or None if it was generated.

        Args:
            replica: Number of the replica, from 0.

        Raises:
            StateError: It cannot be read.
        """
        name = network_file(replica) if self.store.has(network_file(replica)) else NETWORK  # one network may be that of all
        found = self.store.load_arrays(name)
        return None if found is None else network_from_arrays(self.folder / name, *found)

    def load_networks(self, replicas: int) -> list[Network] | None:
        """Return the network that each replica started with, or None if they were generated; errors as for `load_network`."""
        found = [self.load_network(replica) for replica in range(replicas)] if self.store.has(NETWORK) else []
        return [network for network in found if network is not None] or None


class ReadOnlyRunDirectory(RunDirectory[Config]):
    """Folder of a training run that another process writes; every method that writes does nothing."""

    def __init__(self, folder: Path, config: Config) -> None:
        super().__init__(folder, config)
        self.store = StudyStore(folder, "run", read_only=True)
        self._last_round = 0

    def truncate_after(self, number: int) -> None:
        """Leave out the rows of later rounds; the other process drops them."""
        self._last_round = number

    def table(self, name: str) -> pd.DataFrame:
        """Return a table up to the last round to keep."""
        table = super().table(name)
        return table[table["round"] <= self._last_round].reset_index(drop=True)


def network_file(replica: int) -> str:
    """Return the name of the file with the network that a replica started with."""
    return NETWORK if replica == 0 else NETWORK.replace(".", f"-{replica}.")


def _json_lines(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _truncated(path: Path, number: int, columns: int) -> str:
    """Return the lines of a CSV file up to a round, which is in the second column, without a last one that has no end."""
    lines = read_text(path, "run").split("\n")[:-1]
    with reading(path, "run"):
        rows = {place: next(csv.reader([line])) for place, line in enumerate(lines, 1) if line.strip()}
    for place, row in rows.items():
        if len(row) != columns:
            raise DataError(f"cannot read '{path}', a part of this run: line {place} has {len(row)} of {columns} columns")
    header = next(iter(rows), 0)
    try:
        kept = [place for place, row in rows.items() if place == header or int(row[1]) <= number]
    except ValueError:
        raise DataError(f"cannot read '{path}', a part of this run: a line has no round number in its second column") from None
    return "".join(f"{lines[place - 1]}\n" for place in kept)

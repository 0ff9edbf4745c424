"""The folder of a run: configuration, metrics, checkpoint. Written as the run goes, read when it is resumed.

config.json              the resolved configuration; `neuronet run --config` reads it too
metrics.csv              a line for each epoch (and replica), appended as it ends
alignment.csv            the same for each layer and group of neurons, if alignment is measured
events.jsonl             a line for each intervention (and replica), appended as it happens
traces/                  Parquet files with a row for each neuron and round that is traced
checkpoint.safetensors   the last checkpoint, replaced atomically
network.safetensors      the network that the run began with, if it was given one
curves.png, network.png  drawn at the end, and alignment.png
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.engines.base import State
from neuronet.recording.atomic_write import write_atomically
from neuronet.recording.traces.store import FOLDER
from neuronet.training.config import RunConfig, make_config, read_options

CONFIG, METRICS, CHECKPOINT, NETWORK = "config.json", "metrics.csv", "checkpoint.safetensors", "network.safetensors"
ALIGNMENT, EVENTS = "alignment.csv", "events.jsonl"
FORMAT, FORMAT_WITH_STRUCTURE = "1", "2"
"""Of a checkpoint: the second where interventions have changed the game, so that its structure belongs to it."""
STRUCTURE = "structure."
PROVENANCE_PREFIX = "provenance."
COLUMNS = (
    "epoch",
    "round",
    "replica",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "seconds",
)
ALIGNMENT_COLUMNS = (
    *COLUMNS[:3],
    "layer",
    "group",
    "neurons",
    "cosine",
    "angle",
    "norm_ratio",
    "attention_share",
    "accuracy_lost",
    "loss_gained",
    "policy",
)
INTEGER_COLUMNS = {*COLUMNS[:3], "layer", "neurons"}
TEXT_COLUMNS = {"group", "policy"}
EVENT_COLUMNS = ("round", "epoch", "replica", "what", "nodes")


@dataclass(frozen=True, eq=False)
class InterventionLog:
    """What interventions have made of a run.

    Attributes:
        applied: How many of those that are planned have happened.
        rows_json: Their rows, as JSON.
        structure: The arrays of the game's structure.
        metadata: What else there is to say of it, as JSON.
    """

    applied: int
    rows_json: str
    structure: Mapping[str, NDArray[Any]]
    metadata: str

    def rows(self) -> list[dict[str, Any]]:
        """A row for each intervention and replica."""
        rows: list[dict[str, Any]] = json.loads(self.rows_json)
        return rows


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a run stands.

    Attributes:
        state: The game's state.
        loss_sum: The sum of the losses of this epoch's samples so far, (R,).
        seconds: Time spent so far.
        provenance: What else the run depends on, by name, so that it is not resumed with another: samples, policies, network.
        intervention_log: What interventions have made of it; None if there were none.
    """

    state: State
    loss_sum: NDArray[np.float64]
    seconds: float
    provenance: Mapping[str, str]
    intervention_log: InterventionLog | None = None


class RunDirectory:
    """A run's folder, open for writing.

    Args:
        folder: Where; made by `create`, or there already for RunDirectory.open(.
        config: The run's configuration.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def create(cls, folder: Path, config: RunConfig, network: Network | None = None) -> RunDirectory:
        """A new run's folder, with its configuration in it; that comes last, since with it the run has begun.

        Args:
            folder: Where.
            config: The run's configuration.
            network: The network that the run begins with, if it was given one.

        Raises:
            NeuroNetError: There is a run already, or the folder cannot be made.
        """
        if any((folder / name).exists() for name in (CONFIG, METRICS, ALIGNMENT, EVENTS, CHECKPOINT, NETWORK, FOLDER)):
            raise NeuroNetError(f"'{folder}' holds a run already: resume it with --resume, or choose another folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if network is not None:
                cls(folder, config).save_network(network)
            write_atomically(folder / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{folder}': {error.strerror}") from None
        return cls(folder, config)

    @classmethod
    def open(cls, folder: Path) -> RunDirectory:
        """The folder of a run that has begun.

        Raises:
            NeuroNetError: There is no run in it.
        """
        if not (folder / CONFIG).is_file():
            raise NeuroNetError(f"there is no run in '{folder}': it has no {CONFIG}")
        return cls(folder, make_config(read_options(folder / CONFIG), recorded=True))

    def extend(self, epochs: int) -> None:
        """Let the run go on for longer than first planned."""
        self.config = self.config.model_copy(update={"epochs": epochs})
        write_atomically(self.folder / CONFIG, (self.config.model_dump_json(indent=2) + "\n").encode())

    def append(self, rows: list[Mapping[str, Any]]) -> None:
        """Add an epoch's lines to the metrics."""
        _append(self.folder / METRICS, rows, COLUMNS)

    def append_alignment(self, rows: list[Mapping[str, Any]]) -> None:
        """Add an epoch's lines to the alignment."""
        _append(self.folder / ALIGNMENT, rows, ALIGNMENT_COLUMNS)

    def append_events(self, rows: list[dict[str, Any]]) -> None:
        """Add a line for each row of an intervention."""
        with (self.folder / EVENTS).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def rewrite_events(self, rows: list[dict[str, Any]]) -> None:
        """Keep the lines of these rows alone: the others will happen again."""
        if rows or (self.folder / EVENTS).exists():
            write_atomically(self.folder / EVENTS, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        from safetensors.numpy import save

        arrays = {**checkpoint.state.arrays, "run.loss_sum": checkpoint.loss_sum}
        metadata = {"format": FORMAT, "round": str(checkpoint.state.round), "seconds": repr(checkpoint.seconds)}
        metadata |= {f"{PROVENANCE_PREFIX}{part}": text for part, text in checkpoint.provenance.items()}
        if checkpoint.intervention_log is not None:
            intervention_log = checkpoint.intervention_log
            arrays |= {f"{STRUCTURE}{name}": array for name, array in intervention_log.structure.items()}
            metadata |= {
                "format": FORMAT_WITH_STRUCTURE,
                "events": intervention_log.rows_json,
                "applied": str(intervention_log.applied),
                "metadata": intervention_log.metadata,
            }
        write_atomically(
            self.folder / CHECKPOINT, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
        )

    def load(self) -> Checkpoint | None:
        """The last checkpoint, or None if there is none yet.

        Raises:
            NeuroNetError: It cannot be read.
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return None
        metadata, arrays = _read_safetensors(path)
        if metadata.get("format") not in (FORMAT, FORMAT_WITH_STRUCTURE) or "run.loss_sum" not in arrays:
            raise NeuroNetError(f"'{path}' is no checkpoint of a run that this version can read")
        intervention_log = _read_intervention_log(path, metadata, arrays) if metadata["format"] == FORMAT_WITH_STRUCTURE else None
        loss_sum = arrays.pop("run.loss_sum")
        provenance = {
            name.removeprefix(PROVENANCE_PREFIX): text for name, text in metadata.items() if name.startswith(PROVENANCE_PREFIX)
        }
        return Checkpoint(
            State(int(metadata["round"]), arrays), loss_sum, float(metadata["seconds"]), provenance, intervention_log
        )

    def save_network(self, network: Network) -> None:
        """Keep the network that the run begins with."""
        from safetensors.numpy import save

        arrays: dict[str, Any] = {}
        for layer, (weights, bias, mask) in enumerate(zip(network.weights, network.biases, network.masks, strict=True), start=1):
            arrays |= {f"{layer}.weights": weights, f"{layer}.bias": bias}
            if mask is not None:
                arrays[f"{layer}.mask"] = mask
        arrays |= {f"{layer}.nodes": nodes for layer, nodes in enumerate(network.nodes)}
        metadata = {"format": FORMAT, "activations": ",".join(network.activations)}
        write_atomically(self.folder / NETWORK, save({k: np.ascontiguousarray(a) for k, a in arrays.items()}, metadata))

    def load_network(self) -> Network | None:
        """The network that the run began with, or None if it was a fresh one.

        Raises:
            NeuroNetError: It cannot be read.
        """
        path = self.folder / NETWORK
        if not path.exists():
            return None
        metadata, arrays = _read_safetensors(path)
        activations = tuple(metadata.get("activations", "").split(","))
        layers = range(1, len(activations) + 1)
        try:
            return Network(
                weights=tuple(arrays[f"{layer}.weights"] for layer in layers),
                biases=tuple(arrays[f"{layer}.bias"] for layer in layers),
                masks=tuple(arrays.get(f"{layer}.mask") for layer in layers),
                activations=activations,
                nodes=tuple(arrays[f"{layer}.nodes"] for layer in range(len(activations) + 1)),
            )
        except KeyError as error:
            raise NeuroNetError(f"'{path}' is no network: it has no {error}") from None

    def metrics(self) -> pd.DataFrame:
        """The metrics so far; empty if there are none.

        Raises:
            NeuroNetError: They cannot be read.
        """
        return _read_table(self.folder / METRICS, COLUMNS, "metrics")

    def alignment(self) -> pd.DataFrame:
        """The alignment so far; empty if there is none.

        Raises:
            NeuroNetError: It cannot be read.
        """
        return _read_table(self.folder / ALIGNMENT, ALIGNMENT_COLUMNS, "alignment")

    def truncate_after(self, number: int) -> None:
        """Drop what was measured in rounds after this one, and a last line that was cut off: they will be played again."""
        _truncate(self.folder / METRICS, number, len(COLUMNS), "metrics")
        _truncate(self.folder / ALIGNMENT, number, len(ALIGNMENT_COLUMNS), "alignment")


def _read_intervention_log(path: Path, metadata: Mapping[str, str], arrays: dict[str, NDArray[Any]]) -> InterventionLog:
    """What interventions have made of a run; its arrays are taken out of the others."""
    structure = {name: arrays.pop(name) for name in list(arrays) if name.startswith(STRUCTURE)}
    try:
        intervention_log = InterventionLog(
            int(metadata["applied"]),
            metadata["events"],
            {name.removeprefix(STRUCTURE): a for name, a in structure.items()},
            metadata["metadata"],
        )
        intervention_log.rows()
    except (KeyError, ValueError) as error:
        raise NeuroNetError(f"'{path}' is broken: it does not say what interventions have happened ({error})") from None
    return intervention_log


def _append(path: Path, rows: list[Mapping[str, Any]], columns: Sequence[str]) -> None:
    table = pd.DataFrame(rows, columns=list(columns))
    with path.open("a", newline="") as file:
        table.to_csv(file, header=file.tell() == 0, index=False)


def _read_table(path: Path, columns: Sequence[str], what: str) -> pd.DataFrame:
    if not path.exists() or path.stat().st_size == 0:
        return pd.DataFrame(columns=list(columns))
    try:
        texts = pd.read_csv(path, dtype=str, keep_default_na=False)  # reading them as numbers may round the last digit
        texts = texts.mask((texts == "") & ~texts.columns.isin(TEXT_COLUMNS), "nan")
        kinds = {name: "int64" if name in INTEGER_COLUMNS else "float64" for name in columns if name not in TEXT_COLUMNS}
        return texts[list(columns)].astype(kinds)
    except (OSError, ValueError, KeyError) as error:
        raise NeuroNetError(f"cannot read the {what} '{path}': {error}") from None


def _truncate(path: Path, number: int, columns: int, what: str) -> None:
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n") and len(next(csv.reader([line]))) == columns]
    try:
        kept = whole[:1] + [line for line in whole[1:] if int(line.split(",")[1]) <= number]
    except ValueError:
        raise NeuroNetError(f"cannot read the {what} '{path}': a line has no round number in its second column") from None
    write_atomically(path, "".join(kept).encode())


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise NeuroNetError(f"cannot read '{path}': {error}") from None

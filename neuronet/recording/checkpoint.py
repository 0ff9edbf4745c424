"""Checkpoint of a run, and the network that it started with, as arrays and metadata of safetensors files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Network, Pattern, SparseNetwork, StateError
from neuronet.engines.base import State
from neuronet.interventions import InterventionLog, Structure

FORMAT, FORMAT_WITH_STRUCTURE = "1", "2"
"""Version of a checkpoint; the second is for a run with a network that interventions have changed."""

LOSS_SUM = "run.loss_sum"
STRUCTURE_PREFIX = "structure."
PROVENANCE_PREFIX = "provenance."

Arrays = dict[str, NDArray[Any]]
Metadata = dict[str, str]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """State of a run between two rounds.

    Attributes:
        state: State of the engine.
        loss_sum: Sum of the losses of this epoch's samples so far, (R,).
        seconds: Time spent so far.
        provenance: What else the run depends on, by name: samples, policies, first networks.
        intervention_log: Interventions applied so far; None if there were none.
    """

    state: State
    loss_sum: NDArray[np.float64]
    seconds: float
    provenance: Mapping[str, str]
    intervention_log: InterventionLog | None = None

    def to_arrays(self) -> tuple[Arrays, Metadata]:
        """Return the arrays and the metadata of the file."""
        arrays: Arrays = {**self.state.to_arrays(), LOSS_SUM: self.loss_sum}
        metadata = {"format": FORMAT, "round": str(self.state.round), "seconds": repr(self.seconds)}
        metadata |= {f"{PROVENANCE_PREFIX}{name}": text for name, text in self.provenance.items()}
        log = self.intervention_log
        if log is not None:
            arrays |= {f"{STRUCTURE_PREFIX}{name}": array for name, array in log.structure.arrays.items()}
            metadata |= {"format": FORMAT_WITH_STRUCTURE, "events": log.rows_json, "applied": str(log.applied)}
            metadata["metadata"] = log.structure.metadata
        return arrays, metadata

    @classmethod
    def from_arrays(cls, path: Path, metadata: Metadata, arrays: Arrays) -> Checkpoint:
        """Return the checkpoint in a file.

        Args:
            path: The file, for messages.
            metadata: Its metadata.
            arrays: Its arrays.

        Raises:
            StateError: It is not a checkpoint, or a broken one.
        """
        if metadata.get("format") not in (FORMAT, FORMAT_WITH_STRUCTURE) or LOSS_SUM not in arrays:
            raise StateError(f"'{path}' is not a checkpoint of a run that this version can read")
        structure = _without_prefix(arrays, STRUCTURE_PREFIX)
        log = _read_log(path, metadata, structure) if metadata["format"] == FORMAT_WITH_STRUCTURE else None
        own = {name: array for name, array in arrays.items() if name != LOSS_SUM and not name.startswith(STRUCTURE_PREFIX)}
        number, seconds = read_progress(path, metadata)
        return cls(
            State.from_arrays(number, own), _loss_sum(path, arrays), seconds, _without_prefix(metadata, PROVENANCE_PREFIX), log
        )


def read_progress(path: Path, metadata: Metadata) -> tuple[int, float]:
    """Return the number of rounds and the seconds until a checkpoint of any kind of run.

    Args:
        path: The file, for messages.
        metadata: Its metadata.

    Raises:
        StateError: They are missing, or not such numbers.
    """
    number, seconds = metadata.get("round", ""), metadata.get("seconds", "")
    if not re.fullmatch(r"[0-9]{1,15}", number):
        raise StateError(f"'{path}' is broken: its round must be an integer of 0 or more, got '{number}'")
    spent = float(seconds) if re.fullmatch(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", seconds) else math.nan
    if not math.isfinite(spent):
        raise StateError(f"'{path}' is broken: its seconds must be a number of 0 or more, got '{seconds}'")
    return int(number), spent


def _loss_sum(path: Path, arrays: Arrays) -> NDArray[np.float64]:
    losses = arrays[LOSS_SUM]
    if losses.dtype != np.float64 or losses.ndim != 1 or not np.isfinite(losses).all():
        raise StateError(f"'{path}' is broken: its {LOSS_SUM} must be a finite number of type float64 for each replica")
    return losses


def _without_prefix(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the values with a prefix in their names, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _read_log(path: Path, metadata: Metadata, structure: Arrays) -> InterventionLog:
    try:
        log = InterventionLog(int(metadata["applied"]), metadata["events"], Structure(structure, metadata["metadata"]))
        log.rows()
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise StateError(f"'{path}' is broken: its record of interventions cannot be read ({error})") from None
    return log


def network_to_arrays(network: Network) -> tuple[Arrays, Metadata]:
    """Return the arrays and the metadata of a network's file."""
    arrays: Arrays = {f"{layer}.bias": bias for layer, bias in enumerate(network.biases, start=1)}
    if isinstance(network, SparseNetwork):
        for layer, (values, pattern) in enumerate(zip(network.values, network.patterns, strict=True), start=1):
            arrays |= {f"{layer}.weights": values, f"{layer}.starts": pattern.starts, f"{layer}.columns": pattern.columns}
    else:
        arrays |= {f"{layer}.weights": weights for layer, weights in enumerate(network.weights, start=1)}
        arrays |= {f"{layer}.mask": mask for layer, mask in enumerate(network.masks, start=1) if mask is not None}
    arrays |= {f"{layer}.nodes": nodes for layer, nodes in enumerate(network.nodes)}
    return arrays, {"format": FORMAT, "activations": ",".join(network.activations)}


def network_from_arrays(path: Path, metadata: Metadata, arrays: Arrays) -> Network:
    """Return the network in a file.

    Raises:
        StateError: It is not a network.
    """
    activations = tuple(metadata.get("activations", "").split(","))
    layers = range(1, len(activations) + 1)
    try:
        weights, biases = (tuple(arrays[f"{layer}.{part}"] for layer in layers) for part in ("weights", "bias"))
        nodes = tuple(arrays[f"{layer}.nodes"] for layer in range(len(activations) + 1))
        if "1.starts" in arrays:
            parts = [(len(nodes[layer - 1]), arrays[f"{layer}.starts"], arrays[f"{layer}.columns"]) for layer in layers]
            return SparseNetwork(weights, tuple(Pattern(*part) for part in parts), biases, activations, nodes)
        masks = tuple(arrays.get(f"{layer}.mask") for layer in layers)
        return Network(weights, biases, masks, activations, nodes)
    except KeyError as error:
        raise StateError(f"'{path}' is not a network: {error} is missing") from None

"""A run's folder as a process sees it that does not write: another one records the run that both of them play."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.structure.network import Network
from neuronet.recording.run_directory import Checkpoint, RunDirectory
from neuronet.training.config import RunConfig


class ReadOnlyRunDirectory(RunDirectory):
    """A record that is only read.

    Args:
        folder: Where the run is recorded.
        config: The run's configuration.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        super().__init__(folder, config)
        self._last_round = 0

    def extend(self, epochs: int) -> None:
        """Let the run go on for longer; the other process notes it."""
        self.config = self.config.model_copy(update={"epochs": epochs})

    def append(self, rows: list[Mapping[str, Any]]) -> None:
        """Nothing."""

    def append_alignment(self, rows: list[Mapping[str, Any]]) -> None:
        """Nothing."""

    def append_events(self, rows: list[dict[str, Any]]) -> None:
        """Nothing."""

    def rewrite_events(self, rows: list[dict[str, Any]]) -> None:
        """Nothing."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Nothing."""

    def save_network(self, network: Network) -> None:
        """Nothing."""

    def truncate_after(self, number: int) -> None:
        """Leave out what was measured in rounds after this one; the other process drops it."""
        self._last_round = number

    def metrics(self) -> pd.DataFrame:
        """The metrics up to the last round that counts."""
        return self._until_last_round(super().metrics())

    def alignment(self) -> pd.DataFrame:
        """The alignment up to the last round that counts."""
        return self._until_last_round(super().alignment())

    def _until_last_round(self, table: pd.DataFrame) -> pd.DataFrame:
        return table[table["round"] <= self._last_round].reset_index(drop=True)

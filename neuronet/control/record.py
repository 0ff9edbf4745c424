"""Folder of a run in a Gymnasium environment.

config.json              the resolved configuration
episodes.csv             one row per episode, appended after its round
checkpoint.safetensors   the last checkpoint, replaced atomically
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from neuronet.control.config import ControlConfig
from neuronet.core import StateError
from neuronet.engines.base import State
from neuronet.recording import CHECKPOINT, CONFIG, BaseRunDirectory, read_progress

EPISODES = "episodes.csv"
FORMAT = "control 1"

EPISODE_TYPES = {"episode": "count", "round": "count", "return": "float64", "steps": "count"}
"""Columns of an episode with their types: its number and that of its round, from 1; its sum of rewards; and its length."""


class ControlRunDirectory(BaseRunDirectory[ControlConfig]):
    """Folder of a run in a Gymnasium environment."""

    reserved = (CONFIG, EPISODES, CHECKPOINT)
    tables: ClassVar[Mapping[str, Mapping[str, str]]] = {EPISODES: EPISODE_TYPES}

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append the episodes of a round."""
        self.store.append_rows(EPISODES, rows, EPISODE_TYPES)

    def save(self, state: State, seconds: float) -> None:
        """Replace the checkpoint.

        Args:
            state: State of the engine between two rounds.
            seconds: Time spent so far.
        """
        metadata = {"format": FORMAT, "round": str(state.round), "seconds": repr(seconds)}
        self.store.save_arrays(CHECKPOINT, state.to_arrays(), metadata)

    def load(self) -> tuple[State, float] | None:
        """Return the last checkpoint and the seconds spent until then, or None if there is none yet.

        Raises:
            StateError: It cannot be read.
        """
        checkpoint = self.store.load_arrays(CHECKPOINT)
        if checkpoint is None:
            return None
        metadata, arrays = checkpoint
        if metadata.get("format") != FORMAT:
            raise StateError(f"'{self.folder / CHECKPOINT}' is not a checkpoint of a run that this version can read")
        number, seconds = read_progress(self.folder / CHECKPOINT, metadata)
        return State.from_arrays(number, arrays), seconds

    def episodes(self) -> pd.DataFrame:
        """Return the episodes so far.

        Raises:
            DataError: They cannot be read.
        """
        return self.store.read_table(EPISODES, EPISODE_TYPES)

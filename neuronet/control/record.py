"""Folder of a run in a Gymnasium environment.

config.json              the resolved configuration
episodes.csv             one row per episode, appended after its round
checkpoint.safetensors   the last checkpoint, replaced atomically
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from neuronet.control.config import ControlConfig
from neuronet.core import StateError
from neuronet.engines.base import State
from neuronet.recording import CHECKPOINT, CONFIG, BaseRunDirectory

EPISODES = "episodes.csv"
FORMAT = "control 1"


@dataclass(frozen=True)
class EpisodeRow:
    """Record of an episode.

    Attributes:
        episode: Number of the episode, from 1.
        round: Number of its round, from 1.
        total: Return: the sum of rewards, not discounted.
        steps: Length of the episode.
    """

    episode: int
    round: int
    total: float
    steps: int

    def __str__(self) -> str:
        return ",".join(map(repr, astuple(self)))

    @classmethod
    def parse(cls, text: str) -> EpisodeRow:
        """Return the record in a row of episodes.csv."""
        episode, number, total, steps = text.split(",")
        return cls(int(episode), int(number), float(total), int(steps))


HEADER = ",".join("return" if field.name == "total" else field.name for field in fields(EpisodeRow))


class ControlRunDirectory(BaseRunDirectory[ControlConfig]):
    """Folder of a run in a Gymnasium environment."""

    reserved = (CONFIG, EPISODES, CHECKPOINT)

    def set_rounds(self, rounds: int) -> None:
        """Write the configuration with a new number of rounds."""
        self.update_config(rounds=rounds)

    def append(self, rows: Sequence[EpisodeRow]) -> None:
        """Append the episodes of a round."""
        self.store.append(EPISODES, "".join(f"{row}\n" for row in rows), f"{HEADER}\n")

    def save(self, state: State, seconds: float) -> None:
        """Replace the checkpoint.

        Args:
            state: State of the engine between two rounds.
            seconds: Time spent so far.
        """
        metadata = {"format": FORMAT, "round": str(state.round), "seconds": repr(seconds)}
        self.store.save_arrays(CHECKPOINT, state.arrays, metadata)

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
        return State(int(metadata["round"]), arrays), float(metadata["seconds"])

    def truncate_after(self, number: int) -> list[EpisodeRow]:
        """Drop the episodes after a round from the file, and return the others.

        Raises:
            StateError: The file cannot be read, or episodes are missing.
        """
        path = self.folder / EPISODES
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = [row for row in text.splitlines(keepends=True)[1:] if row.endswith("\n")]
        try:
            rows = [EpisodeRow.parse(row) for row in whole]
        except ValueError:
            raise StateError(f"cannot read '{path}': a row is not of the form {HEADER}") from None
        kept = [row for row in rows if row.round <= number]
        if len(kept) != number * self.config.episodes:
            raise StateError(f"cannot read '{path}': it has {len(kept)} episodes in {number} rounds")
        text = "".join(f"{row}\n" for row in (HEADER, *map(str, kept))) if kept else ""
        self.store.write(EPISODES, text.encode())
        return kept

"""The folder of a run in a Gymnasium environment. Written as the run goes, read when it is resumed.

config.json              the resolved configuration
episodes.csv             a line for each episode, appended as its round ends
checkpoint.safetensors   the last checkpoint, replaced atomically
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from neuronet.control.config import ControlConfig
from neuronet.core.errors import NeuroNetError, StateError
from neuronet.engines.base import State
from neuronet.recording import CHECKPOINT, CONFIG, BaseRunDirectory

EPISODES = "episodes.csv"
FORMAT = "control 1"


@dataclass(frozen=True)
class EpisodeRow:
    """What is recorded of an episode.

    Attributes:
        episode: Its number, from 1.
        round: The number of the round in which it was learnt from, from 1.
        total: Its return: the sum of its rewards, not discounted.
        steps: Its length.
    """

    episode: int
    round: int
    total: float
    steps: int

    def __str__(self) -> str:
        return ",".join(map(repr, astuple(self)))

    @classmethod
    def parse(cls, text: str) -> EpisodeRow:
        """A line of episodes.csv, exactly as it was."""
        episode, number, total, steps = text.split(",")
        return cls(int(episode), int(number), float(total), int(steps))


HEADER = ",".join("return" if field.name == "total" else field.name for field in fields(EpisodeRow))


class ControlRunDirectory(BaseRunDirectory[ControlConfig]):
    """Folder of a run in a Gymnasium environment."""

    reserved = (CONFIG, EPISODES, CHECKPOINT)

    def set_rounds(self, rounds: int) -> None:
        """Write the configuration, with this many rounds."""
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
        found = self.store.load_arrays(CHECKPOINT)
        if found is None:
            return None
        metadata, arrays = found
        if metadata.get("format") != FORMAT:
            raise StateError(f"'{self.folder / CHECKPOINT}' is not a checkpoint of a run that this version can read")
        return State(int(metadata["round"]), arrays), float(metadata["seconds"])

    def truncate_after(self, number: int) -> list[EpisodeRow]:
        """The episodes of the rounds up to this one; all others are dropped, since they will be played again.

        Raises:
            NeuroNetError: They cannot be read, or some are missing.
        """
        path = self.folder / EPISODES
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = [row for row in text.splitlines(keepends=True)[1:] if row.endswith("\n")]
        try:
            rows = [EpisodeRow.parse(row) for row in whole]
        except ValueError:
            raise NeuroNetError(f"cannot read '{path}': a line is not of the form {HEADER}") from None
        kept = [row for row in rows if row.round <= number]
        if len(kept) != number * self.config.episodes:
            raise NeuroNetError(f"cannot read '{path}': it has {len(kept)} episodes in {number} rounds")
        text = "".join(f"{each}\n" for each in (HEADER, *map(str, kept))) if kept else ""
        self.store.write(EPISODES, text.encode())
        return kept

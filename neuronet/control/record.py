"""The folder of a run in a Gymnasium environment. Written as the run goes, read when it is resumed.

config.json              the resolved configuration
episodes.csv             a line for each episode, appended as its round ends
checkpoint.safetensors   the last checkpoint, replaced atomically
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from neuronet.control.config import ControlConfig, make_config
from neuronet.core.errors import NeuroNetError
from neuronet.engines.base import State
from neuronet.recording.atomic_write import write_atomically
from neuronet.training.config import read_options

CONFIG, EPISODES, CHECKPOINT = "config.json", "episodes.csv", "checkpoint.safetensors"
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


class ControlRunDirectory:
    """A run's folder, open for writing.

    Args:
        folder: Where; made by `create`, or there already for `open`.
        config: The run's configuration.
    """

    def __init__(self, folder: Path, config: ControlConfig) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def create(cls, folder: Path, config: ControlConfig) -> ControlRunDirectory:
        """A new run's folder, with its configuration in it.

        Raises:
            NeuroNetError: There is a run already, or the folder cannot be made.
        """
        if any((folder / name).exists() for name in (CONFIG, EPISODES, CHECKPOINT)):
            raise NeuroNetError(f"'{folder}' holds a run already: resume it with --resume, or choose another folder")
        run_directory = cls(folder, config)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run_directory.set_rounds(config.rounds)
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{folder}': {error.strerror}") from None
        return run_directory

    @classmethod
    def open(cls, folder: Path) -> ControlRunDirectory:
        """The folder of a run that has begun.

        Raises:
            NeuroNetError: There is no run in it.
        """
        if not (folder / CONFIG).is_file():
            raise NeuroNetError(f"there is no run in '{folder}': it has no {CONFIG}")
        return cls(folder, make_config(read_options(folder / CONFIG), recorded=True))

    def set_rounds(self, rounds: int) -> None:
        """Write the configuration, with this many rounds."""
        self.config = self.config.model_copy(update={"rounds": rounds})
        write_atomically(self.folder / CONFIG, (self.config.model_dump_json(indent=2) + "\n").encode())

    def append(self, rows: Sequence[EpisodeRow]) -> None:
        """Add the episodes of a round."""
        with (self.folder / EPISODES).open("a", encoding="utf-8") as file:
            head = [] if file.tell() else [HEADER]
            file.writelines(f"{each}\n" for each in (*head, *map(str, rows)))

    def save(self, state: State, seconds: float) -> None:
        """Replace the checkpoint.

        Args:
            state: Where the game stands between two rounds.
            seconds: Time spent so far.
        """
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
        metadata = {"format": FORMAT, "round": str(state.round), "seconds": repr(seconds)}
        write_atomically(self.folder / CHECKPOINT, save(arrays, metadata))

    def load(self) -> tuple[State, float] | None:
        """The last checkpoint and the seconds spent until then, or None if there is none yet.

        Raises:
            NeuroNetError: It cannot be read.
        """
        from safetensors import SafetensorError, safe_open

        path = self.folder / CHECKPOINT
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise NeuroNetError(f"cannot read '{path}': {error}") from None
        if metadata.get("format") != FORMAT:
            raise NeuroNetError(f"'{path}' is no checkpoint of a run that this version can read")
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
        write_atomically(path, text.encode())
        return kept

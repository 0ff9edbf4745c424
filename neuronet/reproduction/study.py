"""Contract of a registered reproduction: what it plays, and what it finds in its records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from neuronet.core import unknown_name_error
from neuronet.reproduction.findings import Finding

Log = Callable[[str], None]


@dataclass(frozen=True)
class RunOptions:
    """How a study runs; no option changes its results.

    Attributes:
        folder: Folder that keeps every result; None for none.
        jobs: Number of processes (>= 1); None for one for each core.
        log: Called with a line of text for each finished part.
    """

    folder: Path | None
    jobs: int | None
    log: Log

    def subfolder(self, name: str) -> Path | None:
        """Return the folder of a part of the study."""
        return None if self.folder is None else self.folder / name


class Reproduction(ABC):
    """Registered study of claims that were published.

    Attributes:
        title: What is studied, in one line.
        source: Publication or code whose claims are tested.
        figure: Name of its figure among `neuronet.recording`'s figures.
    """

    title: str
    source: str
    figure: str

    @property
    @abstractmethod
    def sizes(self) -> Mapping[str, str]:
        """Description of each size, by name, the smallest first."""

    @abstractmethod
    def play(self, size: str, options: RunOptions) -> pd.DataFrame:
        """Play everything of a size and return the records: a row for each run."""

    @abstractmethod
    def find(self, records: pd.DataFrame) -> Sequence[Finding]:
        """Return the findings in the records."""

    @abstractmethod
    def tables(self, records: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
        """Return the tables computed from the records, by name."""

    def check_size(self, size: str) -> None:
        """Raise SpecError unless there is such a size."""
        if size not in self.sizes:
            raise unknown_name_error("size", size, self.sizes)

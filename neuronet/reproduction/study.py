"""A registered reproduction: what it plays, and what it finds in its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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


class Setting(Protocol):
    """Conditions of a part of a study."""

    def describe(self) -> str:
        """Return the conditions in one line."""

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each run."""


@dataclass(frozen=True)
class Reproduction:
    """Registered study of claims that were published.

    Attributes:
        title: What is studied, in one line.
        source: Publication or code whose claims are tested.
        figure: Name of its figure among `neuronet.recording`'s figures.
        settings: Settings of each size, by its name, the smallest first.
        find: Returns the findings in the records, which have a row for each run.
        tables: Returns the tables computed from the records, by name.
        columns: Columns of the records with their types, as in `neuronet.recording`'s tables.
    """

    title: str
    source: str
    figure: str
    settings: Mapping[str, Sequence[Setting]]
    find: Callable[[pd.DataFrame], Sequence[Finding]]
    tables: Callable[[pd.DataFrame], Mapping[str, pd.DataFrame]]
    columns: Mapping[str, str]

    @property
    def sizes(self) -> dict[str, str]:
        """Description of each size, by name."""
        return {size: "; ".join(setting.describe() for setting in settings) for size, settings in self.settings.items()}

    def play(self, size: str, options: RunOptions) -> pd.DataFrame:
        """Play all settings of a size and return the records.

        Raises:
            SpecError: There is no such size.
        """
        self.check_size(size)
        return pd.concat([setting.play(options) for setting in self.settings[size]], ignore_index=True)

    def check_size(self, size: str) -> None:
        """Raise SpecError unless there is such a size."""
        if size not in self.settings:
            raise unknown_name_error("size", size, self.settings)

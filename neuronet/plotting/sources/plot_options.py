"""Options of a figure, and what a kind of figure is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

Folder = Path


@dataclass(frozen=True)
class PlotOptions:
    """Options of a figure.

    Attributes:
        max_neurons: Neurons drawn per layer (>= 1); None for the default of the figure.
        replica: Replica of a run that is drawn, from 0.
        log: Called with a sentence where the figure shows less than it could.
    """

    max_neurons: int | None
    replica: int
    log: Callable[[str], None]

    @property
    def size(self) -> dict[str, Any]:
        """`max_neurons` as an option of a figure's function; empty for its default."""
        return {} if self.max_neurons is None else {"max_neurons": self.max_neurons}


@dataclass(frozen=True)
class Kind:
    """Kind of figure for one kind of folder.

    Attributes:
        figure: Returns the figure of a folder.
        missing: Returns what the folder lacks for the figure, as a clause; None if it lacks nothing.
    """

    figure: Callable[[Folder, PlotOptions], Figure]
    missing: Callable[[Folder], str | None]


def require_files(*files: str, why: str) -> Callable[[Folder], str | None]:
    """Return a `missing` function that requires non-empty files.

    Args:
        files: Names of the files.
        why: Clause for the case that one is missing.
    """
    return lambda folder: None if all((folder / name).is_file() and (folder / name).stat().st_size for name in files) else why

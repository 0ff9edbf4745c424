"""What is asked of a picture, and what a kind of picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Folder = Path


@dataclass(frozen=True)
class PlotOptions:
    """What is asked of a picture.

    Attributes:
        max_neurons: Neurons that are drawn of a layer at most; None for the picture's own number.
        replica: Which replica of a run is drawn.
        log: Called with a sentence where the picture shows less than it could.
    """

    max_neurons: int | None
    replica: int
    log: Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """A kind of picture of one kind of folder.

    Attributes:
        draw: Draws the folder into a file.
        missing: What the folder has not that the picture needs, as a clause; None if it has all.
    """

    draw: Callable[[Folder, Path, PlotOptions], Path]
    missing: Callable[[Folder], str | None]


def require_files(*files: str, why: str) -> Callable[[Folder], str | None]:
    """Asks for files of a folder that hold something.

    Args:
        files: Their names.
        why: What to say if one is not there.
    """
    return lambda folder: None if all((folder / name).is_file() and (folder / name).stat().st_size for name in files) else why

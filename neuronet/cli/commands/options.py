"""What several commands read and make alike."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path

from neuronet.core.errors import NeuroNetError


def parse_sizes(text: str) -> tuple[int, ...]:
    """The neurons of each hidden layer.

    Raises:
        NeuroNetError: They are no integers.
    """
    if text.strip().lower() in ("", "none", "0"):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise NeuroNetError(f"hidden must be integers such as 64 or 256,256, got '{text}'") from None


def new_folder(words: str, *, make: bool = True) -> Path:
    """A folder in runs/ that nobody else has, named after these words and the time.

    Args:
        words: What it is for.
        make: Whether to make it; without, whoever writes there first does.
    """
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in words).strip("-")
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        folder = Path("runs") / f"{safe[:60]}-{stamp}{f'-{number}' if number > 1 else ''}"
        if not make and not folder.exists():
            return folder
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError

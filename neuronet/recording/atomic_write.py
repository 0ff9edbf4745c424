"""Atomic writes: a reader never finds a part of a file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\.(?s:.+)\.(?P<pid>[0-9]{1,9})\.partial")
"""Name of a file that is being written: the file's name and the id of the process that writes it."""

_being_written: set[Path] = set()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, even if the machine stops in between.

    Args:
        path: The file; its folder must exist.
        data: Its new content.

    Raises:
        OSError: The file cannot be written; its old content is unchanged.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    _being_written.add(partial)
    try:
        with partial.open("xb") as file:  # which follows no link
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
        _being_written.discard(partial)
    _sync_folder(path.parent)


def remove_partial_files(folder: Path) -> None:
    """Remove what processes that were killed have left of files that they were writing, in a folder and its subfolders.

    Files of processes that still run, and files that cannot be removed, are left.
    """
    for parent, _, names in os.walk(folder):  # links to folders are not followed
        for name in names:
            found = PARTIAL.fullmatch(name)
            partial = Path(parent, name)
            if found is not None and partial not in _being_written and not _is_running(int(found["pid"])):
                with suppress(OSError):
                    partial.unlink()


def _is_running(pid: int) -> bool:
    """Return whether another process has this id; on systems that cannot tell, it has."""
    if pid == os.getpid():
        return False
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != 0


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # other systems cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

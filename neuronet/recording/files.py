"""Files of records, which may be another person's: only regular files are read, and nothing is written outside the folder."""

from __future__ import annotations

import csv
import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os.path import realpath
from pathlib import Path

from filelock import FileLock, Timeout

from neuronet.core import DataError, LockedError, NeuroNetError

LOCK = ".lock"
"""File whose lock the process that writes a folder holds; a process that is killed leaves the file, but not the lock."""

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

_RECORD_ERRORS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    csv.Error,
)
"""What reading a record raises whose content is not what was written."""


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what a broken record raises into one sentence.

    Args:
        path: The file, or folder.
        kind: What it is a part of, for the message.

    Raises:
        DataError: The record cannot be read.
    """
    try:
        yield
    except NeuroNetError:
        raise
    except KeyError as error:
        raise DataError(f"cannot read '{path}', a part of this {kind}: it has no {error}") from None
    except _RECORD_ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"cannot read '{path}', a part of this {kind}: {reason}") from None


@contextmanager
def writing(path: Path, *, folder: bool = False) -> Iterator[None]:
    """Turn an error of writing into one sentence; where the disk is full, it says how to continue.

    Args:
        path: The file.
        folder: Whether it is a folder.

    Raises:
        DataError: The file cannot be written.
    """
    try:
        yield
    except OSError as error:
        advice = (
            "; what was recorded before is kept: make room, then --resume continues, and a study with the same --out"
            if error.errno in _FULL
            else ""
        )
        what = f"to the folder '{path}'" if folder else f"'{path}'"
        raise DataError(f"cannot write {what}: {error.strerror}{advice}") from None


def check_regular(path: Path, kind: str) -> None:
    """Refuse what is not a regular file, such as a pipe, which may wait for ever, or a device, which may not end.

    Raises:
        DataError: It is not, or it does not exist.
    """
    with reading(path, kind):
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"cannot read '{path}', a part of this {kind}: it is not a regular file")


def read_text(path: Path, kind: str) -> str:
    """Return the text of a regular file in UTF-8.

    Raises:
        DataError: It cannot be read.
    """
    check_regular(path, kind)
    with reading(path, kind):
        return path.read_bytes().decode("utf-8")


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file to write in a folder.

    Args:
        folder: The folder, which may itself be reached by a link.
        name: Name of the file, with subfolders if it is in one.

    Raises:
        DataError: A link leads out of the folder.
    """
    path = folder / name
    if path.is_symlink() or path.parent != folder:
        with writing(path):
            leads_out = not Path(realpath(path)).is_relative_to(realpath(folder))  # no error where links form a loop
        if leads_out:
            raise DataError(f"cannot write '{path}': it is a link that leads out of its folder; remove the link")
    return path


@contextmanager
def lock_folder(folder: Path | None) -> Iterator[None]:
    """Hold the lock of a folder, which is created if needed, so that one process writes it; the lock ends with the process.

    Args:
        folder: The folder; None for nothing to write.

    Raises:
        LockedError: Another process writes the folder.
        DataError: The folder cannot be written.
    """
    if folder is None:
        yield
        return
    with writing(folder, folder=True):
        folder.mkdir(parents=True, exist_ok=True)
        path = inside(folder, LOCK)
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise LockedError(
                f"'{folder}' is in use, since another process writes it: wait until it has ended, or choose another folder"
            ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # on Windows an open file stays; who opened it before looks whether it is still there
            path.unlink()
        lock.release()

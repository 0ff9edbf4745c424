"""Store for a run or study: a folder with files that are written atomically, so that it can be resumed after a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core import DataError, NeuroNetError, StateError, StudyMismatchError, parse_json
from neuronet.recording.atomic_write import remove_partial_files, write_atomically
from neuronet.recording.files import check_regular, inside, read_text, reading, writing
from neuronet.recording.manifest import MANIFEST, continued_manifest, current_manifest, read_manifest
from neuronet.recording.tables import parse_table

STUDY = "study.json"
"""Metadata of a study: its kind and the settings that all its results have in common."""


FINISHED_FILES = "[!.]*"
"""Pattern of complete files: the name of a partial one begins with a dot."""


class StudyStore:
    """Store for one run or study.

    Args:
        path: The folder; None to keep nothing.
        kind: What it holds, such as "comparison", for messages and for the field `kind` of study.json.
        read_only: Whether nothing is written, since another process writes.
    """

    def __init__(self, path: Path | None, kind: str, *, read_only: bool = False) -> None:
        self.path = path
        self.kind = kind
        self.read_only = read_only

    def begin(
        self,
        settings: Mapping[str, Any],
        *subfolders: str,
        data: Mapping[str, str] | None = None,
        device: str | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Compare the settings with those of the study that the folder holds, if any, and write them, and the manifest.

        Args:
            settings: What all results of the study have in common, as plain data.
            *subfolders: Created in the folder.
            data: Checksums of samples, for the manifest.
            device: Device that computes, for the manifest.
            log: Called with a line for each difference to the manifest of a study that is continued.

        Raises:
            StudyMismatchError: The folder holds a study with other settings.
            DataError: The folder cannot be written.
        """
        metadata = {"kind": self.kind, **json.loads(json.dumps(settings))}
        before = self.read_json(STUDY)
        if before is not None:
            other = next((name for name in metadata if before.get(name) != metadata[name]), None)
            if other is not None:
                raise self.mismatch(f"with another {other}", "choose another folder, or the same options")
        self.make_folder(*subfolders)
        self.write_json(STUDY, metadata, indent=2)
        self.write_manifest(data, device, log)

    def write_manifest(
        self,
        data: Mapping[str, str] | None = None,
        device: str | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Write the manifest; one that the folder has is kept, with what differs now added.

        Args:
            data: Checksum of the samples of each environment, by its name.
            device: Device that computes; None where that is not known.
            log: Called with a line for each difference.

        Raises:
            DataError: The folder cannot be written.
        """
        if self.path is None or not self._writes:
            return
        say, now = log or (lambda line: None), current_manifest(data or {}, device)
        try:
            before = read_manifest(self.path)
        except DataError as error:
            say(f"What has changed since is not known: {error}.")
            return
        manifest, differences = (now, []) if before is None else continued_manifest(before, now)
        if manifest != before:
            self.write_json(MANIFEST, manifest, indent=2)
        for line in differences:
            say(line)

    def reserve(self, *names: str) -> None:
        """Create the folder for a new run.

        Args:
            *names: Files and folders that must not exist in it.

        Raises:
            StudyMismatchError: One of them exists.
            DataError: The folder cannot be written.
        """
        if any(self.has(name) for name in names):
            resume = f"neuronet.resume({str(self.path)!r})"
            raise self.mismatch("already", f"resume it with --resume, in Python {resume}, or choose another folder")
        self.make_folder()

    def mismatch(self, difference: str, remedy: str = "choose another folder") -> StudyMismatchError:
        """Return the error for a folder that holds something else than what was asked for."""
        return StudyMismatchError(f"'{self.path}' holds a {self.kind} {difference}: {remedy}")

    def make_folder(self, *subfolders: str) -> None:
        """Create the folder, and folders in it, and remove what killed processes have left in it half-written."""
        if self._writes:
            remove_partial_files(self.file(""))
            for name in ("", *subfolders):
                with writing(self.file(name), folder=True):
                    self._target(name).mkdir(parents=True, exist_ok=True)

    def file(self, name: str) -> Path:
        """Return the path of a file in the folder."""
        assert self.path is not None
        return self.path / name

    def has(self, name: str) -> bool:
        """Return whether a file or folder exists."""
        return self.path is not None and self.file(name).exists()

    def write(self, name: str, data: bytes) -> None:
        """Replace a file atomically.

        Raises:
            DataError: It cannot be written.
        """
        if self._writes:
            with writing(self.file(name)):
                write_atomically(self._target(name), data)

    def append(self, name: str, text: str, header: str = "") -> None:
        """Append text to a file; a new file begins with the header.

        Raises:
            DataError: It cannot be written.
        """
        if self._writes:
            with writing(self.file(name)), self._target(name).open("a", encoding="utf-8", newline="") as file:
                file.write(text if file.tell() else header + text)
                file.flush()
                os.fsync(file.fileno())  # a checkpoint after it must not outlive it

    def write_json(self, name: str, content: Any, indent: int | None = None) -> None:
        """Replace a JSON file."""
        self.write(name, json_bytes(content, indent))

    def read_json(self, name: str) -> Any:
        """Return the content of a JSON file; None if it does not exist.

        Raises:
            DataError: It cannot be read.
        """
        return read_json(self.file(name), self.kind) if self.has(name) else None

    def finished(self, folder: str) -> Iterator[tuple[Path, Any]]:
        """Yield the path and content of each complete JSON file in a subfolder.

        Raises:
            DataError: A file cannot be read.
        """
        for path in [] if self.path is None else sorted(self.file(folder).glob(f"{FINISHED_FILES}.json")):
            yield path, read_json(path, self.kind)

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Replace a CSV file."""
        self.write(name, table.to_csv(index=False).encode())

    def append_rows(self, name: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """Append rows to a CSV file with these columns."""
        table = pd.DataFrame(rows, columns=list(columns))
        self.append(name, table.to_csv(index=False, header=False), ",".join(columns) + "\n")

    def read_table(
        self, name: str, columns: Mapping[str, str], optional: Collection[str] = (), *, is_growing: bool = False
    ) -> pd.DataFrame:
        """Return a CSV file, with numbers exactly as they were written; without rows if there are none.

        Args:
            name: The file.
            columns: The columns and their types, as in TYPES.
            optional: Columns that the file may lack; they are then not in the table.
            is_growing: Whether lines are appended to it. A last line without its end, which another process is writing, or which
                a full disk has cut, is then left out.

        Raises:
            DataError: It cannot be read, or it has other columns or other types of values.
        """
        if not self.has(name):
            return pd.DataFrame(columns=list(columns))
        text = read_text(self.file(name), self.kind)
        if is_growing:
            text = text[: text.rfind("\n") + 1]
        with reading(self.file(name), self.kind):
            return parse_table(text, columns, optional) if text else pd.DataFrame(columns=list(columns))

    def save_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
        """Replace a safetensors file."""
        from safetensors.numpy import save

        contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        self.write(name, save(contiguous, dict(metadata)))

    def load_arrays(self, name: str) -> tuple[dict[str, str], dict[str, NDArray[Any]]] | None:
        """Return the metadata and the arrays of a safetensors file; None if it does not exist.

        Raises:
            StateError: It cannot be read.
        """
        if not self.has(name):
            return None
        from safetensors import SafetensorError, safe_open

        try:
            check_regular(self.file(name), self.kind)
            with reading(self.file(name), self.kind), safe_open(self.file(name), framework="numpy") as file:
                return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (NeuroNetError, SafetensorError) as error:
            what = "" if isinstance(error, NeuroNetError) else f"cannot read '{self.file(name)}', a part of this {self.kind}: "
            raise StateError(f"{what}{error}") from None

    @property
    def _writes(self) -> bool:
        return self.path is not None and not self.read_only

    def _target(self, name: str) -> Path:
        """Return the path of a file to write."""
        assert self.path is not None
        return inside(self.path, name)


def json_bytes(content: Any, indent: int | None = None) -> bytes:
    """Return content as the bytes of a JSON file."""
    return (json.dumps(content, indent=indent) + "\n").encode()


def read_json(path: Path, kind: str) -> Any:
    """Return the content of a JSON file.

    Args:
        path: The file.
        kind: What it is a part of, for the message.

    Raises:
        DataError: It cannot be read.
    """
    text = read_text(path, kind)
    with reading(path, kind):
        return parse_json(text)


def study_kind(folder: Path) -> str | None:
    """Return the kind of study that a folder holds; None if it has no study.json.

    Raises:
        DataError: Its metadata cannot be read, or name no kind.
    """
    store = StudyStore(folder, "study")
    metadata = store.read_json(STUDY)
    if metadata is None and not store.has(STUDY):
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("kind"), str):
        raise DataError(f"cannot read '{store.file(STUDY)}', a part of this study: it does not name the kind of study")
    kind: str = metadata["kind"]
    return kind

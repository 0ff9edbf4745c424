"""Files of data sets: in a user's folder, in system folders, or in the download cache."""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from neuronet.core import DataError
from neuronet.environments.download import cache, fetch

T = TypeVar("T")

DATA_VARIABLE = "NEURONET_DATA"
"""Environment variable with folders of data sets, separated as in PATH."""

SYSTEM_FOLDERS = (Path("/usr/share/datasets"),)
"""Folders of Debian's packages, such as dataset-fashion-mnist."""

ARCHIVE_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError)
"""Errors of broken archives; a broken gzip raises an OSError."""


@dataclass(frozen=True)
class Download:
    """File that can be downloaded.

    Attributes:
        file: Name of the file.
        checksum: "md5:..." or "sha256:...".
        urls: Addresses, tried in order.
    """

    file: str
    checksum: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """Folder, or archive (.zip, .tar.gz) that is read without unpacking.

    Attributes:
        path: The folder or archive.
    """

    path: Path

    def has(self, name: str) -> bool:
        """Return whether the folder has a file of that name, gzipped or not."""
        return _find_in_folder(self.path, name) is not None

    @contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """Open a file of the folder or archive, decompressed if it is gzipped.

        Args:
            name: Name of the file without .gz.

        Raises:
            DataError: It is missing or broken.
        """
        try:
            with self._raw(name) as stream:
                if stream.peek(2)[:2] == b"\x1f\x8b":
                    with gzip.GzipFile(fileobj=stream) as inside:
                        yield inside
                else:
                    yield stream
        except ARCHIVE_ERRORS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"cannot read '{name}' in '{self.path}', which is broken or truncated: {reason}") from None

    @contextmanager
    def _raw(self, name: str) -> Iterator[Any]:
        if self.path.is_dir():
            path = _find_in_folder(self.path, name)
            if path is None:
                raise DataError(f"'{name}' or '{name}.gz' not found in '{self.path}'")
            _check_same(path)
            with path.open("rb") as file:
                yield file
        elif self.path.suffix == ".zip":
            with zipfile.ZipFile(self.path) as archive:
                member = next((entry for entry in archive.namelist() if _matches_name(entry, name)), None)
                with archive.open(self._found(member, name)) as file:
                    yield file
        else:
            with tarfile.open(self.path) as tar:  # read up to the file only: seeking back would decompress it all again
                found = next((entry for entry in tar if entry.isfile() and _matches_name(entry.name, name)), None)
                stream = tar.extractfile(self._found(found, name))
                assert stream is not None  # only folders and the like have no content
                with stream:
                    yield stream

    def _found(self, member: T | None, name: str) -> T:
        if member is None:
            raise DataError(f"'{name}' not found in the archive '{self.path}'")
        return member


def _matches_name(member: str, name: str) -> bool:
    return member.rpartition("/")[2] in (name, f"{name}.gz")


def _find_in_folder(folder: Path, name: str) -> Path | None:
    """Return the file under its name, gzipped, or as named by manual unpacking (train-images.idx3-ubyte)."""
    dotted = name.replace("-idx", ".idx")
    for spelled in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / spelled).is_file():
            return folder / spelled
    return None


def _check_same(path: Path) -> None:
    """Raise an error if a file lies beside its gzipped form with different content; sums of both are compared."""
    packed = path.with_name(f"{path.name}.gz")
    if path.suffix == ".gz" or not packed.is_file():
        return
    with packed.open("rb") as file:
        file.seek(max(0, packed.stat().st_size - 8))
        end = file.read(8)  # checksum and size of the content
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    if end != struct.pack("<II", checksum, path.stat().st_size % 2**32):
        raise DataError(f"'{path}' and '{packed.name}' beside it have different content: leave the right one")


@dataclass(frozen=True)
class Source:
    """Files of a data set, with their possible locations.

    Attributes:
        name: Name of the data set's folder.
        files: Names of the files, without .gz.
        downloads: Downloads if the files are not found: the files, or an archive with all of them.
        folders: Other names of the folder.
    """

    name: str
    files: tuple[str, ...]
    downloads: tuple[Download, ...]
    folders: tuple[str, ...] = field(default=())

    def find(self, data_dir: str = "") -> Files:
        """Return the files of the first folder that has any of them, or download them.

        The search order is: the data set's folder in `data_dir`, `data_dir` itself, the data set's folder in those of
        NEURONET_DATA and in /usr/share/datasets, and the download cache.

        Args:
            data_dir: A user's folder; "" for none.

        Raises:
            DataError: The files are not found and cannot be downloaded, or some are missing in a folder.
        """
        roots = [Path(data_dir).expanduser()] if data_dir else []
        if roots and not roots[0].is_dir():
            raise DataError(f"folder '{data_dir}' for the data set '{self.name}' not found")
        roots += [Path(part) for part in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if part]
        searched = [root / folder for root in [*roots, *SYSTEM_FOLDERS] for folder in (self.name, *self.folders)]
        if data_dir:  # after any folder with the data set's name, the folder itself
            searched.insert(1 + len(self.folders), roots[0])
        for folder in searched:
            files = self._files_in(folder)
            if files is not None:
                return files
        return self._downloaded([*map(str, [*roots, *SYSTEM_FOLDERS])])

    def _files_in(self, folder: Path) -> Files | None:
        for download in self.downloads:
            if _is_archive(download.file) and (folder / download.file).is_file():
                return Files(folder / download.file)
        files = Files(folder)
        missing = [name for name in self.files if not files.has(name)]
        if len(missing) == len(self.files):
            return None
        if missing:
            raise DataError(f"'{folder}' has files of the data set '{self.name}', but no '{missing[0]}' or '{missing[0]}.gz'")
        return files

    def _downloaded(self, roots: list[str]) -> Files:
        missing_message = f"the data set '{self.name}' needs '{self.downloads[0].file}', which is not in {', '.join(roots)}"
        folder = cache(missing_message, self.downloads[0].urls[0]) / self.name
        paths = [fetch(file.urls, file.checksum, folder / file.file, missing_message) for file in self.downloads]
        return Files(paths[0] if _is_archive(paths[0].name) else folder)


def _is_archive(name: str) -> bool:
    return name.endswith((".zip", ".tar.gz", ".tgz"))


def files_of(checksums: Mapping[str, str], mirrors: tuple[str, ...]) -> tuple[Download, ...]:
    """Return downloads of gzipped files that each mirror has under the same name.

    Args:
        checksums: The md5 of each gzipped file, by the file's name without .gz.
        mirrors: Addresses, up to the file's name.
    """
    return tuple(
        Download(f"{name}.gz", f"md5:{md5}", tuple(f"{mirror}{name}.gz" for mirror in mirrors)) for name, md5 in checksums.items()
    )

"""Where the files of a data set are: in a folder of the user's, in those of the system, or in the cache of downloads."""

from __future__ import annotations

import gzip
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from neuronet.core.errors import NeuroNetError
from neuronet.environments.download import cache, fetch

T = TypeVar("T")

DATA_VARIABLE = "NEURONET_DATA"
"""The environment variable with folders of data sets, separated as in PATH."""

SYSTEM_FOLDERS = (Path("/usr/share/datasets"),)
"""Where Debian's packages, such as dataset-fashion-mnist, put theirs."""

ARCHIVE_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError)
"""What a broken archive raises, by where it is broken; a broken gzip raises an OSError."""


@dataclass(frozen=True)
class Download:
    """A file that can be had.

    Attributes:
        file: Its name.
        checksum: "md5:..." or "sha256:...".
        urls: Where from; each is tried in turn.
    """

    file: str
    checksum: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """A folder, or an archive (.zip, .tar.gz) that is read as it is.

    Attributes:
        path: The folder or archive.
    """

    path: Path

    def has(self, name: str) -> bool:
        """Whether a file of that name, gzipped or not, is in the folder."""
        return _find_in_folder(self.path, name) is not None

    @contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """A file of the folder or archive, decompressed if it is gzipped.

        Args:
            name: Without .gz.

        Raises:
            NeuroNetError: It is missing or broken.
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
            raise NeuroNetError(f"cannot read '{name}' in '{self.path}', it is broken or cut short: {reason}") from None

    @contextmanager
    def _raw(self, name: str) -> Iterator[Any]:
        if self.path.is_dir():
            path = _find_in_folder(self.path, name)
            if path is None:
                raise NeuroNetError(f"there is no '{name}' or '{name}.gz' in '{self.path}'")
            with path.open("rb") as file:
                yield file
        elif self.path.suffix == ".zip":
            with zipfile.ZipFile(self.path) as archive:
                member = next((each for each in archive.namelist() if _matches_name(each, name)), None)
                with archive.open(self._found(member, name)) as file:
                    yield file
        else:
            with tarfile.open(self.path) as tar:  # looked through up to the file, as going back would read it all again
                entry = next((each for each in tar if each.isfile() and _matches_name(each.name, name)), None)
                with tar.extractfile(self._found(entry, name)) as file:  # type: ignore[union-attr]
                    yield file

    def _found(self, member: T | None, name: str) -> T:
        if member is None:
            raise NeuroNetError(f"there is no '{name}' in the archive '{self.path}'")
        return member


def _matches_name(member: str, name: str) -> bool:
    return member.rpartition("/")[2] in (name, f"{name}.gz")


def _find_in_folder(folder: Path, name: str) -> Path | None:
    """The file under its name, gzipped, or as it is called where it was unpacked by hand (train-images.idx3-ubyte)."""
    dotted = name.replace("-idx", ".idx")
    for spelled in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / spelled).is_file():
            return folder / spelled
    return None


@dataclass(frozen=True)
class Source:
    """The files of a data set and where they can be found.

    Attributes:
        name: What its folder is called.
        files: Their names, without .gz.
        downloads: What to download where they are not at hand: the files, or an archive that holds them all.
        folders: What else its folder may be called.
    """

    name: str
    files: tuple[str, ...]
    downloads: tuple[Download, ...]
    folders: tuple[str, ...] = field(default=())

    def find(self, data_dir: str = "") -> Files:
        """The files: of the first folder that has any of them, or else downloaded.

        Looked through are, in this order: the data set's folder in `data_dir`, `data_dir` itself, the data set's folder in those
        of NEURONET_DATA and in /usr/share/datasets, and the cache of downloads.

        Args:
            data_dir: A folder of the user's; "" for none.

        Raises:
            NeuroNetError: They are nowhere and cannot be downloaded, or some are missing where others are.
        """
        roots = [Path(data_dir).expanduser()] if data_dir else []
        if roots and not roots[0].is_dir():
            raise NeuroNetError(f"there is no folder '{data_dir}' to look for the data set '{self.name}' in")
        roots += [Path(part) for part in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if part]
        searched = [root / folder for root in [*roots, *SYSTEM_FOLDERS] for folder in (self.name, *self.folders)]
        if data_dir:  # the files may lie in it as they are, after any folder that has the data set's name
            searched.insert(1 + len(self.folders), roots[0])
        for folder in searched:
            files = self._files_in(folder)
            if files is not None:
                return files
        return self._downloaded([*map(str, [*roots, *SYSTEM_FOLDERS])])

    def _files_in(self, folder: Path) -> Files | None:
        archive = next(
            (folder / each.file for each in self.downloads if _is_archive(each.file) and (folder / each.file).is_file()), None
        )
        if archive is not None:
            return Files(archive)
        files = Files(folder)
        missing = [name for name in self.files if not files.has(name)]
        if len(missing) == len(self.files):
            return None
        if missing:
            raise NeuroNetError(
                f"'{folder}' has some files of the data set '{self.name}', but no '{missing[0]}' or '{missing[0]}.gz'"
            )
        return files

    def _downloaded(self, roots: list[str]) -> Files:
        missing_message = f"the data set '{self.name}' needs '{self.downloads[0].file}', which is not in {', '.join(roots)}"
        folder = cache(missing_message, self.downloads[0].urls[0]) / self.name
        paths = [fetch(each.urls, each.checksum, folder / each.file, missing_message) for each in self.downloads]
        return Files(paths[0] if _is_archive(paths[0].name) else folder)


def _is_archive(name: str) -> bool:
    return name.endswith((".zip", ".tar.gz", ".tgz"))


def files_of(checksums: Mapping[str, str], mirrors: tuple[str, ...]) -> tuple[Download, ...]:
    """Downloads of gzipped files that each mirror has under the same name.

    Args:
        checksums: The md5 of each gzipped file, by the file's name without .gz.
        mirrors: Addresses, up to the name.
    """
    return tuple(
        Download(f"{name}.gz", f"md5:{md5}", tuple(f"{mirror}{name}.gz" for mirror in mirrors)) for name, md5 in checksums.items()
    )

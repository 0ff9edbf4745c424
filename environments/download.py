"""Downloads through pooch: files are cached and verified by their checksum, and interrupted downloads continue."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neuronet.core import Access, DataError, MissingExtraError, current_access

READ_TIMEOUT = 30.0
"""Seconds without data after which a download fails."""

CHUNK_SIZE = 1 << 16
"""Bytes read at a time, which an interrupted download may lose."""


def cache(missing_message: str, url: str) -> Path:
    """Return the folder of downloaded files, such as ~/.cache/neuronet; pooch chooses it by system.

    Args:
        missing_message: Which file is missing, for the message.
        url: Where it could be downloaded.

    Raises:
        MissingExtraError: pooch is not installed.
    """
    try:
        import pooch
    except ImportError:
        raise MissingExtraError(f"{missing_message}; to download it from {url}: pip install 'neuronet[data]'") from None
    return Path(pooch.os_cache("neuronet"))


def fetch(urls: tuple[str, ...], checksum: str, path: Path, missing_message: str) -> Path:
    """Return the path of a cached file; download it if it is missing or its checksum is wrong.

    Args:
        urls: Addresses, tried in order.
        checksum: "md5:..." or "sha256:...".
        path: Path in the cache.
        missing_message: Which file is missing, for the message.

    Raises:
        DataError: The download failed, or a record is looked at, which downloads nothing.
    """
    import pooch

    if current_access() is Access.LOOK and not path.is_file():
        raise DataError(f"{missing_message}, and nothing is downloaded to look at a record")

    downloader, reason = _ResumableDownloader(path), ""
    # An earlier attempt's partial file may be invalid: then the first address is tried again, from the start.
    for url in (urls[0], *urls) if downloader.partial.exists() else urls:
        try:
            pooch.retrieve(url, known_hash=checksum, fname=path.name, path=path.parent, downloader=downloader)
        except (OSError, ValueError) as error:  # errors of requests are OSErrors; a wrong checksum is a ValueError
            reason = reason or f"{url}: {_reason(error, checksum)}"
            continue
        return path
    raise DataError(f"{missing_message}, nor in the cache '{path.parent}', and cannot be downloaded from {reason}")


def _reason(error: Exception, checksum: str) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code}"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.Timeout, _IncompleteDownloadError)):
        return "the download was interrupted; run again to continue it"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection"
    if isinstance(error, ValueError) and "hash" in str(error):
        return f"the received file does not have the checksum {checksum}"
    return " ".join(str(error).split())


class _IncompleteDownloadError(OSError):
    """Error of a download with fewer bytes than announced."""


class _ResumableDownloader:
    """Downloader into a `.partial` file next to the target, which continues an earlier attempt.

    Args:
        path: The target.
    """

    def __init__(self, path: Path) -> None:
        self.partial = path.with_name(f"{path.name}.partial")

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        if current_access() is Access.LOOK:  # a cached file has another checksum
            raise OSError("nothing is downloaded to look at a record")
        self._receive(url)
        os.replace(self.partial, output_file)  # noqa: PTH105

    def _receive(self, url: str) -> None:
        import requests

        size = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={size}-"} if size else {})}
        with requests.get(url, headers=headers, stream=True, timeout=READ_TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:  # the file is complete
                return
            response.raise_for_status()
            continues = response.status_code == requests.codes.partial_content
            with self.partial.open("ab" if continues else "wb") as file:
                before = file.tell()
                for chunk in response.iter_content(CHUNK_SIZE):
                    file.write(chunk)
                received = file.tell() - before
        announced = response.headers.get("Content-Length")
        if announced is not None and received < int(announced):
            raise _IncompleteDownloadError(url)

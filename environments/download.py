"""Downloading, by way of pooch: files are kept in its cache, checked by their checksum, and a download that broke off goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neuronet.core.errors import NeuroNetError

READ_TIMEOUT = 30.0
"""After which a server is given up."""

CHUNK_SIZE = 1 << 16
"""Bytes read at a time: the most that is lost where a download breaks off."""


def cache(missing_message: str, url: str) -> Path:
    """The folder where downloads are kept, such as ~/.cache/neuronet; pooch decides by the system.

    Args:
        missing_message: What is missing where, for the message.
        url: Where it could come from.

    Raises:
        NeuroNetError: pooch is not installed.
    """
    try:
        import pooch
    except ImportError:
        raise NeuroNetError(f"{missing_message}; to download it from {url}: pip install 'neuronet[data]'") from None
    return Path(pooch.os_cache("neuronet"))


def fetch(urls: tuple[str, ...], checksum: str, path: Path, missing_message: str) -> Path:
    """A file in the cache, downloaded if it is not there or is not what it should be.

    Args:
        urls: Where it may come from; each is tried in turn.
        checksum: "md5:..." or "sha256:...".
        path: Where it shall be.
        missing_message: What is missing where, for the message.

    Raises:
        NeuroNetError: It cannot be had.
    """
    import pooch

    downloader, reason = _ResumableDownloader(path), ""
    # What an earlier attempt left may be no part of this file: then it is tried once more, from the start.
    for url in (urls[0], *urls) if downloader.partial.exists() else urls:
        try:
            pooch.retrieve(url, known_hash=checksum, fname=path.name, path=path.parent, downloader=downloader)
        except (OSError, ValueError) as error:  # those of requests are OSErrors; a wrong checksum is a ValueError
            reason = reason or f"{url}: {_reason(error, checksum)}"
            continue
        return path
    raise NeuroNetError(f"{missing_message}, nor in the cache '{path.parent}', and cannot be downloaded from {reason}")


def _reason(error: Exception, checksum: str) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code}"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.Timeout, _IncompleteDownloadError)):
        return "the download broke off; ask again and it goes on from there"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection"
    if isinstance(error, ValueError) and "hash" in str(error):
        return f"what came is not the file whose checksum is {checksum}"
    return " ".join(str(error).split())


class _IncompleteDownloadError(OSError):
    """The server sent less than it had announced."""


class _ResumableDownloader:
    """Downloads into a file beside the one that is wanted, and goes on with what an earlier attempt left there.

    Args:
        path: The file that is wanted in the end.
    """

    def __init__(self, path: Path) -> None:
        self.partial = path.with_name(f"{path.name}.partial")

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Called by pooch, which then checks what is in `output_file`."""
        self._receive(url)
        os.replace(self.partial, output_file)  # noqa: PTH105

    def _receive(self, url: str) -> None:
        import requests

        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=READ_TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:  # all of it is there
                return
            answer.raise_for_status()
            goes_on = answer.status_code == requests.codes.partial_content
            with self.partial.open("ab" if goes_on else "wb") as file:
                before = file.tell()
                for piece in answer.iter_content(CHUNK_SIZE):
                    file.write(piece)
                received = file.tell() - before
        announced = answer.headers.get("Content-Length")
        if announced is not None and received < int(announced):
            raise _IncompleteDownloadError(url)

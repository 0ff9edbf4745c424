"""The lab as a process that campaigns start and end."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from pathlib import Path
from typing import ClassVar

from tests.campaigns.starts import Started

URL = re.compile(r"http://\S+\?token=\S+")


class Page:
    """Lab that serves its page.

    Args:
        folder: Working directory.
        seconds: Longest time until it serves the page.
    """

    words: ClassVar[str] = "lab xor --hidden 4 --port 0 --no-browser"

    def __init__(self, folder: Path, seconds: float = 600) -> None:
        self._folder, self._seconds = folder, seconds
        self.fault: str | None = None

    @staticmethod
    def url_in(text: str) -> str | None:
        """Return the address that the lab has printed."""
        found = URL.search(text)
        return None if found is None else found[0]

    def __enter__(self) -> Page:
        self.process = Started(self._folder, self.words)
        deadline, url = time.monotonic() + self._seconds, None
        while url is None and self.process.status is None and time.monotonic() < deadline:
            time.sleep(0.05)
            url = self.url_in(self.process.errors)
        self.fault = f"the lab does not serve its page: {self.process.errors[-300:]}" if url is None else self._answer(url)
        return self

    def _answer(self, url: str) -> str | None:
        deadline, browser = time.monotonic() + self._seconds, urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        while time.monotonic() < deadline:  # it says the address before the server runs
            try:
                with browser.open(url, timeout=60) as response:
                    return None if response.status == 200 else f"the page answers {response.status}"
            except OSError as error:
                fault = str(error)
                time.sleep(0.2)
        return f"the page does not answer: {fault}"

    def __exit__(self, *error: object) -> None:
        self.process.send(signal.SIGTERM)
        self.process.wait()

"""Standard output and standard error of a command, whose reader may end before the command does, as `head` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from neuronet.core import ConfigurationError


class _Stream:
    """Stream whose reader may be gone: what is written then is dropped.

    Args:
        stream: Standard output or standard error.
        name: Its name in messages; "" for a stream that carries messages alone, so that one which cannot be written is dropped.
    """

    def __init__(self, stream: Any, name: str = "") -> None:
        self._stream = stream
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or drop it.

        Raises:
            OSError: It cannot be written, although the stream is read.
            ConfigurationError: The encoding of the stream lacks a character.
        """
        try:
            with self._dropping():
                self._stream.write(text)
        except UnicodeEncodeError as error:
            missing = ascii(error.object[error.start])
            raise ConfigurationError(
                f"{self._name} is in {error.encoding}, which has no {missing}: set PYTHONIOENCODING=utf-8"
            ) from None
        return len(text)

    def flush(self) -> None:
        """Write what is in the buffer, or drop it.

        Raises:
            OSError: It cannot be written, although the stream is read.
        """
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())  # so that Python's own flush at the end succeeds
            os.close(null)
            if self._name and not isinstance(error, BrokenPipeError):
                error.filename = self._name
                raise


@contextmanager
def closed_streams_ignored() -> Iterator[None]:
    """Let a command end as it would have, although its output or its messages are no longer read.

    A stream that was closed from the start is one that drops all; without it, the next file that is opened would take its number.
    """
    before = sys.stdout, sys.stderr
    with ExitStack() as opened:
        out, err = (opened.enter_context(Path(os.devnull).open("w")) if stream is None else stream for stream in before)
        if getattr(out, "errors", "") == "strict" and isinstance(out, TextIOWrapper):
            out.reconfigure(errors="surrogateescape")  # names of files are written as they were read, in any encoding
        sys.stdout, sys.stderr = _Stream(out, "standard output"), _Stream(err)
        try:
            yield
            with suppress(OSError):  # the command has said so
                sys.stdout.flush()
            sys.stderr.flush()
        finally:
            sys.stdout, sys.stderr = before

"""Signals: stop a run between two rounds, and leave Ctrl-C to the process that started the workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

PARENT_POLL_SECONDS = 0.2
"""Seconds between two checks of a worker whether its parent process still exists."""


class PartialResult(Protocol):
    """Protocol for the result of an interrupted run."""

    @property
    def rounds(self) -> int:
        """Number of rounds played."""

    @property
    def folder(self) -> Path | None:
        """Folder of the run; None if it is not recorded."""


class Interrupted(KeyboardInterrupt):
    """Exception for a run that was stopped between two rounds; a run with a folder is saved there.

    Attributes:
        result: Result of the rounds played so far.
    """

    def __init__(self, result: PartialResult) -> None:
        super().__init__(f"interrupted after round {result.rounds:,}")
        self.result: Any = result


class Interruption:
    """Context in which SIGINT and SIGTERM set a flag instead of raising; a second signal raises KeyboardInterrupt.

    Args:
        ignore_repeats: Whether a second signal is ignored. Use it where a launcher may pass on the same signal again.

    Attributes:
        requested: Whether a signal has arrived.
    """

    def __init__(self, *, ignore_repeats: bool = False) -> None:
        self.requested = False
        self._ignore_repeats = ignore_repeats
        self._old_handlers: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old_handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and not self._ignore_repeats:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def block_sigint() -> Iterator[None]:
    """Start processes that do not receive Ctrl-C: the process that starts them handles it, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    resource_tracker.ensure_running()  # which unblocks the signal when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@cache
def exit_with_parent(parent_pid: int) -> None:
    """Ignore Ctrl-C in this worker, and exit it soon after its parent has ended.

    A parent that is killed cannot end its workers; joblib would keep them for minutes.

    Args:
        parent_pid: Process id of the parent.
    """

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()

"""Signals: stop a run between two rounds, and leave the stop signals to the process that started the workers."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

from neuronet.stop_signals import STOP_SIGNALS, note_signal

PARENT_POLL_SECONDS = 0.2
"""Seconds between two checks of a worker whether its parent process still exists."""

PR_SET_PDEATHSIG = 1
"""Linux's number for the request to be sent a signal when the parent ends (prctl(2))."""


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
    """Context in which SIGINT, SIGTERM and SIGHUP set a flag instead of raising; a second signal raises KeyboardInterrupt.

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
            for number in STOP_SIGNALS:
                if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                    self._old_handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        note_signal(number)
        if self.requested and not self._ignore_repeats:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def block_signals(numbers: Sequence[int] = STOP_SIGNALS) -> Iterator[None]:
    """Start processes that do not receive some signals: the process that starts them handles these, and ends them.

    A terminal sends its signals to all its processes, and so do systemd and Slurm.
    """
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        resource_tracker.ensure_running()  # it unblocks some of the signals when it has started
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker(parent_pid: int, started_by_main_thread: bool) -> None:
    """Leave the stop signals to the parent, and end this worker as soon as its parent has ended, however that happens.

    It is a worker's first act: before it loads its first item, which may take longer than the work on it. A parent that is killed
    cannot end its workers; joblib would keep them for minutes.

    Args:
        parent_pid: Process id of the parent.
        started_by_main_thread: Whether the parent's main thread started this worker. Linux takes the end of the thread that
            started a process for the end of its parent.
    """

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    if os.name != "posix":  # other systems do not report a new parent
        return
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    if started_by_main_thread and sys.platform == "linux":
        _be_killed_with_parent()  # also while a library that is being loaded keeps the watch from running
    threading.Thread(target=watch, daemon=True).start()


def _be_killed_with_parent() -> None:
    import ctypes

    with suppress(OSError, AttributeError):  # without glibc or musl, the watch is enough
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

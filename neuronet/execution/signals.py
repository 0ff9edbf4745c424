"""Ctrl-C and its kin: finish the round, save, then stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.training.result import Result


class Interrupted(KeyboardInterrupt):
    """The run was stopped between two rounds; where it has a folder, everything is saved there.

    Attributes:
        result: What the run had come to by then.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(f"interrupted after round {result.rounds:,}")
        self.result = result


class Interruption:
    """While entered, SIGINT and SIGTERM raise a flag instead of an exception; a second one stops at once.

    Args:
        ignore_repeats: Whether a second one changes nothing: who started several processes may tell them what they have heard
            already.

    Attributes:
        requested: Whether someone wants to stop.
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

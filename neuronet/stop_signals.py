"""Signals that ask a command to stop: Ctrl-C, SIGTERM and SIGHUP are one request, and the exit status tells them apart.

This module imports nothing heavy, so that the request is understood before anything else is loaded.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask to stop; Windows has no SIGHUP."""

REPEAT_SECONDS = 0.02
"""Seconds after which a signal is sent again whose exception Python has dropped."""

IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
"""File name of the frames in which Python imports a module."""

_received: list[int] = []


def raise_on_signals() -> None:
    """Raise KeyboardInterrupt on each stop signal, as Python does on Ctrl-C; a signal that `nohup` ignores stays ignored.

    Two moments differ. While a module is being imported, the process ends at once, since libraries in C crash or hide the
    exception; nothing is half-written then. Where Python drops exceptions, as in destructors, the signal is sent again.
    """
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)
    sys.unraisablehook = _send_again


def end_on_signals() -> None:
    """End the process at once on each stop signal: nothing is left to be saved."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def note_signal(number: int) -> None:
    """Remember a signal for the exit status, and write no more to a terminal that has gone with it."""
    _received.append(number)
    if number != signal.SIGINT:
        _leave_closed_terminal()


def exit_status() -> int:
    """Return the exit status of an interrupted command: 128 and the first signal's number, 130 for Ctrl-C."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def count_received() -> int:
    """Return how many signals have asked to stop so far."""
    return len(_received)


def _raise(number: int, frame: FrameType | None) -> None:
    note_signal(number)
    if _is_import(frame):
        os.write(2, b"Interrupted.\n")
        os._exit(exit_status())
    raise KeyboardInterrupt


def _is_import(frame: FrameType | None) -> bool:
    """Return whether a frame, or one that called it, imports a module."""
    while frame is not None and frame.f_code.co_filename != IMPORT_SYSTEM:
        frame = frame.f_back
    return frame is not None


def _send_again(dropped: Any) -> None:
    """Send the stop signal again a moment later if its exception was dropped; report other exceptions as Python does."""
    if dropped.exc_type is KeyboardInterrupt and _received:
        again = threading.Timer(REPEAT_SECONDS, os.kill, (os.getpid(), _received[-1]))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(dropped)


def _leave_closed_terminal() -> None:
    """Send the output nowhere if its terminal was closed, so that no sentence fails before all is saved."""
    if os.name != "posix":
        return
    import errno
    import termios

    for output in (1, 2):
        try:
            termios.tcgetattr(output)
        except termios.error as error:
            if error.args[0] == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, output)
                os.close(nowhere)

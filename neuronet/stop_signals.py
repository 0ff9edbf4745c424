"""Signals that ask a command to stop: Ctrl-C, SIGTERM and SIGHUP are one request, and the exit status tells them apart.

This module imports nothing heavy, so that the request is understood before anything else is loaded.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask to stop; Windows has no SIGHUP."""

_received: list[int] = []


def raise_on_signals() -> None:
    """Raise KeyboardInterrupt on each stop signal, as Python does on Ctrl-C; a signal that `nohup` ignores stays ignored."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


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


def _raise(number: int, frame: FrameType | None) -> None:
    note_signal(number)
    raise KeyboardInterrupt


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

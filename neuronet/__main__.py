"""The command line's way in: `neuronet ...` and `python -m neuronet ...`."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress

from neuronet.stop_signals import end_on_signals, exit_status, raise_on_signals

FIRST_SIGNAL_STATUS = 128
"""Exit status above which a signal ended the process."""


def main() -> None:
    """Run the command line; whatever is interrupted while loading ends without a traceback."""
    code = 0
    try:
        atexit.register(lambda: _skip_teardown(code))  # the first, and so the last that is called
        raise_on_signals()
        from neuronet.cli import start

        code = start()
        end_on_signals()
    except KeyboardInterrupt:
        end_on_signals()
        sys.stderr.write("Interrupted.\n")
        code = exit_status()
    sys.exit(code)


def _skip_teardown(code: int) -> None:
    """Exit an interrupted process with its status, without taking down each library, which takes seconds.

    Python would also replace the status by that of SIGINT if Ctrl-C arrived in an `exec`, as dataclasses use it.
    """
    if code > FIRST_SIGNAL_STATUS:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    main()

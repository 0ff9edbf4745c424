"""The command line's way in: `neuronet ...` and `python -m neuronet ...`."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; whatever is interrupted while loading ends without a traceback."""
    try:
        from neuronet.cli import start

        code = start()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = INTERRUPTED
    if code == INTERRUPTED:
        exec("")  # Python kills a process by SIGINT, whatever its exit status, if Ctrl-C fell into the text of the last exec
    sys.exit(code)


if __name__ == "__main__":
    main()

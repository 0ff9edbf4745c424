"""Two processes that torchrun starts on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
"""They meet on the loopback interface, whatever the machine's own name leads to."""


@contextlib.contextmanager
def two_workers(*arguments, path):
    """The process that holds both; whatever happens, none of the three outlives the block.

    Args:
        arguments: What each worker runs, after `python`.
        path: Where they find modules.
    """
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [sys.executable, *torchrun, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path, **LOOPBACK},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

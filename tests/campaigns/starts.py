"""Commands that campaigns start: in a new Python, or forked from a process that has loaded the libraries, which takes 0.1 s."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import FrameType

LIBRARIES = (
    "neuronet.__main__",
    "neuronet.cli.main",
    "neuronet.comparison",
    "neuronet.continual",
    "neuronet.control",
    "neuronet.games",
    "neuronet.plotting.sources",
    "neuronet.sweep",
    "matplotlib.backends.backend_agg",
    "gymnasium.envs.classic_control",
    "pyarrow.parquet",
    "scipy.stats",
)
"""Modules that a forked command finds loaded."""

_begun: list[Started] = []

TICKS = os.sysconf("SC_CLK_TCK")


class Started:
    """Command in a session of its own.

    Args:
        folder: Working directory; standard error goes to a file in it, standard output nowhere.
        words: The command line after `neuronet`.
        forked: Whether it finds its libraries loaded.
        errors: Name of the file with standard error.

    Attributes:
        pid: Process id, and the id of the session.
    """

    def __init__(self, folder: Path, words: str, *, forked: bool = False, errors: str = "stderr") -> None:
        self._errors = folder / errors
        self._errors.unlink(missing_ok=True)
        if forked:
            self._process = context().Process(target=_play, args=(str(folder), words, errors))
            self._process.start()
            self.pid = self._process.pid
        else:
            with self._errors.open("wb") as file:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "neuronet", *words.split()],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=file,
                    start_new_session=True,
                )
            self.pid = self._process.pid
        _begun.append(self)

    @property
    def status(self) -> int | None:
        """Exit status, minus the number of the signal that killed it; None while it is running."""
        return self._process.poll() if isinstance(self._process, subprocess.Popen) else self._process.exitcode

    @property
    def errors(self) -> str:
        """Standard error so far."""
        return self._errors.read_text() if self._errors.exists() else ""

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the command and its children so far, those that have ended included."""
        spent, parents = 0.0, [self.pid]
        while parents:
            path = Path("/proc", str(parents.pop()))
            try:
                spent += Process(path).cpu_seconds
                parents += [int(pid) for task in (path / "task").iterdir() for pid in (task / "children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
        return spent

    def send(self, number: int) -> None:
        """Send a signal, unless the command has ended."""
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = 900) -> int:
        """Wait for the end, and return the exit status; a command that does not end is killed."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            if time.monotonic() > deadline:
                self.end()
                raise TimeoutError(f"a command has not ended after {seconds} s: {self.errors[-300:]}")
            time.sleep(0.05)
        return self.status

    def end(self) -> None:
        """Kill what is left of the session."""
        for pid in session_processes(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.wait()


def start_again(folder: Path, words: str) -> str | None:
    """Play a command to its end in a folder where one was ended, and return what is wrong with that, if anything.

    Args:
        folder: Working directory.
        words: The command line after `neuronet`.
    """
    again = Started(folder, words, forked=True)
    if again.wait():
        return f"the next start failed: {again.errors[-900:]}"
    left = sorted(str(path.relative_to(folder)) for pattern in (".*.partial", ".lock") for path in folder.rglob(pattern))
    return f"files are left: {left}" if left else None


@contextmanager
def all_ended() -> Iterator[None]:
    """End what was started and is still running, however the context is left; SIGTERM leaves it, too."""

    def leave(number: int, frame: FrameType | None) -> None:
        for process in _begun:
            if process.status is None:
                process.end()
        os._exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Process:
    """Process: its processor time with that of children that have ended, and its time of waiting for a free core, in seconds.

    Args:
        path: Its folder in /proc.

    Raises:
        FileNotFoundError, ProcessLookupError: It has ended.
    """

    def __init__(self, path: Path) -> None:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
        self.has_ended, self.session = fields[0] in "ZX", int(fields[3])
        self.cpu_seconds = sum(map(int, fields[11:15])) / TICKS
        self.waited = int((path / "schedstat").read_text().split()[1]) / 1e9


def session_processes(session: int) -> dict[int, Process]:
    """Return the processes of a session that have not ended, by id."""
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                process = Process(path)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if process.session == session and not process.has_ended:
                found[int(path.name)] = process
    return found


def context() -> ForkServerContext:
    """Return the context of processes that find the libraries loaded."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([*LIBRARIES, __name__])
    return found


def _play(folder: str, words: str, errors: str) -> None:
    """Be the command."""
    os.setsid()
    os.chdir(folder)
    for stream, path in ((0, os.devnull), (1, os.devnull), (2, errors)):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.dup2(handle, stream)
        os.close(handle)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    sys.argv = ["neuronet", *words.split()]
    from neuronet.__main__ import main

    main()

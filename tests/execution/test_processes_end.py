"""Processes end with the one that started them, and each signal has its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from neuronet import stop_signals
from neuronet.cli import main

SWEEP = """
environment = "digits"
seeds = 40
epochs = 8
hidden = [64]
"""

SECONDS = 10
"""Seconds within which all processes must have ended; 2 s on a machine that is not busy."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc"),
]


def start(folder, *words):
    command = [sys.executable, "-m", "neuronet", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def running(session):
    """Return the processes of a session that have not ended, by id, with their command lines."""
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                state, _, _, session_id = (path / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session_id) == session and state not in "ZX":
                    found[int(path.name)] = (path / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begin_sweep(folder, jobs=2):
    """Start a sweep, and return it as soon as its first worker is there, long before that is loaded."""
    (folder / "sweep.toml").write_text(SWEEP)
    process = start(folder, "sweep", "sweep.toml", "--jobs", str(jobs), "--out", "out", "--max-group-size", "1")
    wait_until(lambda: any("popen_loky" in line for line in running(process.pid).values()) or process.poll() is not None)
    return process


def end_and_collect(process, number):
    """Send a signal, and return standard error when no process of the session is left."""
    process.send_signal(number)
    try:
        wait_until(lambda: process.poll() is not None and not running(process.pid), SECONDS)
    finally:
        for pid in running(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        _, err = process.communicate()
    return err


DELAYS = [0.5, 4.0, *(pytest.param(delay, marks=pytest.mark.exhaustive) for delay in (0.0, 1.0, 2.0, 8.0))]
"""Seconds after the start of the first worker; it takes some to load its libraries."""


@pytest.mark.parametrize("delay", DELAYS)
def test_workers_that_load_end_with_a_killed_parent(delay, tmp_path):
    process = begin_sweep(tmp_path)
    time.sleep(delay)
    end_and_collect(process, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


STATUSES = {
    signal.SIGHUP: 129,
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
}


@pytest.mark.parametrize("number", [signal.SIGHUP, *(pytest.param(n, marks=pytest.mark.slow) for n in list(STATUSES)[1:])])
def test_sweep_that_is_stopped_says_how_it_continues(number, tmp_path):
    process = begin_sweep(tmp_path)
    time.sleep(0.5)
    err = end_and_collect(process, number)
    assert process.returncode == STATUSES[number], err
    assert "Continue with: neuronet sweep sweep.toml --out out" in err
    assert len(err.splitlines()) == 1, err


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_run_that_is_stopped_is_saved(number, tmp_path):
    process = start(tmp_path, "run", "digits", "--hidden", "8", "--epochs", "100000", "--out", "out")
    wait_until(lambda: (tmp_path / "out" / "metrics.csv").exists() or process.poll() is not None)
    err = end_and_collect(process, number)
    assert process.returncode == STATUSES[number], err
    assert "Saved. Continue with: neuronet run --resume out" in err
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()


def test_signal_while_loading_has_its_status(tmp_path):
    process = start(tmp_path, "run", "digits", "--epochs", "100000", "--out", "out")
    time.sleep(0.5)
    err = end_and_collect(process, signal.SIGTERM)
    assert process.returncode in (143, -signal.SIGTERM), err
    assert "Traceback" not in err


def test_run_whose_terminal_is_closed_is_saved(tmp_path):
    pty = pytest.importorskip("pty")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        command = [sys.executable, "-m", "neuronet", "run", "digits", "--hidden", "8", "--epochs", "100000", "--out", "out"]
        os.execv(sys.executable, command)
    os.set_blocking(terminal, False)

    def recorded():
        with suppress(BlockingIOError):
            os.read(terminal, 100_000)  # a full terminal would stop the run
        return (tmp_path / "out" / "metrics.csv").exists()

    wait_until(recorded)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_before_the_command_begins_has_its_status(number, monkeypatch):
    """Typer makes 130 of every KeyboardInterrupt that it meets outside a command."""
    monkeypatch.setattr(stop_signals, "_received", [int(number)])
    monkeypatch.setattr(main, "app", lambda *arguments, **options: 130)
    assert main.start() == 128 + number

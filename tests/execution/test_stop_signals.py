"""Stop signals at moments at which Python or a library in C loses the exception that they raise."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from neuronet import stop_signals
from neuronet.cli import main
from neuronet.stop_signals import STOP_SIGNALS

BEGIN = """
import os, signal, sys, time, weakref
from neuronet.stop_signals import exit_status, raise_on_signals
raise_on_signals()
"""

WEAK_REFERENCE = """
class Something:
    pass

thing = Something()
reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), {number}))
try:
    del thing
    time.sleep(10)
except KeyboardInterrupt:
    print("saved")
    sys.exit(exit_status())
"""

IMPORT = """
try:
    import interrupted_module
except KeyboardInterrupt:
    sys.exit(1)
"""


def end_of(program, folder):
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program], capture_output=True, text=True, timeout=60, cwd=folder, check=False
    )


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_signal_whose_exception_is_dropped_is_sent_again(number, tmp_path):
    ended = end_of(WEAK_REFERENCE.format(number=int(number)), tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + number, "saved\n", "")


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_signal_during_an_import_ends_the_process_at_once(number, tmp_path):
    (tmp_path / "interrupted_module.py").write_text(
        f"import os\ntry:\n    os.kill(os.getpid(), {int(number)})\nfinally:\n    pass\n"
    )
    ended = end_of(IMPORT, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + number, "", "Interrupted.\n")


def test_other_dropped_exceptions_are_reported(tmp_path):
    ended = end_of("class Broken:\n    def __del__(self):\n        raise ValueError('of its own')\nBroken()\n", tmp_path)
    assert ended.returncode == 0 and "of its own" in ended.stderr


def test_error_that_a_library_makes_of_an_interruption_is_an_interruption(monkeypatch, capsys):
    def draw(*arguments, **options):
        raise ValueError("Invalid bounding box")

    def draw_interrupted(*arguments, **options):
        stop_signals.note_signal(signal.SIGINT)
        draw()

    monkeypatch.setattr(stop_signals, "_received", [])
    monkeypatch.setattr(main, "app", draw)
    with pytest.raises(ValueError, match="bounding box"):
        main.start()
    monkeypatch.setattr(main, "app", draw_interrupted)
    assert main.start() == 128 + signal.SIGINT
    assert capsys.readouterr().err == "Interrupted.\n"
    monkeypatch.setattr(main, "app", draw)  # a signal before says nothing of this command
    with pytest.raises(ValueError, match="bounding box"):
        main.start()

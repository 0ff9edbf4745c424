"""A folder has one writer, whose lock ends with its process, and readers that never find half a record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest

import neuronet
from neuronet import comparison, continual, control, sweep
from neuronet.core.errors import LockedError, StudyMismatchError
from neuronet.recording import RunDirectory, lock_folder
from neuronet.recording.files import LOCK
from neuronet.reproduction import reproduce
from neuronet.training import read_config
from tests.control.fixtures import SignalEnv

RUN = {"hidden": [4], "epochs": 2}
CONTROL = {"hidden": (4,), "episodes": 2, "rounds": 2, "eval_episodes": 1}


def train(out):
    return neuronet.train("xor", out=out, **RUN)


def act(out):
    return control.train(SignalEnv, out=out, **CONTROL)


WRITERS = {
    "train": train,
    "resume": lambda out: neuronet.resume(out, epochs=3),
    "sweep": lambda out: sweep.sweep({"environment": "xor", "hidden": [4], "epochs": 1}, out=out),
    "compare": lambda out: comparison.compare("xor", ["attention"], seeds=1, out=out, hidden=[4], epochs=1),
    "continual": lambda out: continual.continual_study("permuted(tasks=2)", "xor", ["attention"], iterations=1, out=out),
    "control": act,
    "control-resume": lambda out: control.resume(out, rounds=3, environment=SignalEnv),
    "reproduce": lambda out: reproduce("budgeted-forgetting", out=out),
}
BEGUN = {"resume": train, "control-resume": act}


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_second_writer_is_refused_and_changes_nothing(name, tmp_path):
    if name in BEGUN:
        BEGUN[name](tmp_path)
    with lock_folder(tmp_path):
        before = files(tmp_path)
        with pytest.raises(LockedError, match=f"'{tmp_path}' is in use"):
            WRITERS[name](tmp_path)
        assert files(tmp_path) == before
    assert not (tmp_path / LOCK).exists()


def test_resume_without_a_run_leaves_no_folder(tmp_path):
    for resume in (neuronet.resume, control.resume):
        with pytest.raises(StudyMismatchError, match="there is no run"):
            resume(tmp_path / "none")
    assert not (tmp_path / "none").exists()


HOLDER = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_lock_of_a_killed_process_is_free_at_once(tmp_path):
    train(tmp_path)
    holder = [sys.executable, "-S", "-c", HOLDER, str(tmp_path / LOCK)]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as process, closing(process.stdout):
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(LockedError, match="in use"):
                neuronet.resume(tmp_path, epochs=3)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert (tmp_path / LOCK).exists()
    assert neuronet.resume(tmp_path, epochs=3).epochs == 3
    assert not (tmp_path / LOCK).exists()


def test_lock_file_that_names_this_process_is_no_lock(tmp_path):
    """A machine that was restarted gives process ids again."""
    train(tmp_path)
    (tmp_path / LOCK).write_text(str(os.getpid()))
    (tmp_path / f".metrics.csv.{os.getpid()}.partial").write_text("half")
    assert neuronet.resume(tmp_path, epochs=3).epochs == 3
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_resume_reads_the_configuration_that_the_writer_before_it_left(tmp_path, monkeypatch):
    """Another process resumes for more epochs, and ends, after this one was started and before it holds the lock."""
    train(tmp_path)
    require = RunDirectory.require.__func__

    def late(cls, folder):
        require(cls, folder)
        monkeypatch.undo()
        neuronet.resume(folder, epochs=5)

    monkeypatch.setattr(RunDirectory, "require", classmethod(late))
    assert neuronet.resume(tmp_path).epochs == 5
    assert list(pd.read_csv(tmp_path / "metrics.csv")["epoch"]) == [1, 2, 3, 4, 5]


def test_readers_leave_out_a_line_that_is_being_written(tmp_path):
    """An append that crosses a page, or that a full disk cuts, is seen in parts."""
    train(tmp_path)
    path = tmp_path / "metrics.csv"
    whole = path.read_text()
    last = whole.splitlines()[-1].replace("2,", "3,", 1)
    for length in range(1, len(last) + 1):
        path.write_text(whole + last[:length])
        assert list(RunDirectory.open(tmp_path, read_config).table("metrics.csv")["epoch"]) == [1, 2]
    assert neuronet.resume(tmp_path, epochs=3).epochs == 3
    assert list(pd.read_csv(path)["epoch"]) == [1, 2, 3]


def test_header_that_is_being_written_is_a_table_without_rows(tmp_path):
    train(tmp_path)
    (tmp_path / "metrics.csv").write_text("epoch,rou")
    assert RunDirectory.open(tmp_path, read_config).table("metrics.csv").empty

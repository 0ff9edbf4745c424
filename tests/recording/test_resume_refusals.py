"""A run is not resumed as another one, and no folder ends up with two."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import neuronet
from neuronet.core.errors import StateError, StudyMismatchError
from neuronet.recording.study_store import StudyStore

INPUTS = np.random.default_rng(3).normal(size=(60, 2))
CLASSES = (INPUTS[:, 0] > 0).astype(int)


def start_run(folder, **options):
    neuronet.train((INPUTS, CLASSES), epochs=2, out=folder, **options)


def test_resume_refuses_other_samples(tmp_path):
    start_run(tmp_path)
    for other in ((INPUTS, 1 - CLASSES), (INPUTS[:40], CLASSES[:40]), (INPUTS * 2 + 1e-3 * INPUTS**2, CLASSES)):
        with pytest.raises(StateError, match="the samples differ"):
            neuronet.resume(tmp_path, epochs=4, environment=other)


def test_resume_refuses_another_policy(tmp_path):
    start_run(tmp_path)
    with pytest.raises(StateError, match="the policies differ"):
        neuronet.resume(tmp_path, epochs=4, environment=(INPUTS, CLASSES), policy=neuronet.Greedy())


def test_resume_refuses_a_missing_first_network(tmp_path):
    network = neuronet.build_network([2, 4, 2], activation="tanh", connectivity="sparse(0.6)", seed=9)
    start_run(tmp_path, network=network)
    (tmp_path / "network.safetensors").unlink()
    with pytest.raises(StateError, match="the first networks differ"):
        neuronet.resume(tmp_path, epochs=4, environment=(INPUTS, CLASSES))


def test_folder_without_configuration_holds_no_run(tmp_path, monkeypatch):
    network = neuronet.build_network([2, 4, 2], seed=9)
    with monkeypatch.context() as patch:
        patch.setattr(StudyStore, "save_arrays", lambda self, *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            start_run(tmp_path / "run", network=network)
    with pytest.raises(StudyMismatchError, match="there is no run in"):
        neuronet.resume(tmp_path / "run")


@pytest.mark.parametrize("name", ["config.json", "metrics.csv", "checkpoint.safetensors", "network.safetensors"])
def test_folder_with_a_file_of_a_run_is_refused(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(StudyMismatchError, match="holds a run already"):
        start_run(tmp_path)


def test_resume_finds_a_table_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    rows = "\n".join(f"{a},{b},{c}" for (a, b), c in zip(INPUTS, CLASSES, strict=True))
    (tmp_path / "here" / "t.csv").write_text(f"a,b,y\n{rows}\n")
    monkeypatch.chdir(tmp_path / "here")
    neuronet.train("table:t.csv", hidden=[4], epochs=1, out="run")
    monkeypatch.chdir(tmp_path)
    assert neuronet.resume("here/run", epochs=2).rounds == 4


@pytest.mark.slow
def test_simultaneous_runs_get_different_folders(tmp_path):
    command = [sys.executable, "-m", "neuronet", "run", "xor", "--epochs", "1"]
    together = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=dict(os.environ)) for _ in range(2)]
    assert [process.wait(timeout=120) for process in together] == [0, 0]
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 2
    assert all(len((folder / "metrics.csv").read_text().splitlines()) == 2 for folder in folders)


def test_bad_input_leaves_no_folder(neuronet, tmp_path):
    assert neuronet("run", "xor", "--policy", "greddy").status == 2
    assert not (tmp_path / "runs").exists()


def test_diverged_run_saves_no_checkpoint(neuronet, tmp_path):
    answer = neuronet(
        "run", "digits", "--epochs", "1", "--batch-size", "2000", "--learning-rate", "1e300", "--json", "--out", "run"
    )
    assert answer.status == 2
    assert "no longer a number in epoch 1" in answer.err
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()

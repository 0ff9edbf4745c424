"""A run on two processes, by torchrun, is the run of a single one; it can be stopped and resumed."""

from __future__ import annotations

import os
import signal
import time

import pandas as pd
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.execution import distributed
from neuronet.recording import ReadOnlyRunDirectory
from neuronet.training.config import read_config
from tests.helpers.paths import ROOT
from tests.helpers.workers import two_workers

ARGUMENTS = ["digits", "--hidden", "24", "--batch-size", "100", "--engine", "tensors"]


@pytest.mark.slow
def test_run_interrupted_on_two_processes_resumes_on_one(tmp_path, neuronet):
    folder = tmp_path / "run"
    arguments = ["-m", "neuronet", "run", *ARGUMENTS, "--epochs", "100000", "--out", str(folder)]
    with two_workers(*arguments, path=str(ROOT)) as process:
        deadline = time.monotonic() + 60
        while not (folder / "checkpoint.safetensors").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert out == ""
    assert err.count("Saved. Continue with: neuronet run --resume") == 1  # the first process alone speaks
    played = max(pd.read_csv(folder / "metrics.csv")["epoch"])
    answer = neuronet("run", "--resume", folder, "--epochs", played + 1)
    assert answer.status == 0, answer.err
    assert "Resuming after round" in answer.err
    assert list(pd.read_csv(folder / "metrics.csv")["epoch"]) == list(range(1, played + 2))


STOPPING = """
import os, sys, neuronet
from neuronet.training import BestCheckpoint, Callback

def say(line):  # whole in one write: both processes share a pipe, and print writes an unbuffered line in pieces
    os.write(1, f"{line}\\n".encode())

class Stop(Callback):
    def on_round_end(self, run):
        say(f"called after {run.round}")
        if run.round == 17:  # an epoch has 15 rounds
            run.stop("enough")

options = {"hidden": [8], "batch_size": 100, "engine": "tensors", "epochs": 3, "lr_schedule": "constant"}
result = neuronet.train("digits", callbacks=[Stop(), BestCheckpoint()], out=sys.argv[1], **options)
say(f"ended {result.rounds} {result.epochs} {len(result.best_models)}")
"""


@pytest.mark.slow
def test_callbacks_of_the_main_process_stop_all_processes(tmp_path):
    script = tmp_path / "stopping.py"
    script.write_text(STOPPING)
    with two_workers(str(script), str(tmp_path / "run"), path=str(ROOT)) as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    lines = out.splitlines()
    assert [line for line in lines if line.startswith("called")] == [f"called after {number}" for number in range(1, 18)]
    assert sorted(line for line in lines if line.startswith("ended")) == ["ended 17 1 0", "ended 17 1 1"]


@pytest.fixture
def two_processes(monkeypatch):
    for name, text in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, text)


def test_single_process_without_launcher(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "8")  # what a cluster may say to any program
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    assert (distributed.world_size(), distributed.rank(), distributed.local_rank(), distributed.is_main_process()) == (
        1,
        0,
        0,
        True,
    )
    assert distributed.all_reduce_max((3, True)) == [3, 1]


def test_rank_from_torchrun(two_processes, monkeypatch):
    assert (distributed.world_size(), distributed.rank(), distributed.local_rank(), distributed.is_main_process()) == (
        2,
        1,
        1,
        False,
    )
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(ConfigurationError, match="variable RANK must be an integer, as torchrun sets it, got 'first'"):
        distributed.rank()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--engine", "agents"), "the agent engine needs 1 process, got 2 processes: use engine tensors"),
        (("--batch-size", "1"), "batch_size must be at least the number of processes, 2, got 1"),
    ],
)
def test_unsupported_distributed_options_are_refused(two_processes, neuronet, options, sentence):
    answer = neuronet("run", "xor", *options)
    assert (answer.status, answer.err) == (2, f"Error: {sentence}\n")


def test_read_only_directory_writes_nothing(tmp_path, neuronet):
    folder = tmp_path / "run"
    assert neuronet("run", "xor", "--epochs", "3", "--out", folder).status == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    reader = ReadOnlyRunDirectory.open(folder, read_config)
    checkpoint = reader.load()
    reader.truncate_after(checkpoint.state.round - 1)
    assert list(reader.table("metrics.csv")["epoch"]) == [1, 2]
    assert reader.table("alignment.csv").empty
    reader.update_config(epochs=9)
    assert reader.config.epochs == 9
    reader.append_rows("metrics.csv", [{"epoch": 4}])
    reader.append_rows("alignment.csv", [{"epoch": 4}])
    reader.save(checkpoint)
    reader.store.save_arrays("network.safetensors", {}, {})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

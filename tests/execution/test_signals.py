"""A run that is killed and resumed ends as if it had never been interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

import neuronet
from neuronet.benchmarking import threads

ARGUMENTS = ["digits", "--hidden", "24", "--policy", "noisy(trembling-hand)", "--seed", "5"]
OPTIONS = {"hidden": [24], "policy": "noisy(trembling-hand)", "seed": 5}
ROUNDS_PER_EPOCH = 45
KILLS = int(os.environ.get("NEURONET_KILLS", "1"))
"""Number of kills of each engine by each signal; `NEURONET_KILLS=20 pytest tests/execution/test_signals.py` for more."""

EPOCHS = {"agents": 12, "tensors": 60} if KILLS > 1 else {"agents": 6, "tensors": 30}
"""Length of a run of each engine."""


def start(engine, folder):
    arguments = [*ARGUMENTS, "--engine", engine, "--epochs", str(EPOCHS[engine]), "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "neuronet", "run", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@contextmanager
def one_thread():
    """Context with the same order of sums as in the process that is killed."""
    with threads(1), threadpool_limits(1):
        yield


def run_undisturbed(engine, folder):
    with one_thread():
        neuronet.train("digits", **OPTIONS, engine=engine, epochs=EPOCHS[engine], out=folder)


def resume(folder):
    """Resume the run, and return the round after which it continued."""
    messages = []
    with one_thread():
        neuronet.resume(folder, log=messages.append)
    return int(re.search(r"after round ([\d,]+)", " ".join(messages)).group(1).replace(",", ""))


def lines_of(path):
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def wait_for_epoch(process, folder, epoch):
    """Wait until that many epochs are on record, or the run has ended."""
    deadline = time.monotonic() + 60
    while lines_of(folder / "metrics.csv") < epoch and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)


WAYS = {
    "agents-sigkill": ("agents", signal.SIGKILL),
    "tensors-sigint": ("tensors", signal.SIGINT),
    "agents-sigint": ("agents", signal.SIGINT),
    "tensors-sigkill": ("tensors", signal.SIGKILL),
}
"""Engines and signals; without NEURONET_KILLS only the first two are tested."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Return the folder of an undisturbed run, by engine."""

    @cache
    def of(engine):
        folder = tmp_path_factory.mktemp(engine) / "run"
        run_undisturbed(engine, folder)
        return folder

    return of


def assert_same_run(folder, reference, epochs):
    ours, theirs = (load_file(path / "checkpoint.safetensors") for path in (folder, reference))
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)  # bit for bit
    metrics, expected = (pd.read_csv(path / "metrics.csv").drop(columns="seconds") for path in (folder, reference))
    pd.testing.assert_frame_equal(metrics, expected, check_exact=True)
    assert len(metrics) == epochs


@pytest.mark.slow
@pytest.mark.parametrize("kill", range(KILLS))
@pytest.mark.parametrize("way", list(WAYS)[: None if KILLS > 1 else 2])
def test_a_killed_run_resumes_bit_for_bit(uninterrupted, way, kill, tmp_path):
    engine, number = WAYS[way]
    reference = uninterrupted(engine)
    folder = tmp_path / "run"
    rng = np.random.default_rng([kill, number, len(engine)])
    process = start(engine, folder)
    wait_for_epoch(process, folder, int(rng.integers(0, EPOCHS[engine] - 2)))
    time.sleep(float(rng.uniform(0, 0.03)))
    seen = lines_of(folder / "metrics.csv")
    begun = (folder / "config.json").exists()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    if number == signal.SIGINT and begun:  # before, Python itself may be starting, and it has its own way of ending
        assert process.returncode in (0, 130), err
        assert "Traceback" not in err
    if (folder / "config.json").exists():
        resumed_after = resume(folder)
        lost = 0 if number == signal.SIGINT else 1  # epochs: the checkpoint interval
        assert resumed_after >= (seen - lost) * ROUNDS_PER_EPOCH
    else:  # killed before anything had begun
        assert seen == 0
        run_undisturbed(engine, folder)
    assert_same_run(folder, reference, EPOCHS[engine])


def test_ctrl_c_during_an_exec_keeps_the_exit_status(tmp_path):
    """Python ends a process by the signal if Ctrl-C arrives in an exec, which dataclasses use while libraries load."""
    (tmp_path / "program.py").write_text("""
import neuronet.__main__, neuronet.cli

def start():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 130

neuronet.cli.start = start
neuronet.__main__.main()
""")
    ended = subprocess.run([sys.executable, "-m", "program"], cwd=tmp_path, check=False, timeout=60)
    assert ended.returncode == 130

"""A run that is killed and resumed ends as if it had never been interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from functools import cache

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

ARGUMENTS = ["digits", "--hidden", "24", "--policy", "noisy(trembling-hand)", "--seed", "5"]
EPOCHS = {"agents": 12, "tensors": 60}  # about a second each
ROUNDS_PER_EPOCH = 45
KILLS = int(os.environ.get("NEURONET_KILLS", "1"))
"""How often each engine's run is killed by each signal; `NEURONET_KILLS=20 pytest tests/execution/test_signals.py` for more."""


def start(*arguments):
    command = [sys.executable, "-m", "neuronet", "run", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def begin(engine, folder):
    return start(*ARGUMENTS, "--engine", engine, "--epochs", EPOCHS[engine], "--out", folder)


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out, err


def lines_of(path):
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def wait_for_epoch(process, folder, epoch):
    """Until that many epochs are on record, or the run has ended."""
    deadline = time.monotonic() + 60
    while lines_of(folder / "metrics.csv") < epoch and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)


WAYS = {
    "agents-sigkill": ("agents", signal.SIGKILL),
    "tensors-sigint": ("tensors", signal.SIGINT),
    "agents-sigint": ("agents", signal.SIGINT),
    "tensors-sigkill": ("tensors", signal.SIGKILL),
}
"""Engines and signals; once each, without NEURONET_KILLS, is what there is time for: the first two."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of a run that nobody stops, by engine."""

    @cache
    def of(engine):
        folder = tmp_path_factory.mktemp(engine) / "run"
        finish(begin(engine, folder))
        return folder

    return of


def assert_same_run(folder, reference, epochs):
    ours, theirs = (load_file(each / "checkpoint.safetensors") for each in (folder, reference))
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)  # bit for bit
    metrics, expected = (pd.read_csv(each / "metrics.csv").drop(columns="seconds") for each in (folder, reference))
    pd.testing.assert_frame_equal(metrics, expected, check_exact=True)
    assert len(metrics) == epochs


@pytest.mark.parametrize("kill", range(KILLS))
@pytest.mark.parametrize("way", list(WAYS)[: None if KILLS > 1 else 2])
def test_a_killed_run_goes_on_as_if_unbroken(uninterrupted, way, kill, tmp_path):
    engine, number = WAYS[way]
    reference = uninterrupted(engine)
    folder = tmp_path / "run"
    rng = np.random.default_rng([kill, number, len(engine)])
    process = begin(engine, folder)
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
        _, said = finish(start("--resume", folder))
        resumed_after = int(re.search(r"Resuming after round ([\d,]+)", said).group(1).replace(",", ""))
        lost = 0 if number == signal.SIGINT else 1  # epochs: the checkpoint interval
        assert resumed_after >= (seen - lost) * ROUNDS_PER_EPOCH
    else:  # killed before anything had begun
        assert seen == 0
        finish(begin(engine, folder))
    assert_same_run(folder, reference, EPOCHS[engine])


def test_the_exit_status_holds_wherever_it_fell(tmp_path):
    """Python ends a process by the signal if Ctrl-C fell into the text of an exec, as dataclasses use it while libraries load."""
    (tmp_path / "program.py").write_text("""
import neuronet.__main__, neuronet.cli.main

def start():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 130

neuronet.cli.main.start = start
neuronet.__main__.main()
""")
    ended = subprocess.run([sys.executable, "-m", "program"], cwd=tmp_path, check=False, timeout=60)
    assert ended.returncode == 130

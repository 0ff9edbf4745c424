"""A sweep on a cluster of this machine, of which a worker process is killed in mid-run, gives the table of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from neuronet.sweep import sweep

FILE = """
environment = "xor"
epochs = 2
hidden = [4]
seeds = 6

[grid]
policy = ["sleepy:Sleepy", "noisy"]
"""
CELLS = 12

SLEEPY = """
import time
from dataclasses import dataclass
from neuronet import LinearPolicy


@dataclass(frozen=True)
class Sleepy(LinearPolicy):
    def feedback_weights(self, obs, memory):
        time.sleep(0.05)
        return obs.attention
"""
"""Policy whose cells take a second without a processor, so that there is a middle of the sweep."""

SECONDS = float(os.environ.get("NEURONET_CLUSTER_SECONDS", "280"))
"""Longest time until some cells are there, and until the end; a busy machine needs more."""

WORKERS = {"dask": "spawn_main", "ray": "ray::"}
"""Part of the command line of a worker process."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3 * SECONDS),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="worker processes are found in /proc"),
]


def workers(pid, words):
    """Return the descendants of a process that have these words in their command line."""
    found, parents = [], [pid]
    while parents:
        folder = Path("/proc", str(parents.pop()))
        try:
            children = [int(child) for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()]
            parents += children
            found += [child for child in children if words in Path("/proc", str(child), "cmdline").read_text().replace("\0", " ")]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cells(folder):
    return [key for path in (folder / "cells").glob("[!.]*.json") for key in json.loads(path.read_text())]


@pytest.mark.parametrize("backend", WORKERS)
def test_cluster_that_loses_a_worker_gives_the_table_of_one_process(backend, tmp_path, monkeypatch):
    module = {"dask": "distributed"}.get(backend, backend)
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install 'neuronet[{backend}]'")
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    monkeypatch.syspath_prepend(tmp_path)
    file, out, said = tmp_path / "study.toml", tmp_path / "out", tmp_path / "said"
    file.write_text(FILE)
    words = ["sweep", str(file), "--backend", backend, "--jobs", "2", "--max-group-size", "1", "--out", str(out)]
    with said.open("wb") as text:
        process = subprocess.Popen([sys.executable, "-m", "neuronet", *words], cwd=tmp_path, stdout=text, stderr=text)
    try:
        deadline = time.monotonic() + SECONDS
        while len(cells(out)) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, said.read_text()
        assert 3 <= len(cells(out)) < CELLS - 2  # in mid-run
        os.kill(workers(process.pid, WORKERS[backend])[-1], signal.SIGKILL)
        assert process.wait(timeout=SECONDS) == 0, said.read_text()
    finally:
        process.kill()
        process.wait()
    table = pd.read_csv(out / "table.csv")
    alone = sweep(file, jobs=1, max_group_size=1)
    pd.testing.assert_frame_equal(
        table.drop(columns=["seconds", "error"]), alone.drop(columns=["seconds", "error"]), check_exact=True, check_dtype=False
    )
    assert table["error"].isna().all()
    keys = cells(out)
    assert len(keys) == CELLS == len(set(keys))  # none twice

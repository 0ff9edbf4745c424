"""A sweep that is killed and started again ends with every row once; what was begun with is not changed by accident."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError, StudyMismatchError, WorkerError
from neuronet.sweep import sweep

KILLS = int(os.environ.get("NEURONET_KILLS", "1"))
SEEDS, LONG_EPOCHS = (2, 40) if KILLS == 1 else (3, 80)
CELLS = 4 * SEEDS
"""`NEURONET_KILLS=5 pytest tests/sweep/test_resume.py` for more; benchmarks/sweep_killed.py has 200 cells."""

LONG = f"""
environment = "digits"
hidden = [32]
seeds = {SEEDS}

[grid]
epochs = [4, {LONG_EPOCHS}]
policy = ["attention", "greedy"]
"""

SMALL = {"environment": "xor", "hidden": [8], "epochs": 1}
FAILING = {**SMALL, "policy": "tests.sweep.failing_policies:FailsAtHighRates", "grid": {"learning_rate": [0.01, 0.09, 0.03]}}


def rows_in(folder):
    return [key for path in (folder / "cells").glob("[!.]*.json") for key in json.loads(path.read_text())]


def without_timing(table):
    return table.drop(columns="seconds")


def killed(words, folder, wanted):
    """The keys on disk after `neuronet sweep` got SIGKILL in the middle, and its processes have ended, too."""
    process = subprocess.Popen([sys.executable, "-m", "neuronet", "sweep", *words], start_new_session=True)
    deadline = time.monotonic() + 240
    while len(rows_in(folder)) < wanted and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    assert process.wait(timeout=60) == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.02)
    return set(rows_in(folder))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_sweep_resumes_with_every_row_once(tmp_path):
    file, folder, seen = tmp_path / "long.toml", tmp_path / "killed", [set()]
    file.write_text(LONG)
    for kill in range(KILLS):
        wanted = CELLS * (kill + 1) // (KILLS + 2)
        seen.append(killed([str(file), "--out", str(folder), "--jobs", "2", "--max-group-size", "1"], folder, wanted))
        assert wanted <= len(seen[-1]) < CELLS  # it was killed in the middle
        assert not (folder / "table.csv").exists()
    assert all(before < after for before, after in pairwise(seen))  # nothing is lost
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").glob("[!.]*.json")}
    table = sweep(file, out=folder, jobs=1, max_group_size=1)
    assert len(table) == CELLS == len(set(table["cell"]))
    assert len(rows_in(folder)) == CELLS == len(set(rows_in(folder)))  # nothing is doubled
    assert kept.items() <= {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}.items()
    assert table["error"].isna().all()
    pd.testing.assert_frame_equal(without_timing(table), without_timing(sweep(file, jobs=1, max_group_size=1)), check_exact=True)


def test_resume_runs_missing_cells_only_and_gives_the_same_table(tmp_path, monkeypatch):
    design = {**SMALL, "seeds": 5, "grid": {"policy": ["attention", "noisy"], "learning_rate": [0.1, 0.2]}}
    whole = sweep(design, out=tmp_path / "whole", max_group_size=4)
    told = []

    def fail(update):
        told.append(update)
        if update.done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(design, out=tmp_path / "parts", max_group_size=4, on_progress=fail)
    assert len(rows_in(tmp_path / "parts")) == 8
    said = []
    again = sweep(design, out=tmp_path / "parts", max_group_size=4, on_progress=told.append, log=said.append)
    assert said == ["8 of 20 cells were played before."]
    assert [update.done for update in told] == [0, 4, 8, 8, 10, 14, 18, 20]
    assert (told[-1].done, told[-1].done_before, told[-1].total, told[-1].failed) == (20, 8, 20, 0)
    pd.testing.assert_frame_equal(without_timing(again), without_timing(whole), check_exact=True)
    with (tmp_path / "parts" / "table.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["test_loss"]) for line in lines] == again["test_loss"].tolist()
    assert [line["policy"] for line in lines] == again["policy"].tolist()
    parquet = pd.read_parquet(tmp_path / "parts" / "table.parquet")
    pd.testing.assert_frame_equal(parquet, again, check_exact=True)


STARTED = {**SMALL, "seeds": 2, "grid": {"learning_rate": [0.1, 0.2], "policy": ["attention", "greedy"]}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epochs": 2}, "with epochs 1, where this one has 2"),
        ({"hidden": [8, 4]}, "with hidden 8, where this one has 8,4"),
        ({"seeds": 1}, "with seed 1, where this one has 0"),
        (
            {"grid": {"learning_rate": [0.1, 0.3], "policy": ["attention", "greedy"]}},
            "with learning_rate 0.2, where this one has 0.1, 0.3",
        ),
        ({"grid": {}, "paired": STARTED["grid"]}, "with a cell that this one lacks (environment xor, policy greedy, "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_folder_of_another_sweep_is_refused(tmp_path, change, sentence):
    sweep(STARTED, out=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    with pytest.raises(StudyMismatchError) as refusal:
        sweep({**STARTED, **change}, out=tmp_path)
    assert f"'{tmp_path}' holds a sweep {sentence}" in str(refusal.value)
    assert str(refusal.value).endswith(": choose another folder, or change the file so that it only adds cells")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json")}


def test_folder_without_results_takes_another_sweep(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("neuronet.sweep.api.make_groups", _interrupted)
        sweep(STARTED, out=tmp_path)
    assert (tmp_path / "sweep.json").exists()
    assert len(sweep(SMALL, out=tmp_path)) == 1


def _interrupted(*_):
    raise KeyboardInterrupt


def test_more_cells_can_be_added(tmp_path):
    sweep(STARTED, out=tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "cells").iterdir()}
    more = {**STARTED, "seeds": 3, "grid": {**STARTED["grid"], "activation": ["tanh", "relu"]}}
    table = sweep(more, out=tmp_path)
    assert len(table) == 24 == len(set(rows_in(tmp_path)))
    assert files.items() <= {path: path.read_bytes() for path in (tmp_path / "cells").iterdir()}.items()
    fresh = sweep(more)
    np.testing.assert_allclose(table["test_loss"], fresh["test_loss"], rtol=1e-11)


def test_changed_samples_and_versions_are_refused(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    file = tmp_path / "lines.csv"

    def write():
        pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "y"]).to_csv(file, index=False)

    design = {"environment": f"table:{file}", "hidden": [4], "epochs": 1}
    write()
    sweep(design, out=tmp_path / "out")
    write()
    with pytest.raises(StudyMismatchError, match=r"on samples of table:.*lines.csv that have changed"):
        sweep(design, out=tmp_path / "out")
    monkeypatch.setattr("neuronet.version.__version__", "9.0")
    with pytest.raises(StudyMismatchError, match=r"holds a sweep that version 0.1.0 began"):
        sweep(design, out=tmp_path / "out")


def test_failed_cells_run_again_with_retry_only(tmp_path, monkeypatch):
    first = sweep(FAILING, out=tmp_path)
    assert first["error"].notna().tolist() == [False, True, False]
    monkeypatch.setattr("tests.sweep.failing_policies.FailsAtHighRates.feedback_weights", lambda self, obs, memory: obs.attention)
    assert sweep(FAILING, out=tmp_path)["error"].notna().tolist() == [False, True, False]
    again = sweep(FAILING, out=tmp_path, retry=True)
    assert again["error"].isna().all()
    pd.testing.assert_frame_equal(without_timing(again), without_timing(sweep(FAILING, out=tmp_path)))


def test_strict_sweep_keeps_results_except_the_failure(tmp_path):
    with pytest.raises(WorkerError, match="cell 2"):
        sweep(FAILING, out=tmp_path, strict=True)
    assert len(rows_in(tmp_path)) == 2
    assert sweep(FAILING, out=tmp_path)["error"].notna().tolist() == [False, True, False]
    with pytest.raises(WorkerError, match="cell 2"):
        sweep(FAILING, out=tmp_path, strict=True)


@pytest.mark.parametrize("content", ["{", "[]", '{"0": {"rounds": 3}}', '{"0": 3}'])
def test_corrupt_result_file_is_named(tmp_path, content):
    sweep(SMALL, out=tmp_path)
    (tmp_path / "cells" / "broken.json").write_text(content)
    with pytest.raises(DataError, match=r"cannot read '.*broken.json', a part of this sweep"):
        sweep(SMALL, out=tmp_path)


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "sweep.json").write_text("[]")
    with pytest.raises(StudyMismatchError, match=r"sweep.json' is not of a sweep: choose another folder"):
        sweep(SMALL, out=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to the folder"):
        sweep(SMALL, out=tmp_path / "file")

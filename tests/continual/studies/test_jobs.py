"""Jobs in several processes: equal results, stored as soon as they finish."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuronet.continual.evaluation.runner import SequenceResult
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.jobs import Job, estimated_seconds, executor_for, load_result, run_jobs, save_result
from neuronet.core.errors import ConfigurationError, DataError, WorkerError
from neuronet.execution import Executor
from tests.continual.fixtures import SEEDS, make_experiment
from tests.continual.fixtures_environments import Glyphs

SMALL = {
    "seeds": 2,
    "iterations": 5,
    "batch_size": 8,
    "hidden": (8,),
    "tune": True,
    "trials": 2,
    "tuning_seeds": 2,
    "max_range_extensions": 1,
}
LONG = "permuted(tasks=2) digits --seeds 9 --iterations 100 --hidden 300,300 --policies ewc --jobs 2"


@pytest.mark.slow
def test_two_processes_give_exactly_the_results_of_one(tmp_path):
    found = [
        continual_study(
            "split-class(tasks=3)", Glyphs(), ["income-protecting", "ewc"], jobs=jobs, out=tmp_path / str(jobs), **SMALL
        )
        for jobs in (1, 2)
    ]
    for name in ("table", "accuracy", "tuning"):
        one, two = (getattr(result, name) for result in found)
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    files = [sorted(path.name for path in (tmp_path / jobs / "games").iterdir()) for jobs in "12"]
    assert files[0] == files[1]
    for name in files[0]:
        one, two = (json.loads((tmp_path / jobs / "games" / name).read_text()) for jobs in "12")
        assert one == two if "cost" not in name else one["bytes"] == two["bytes"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
def test_ctrl_c_stops_all_processes_and_keeps_finished_results(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "neuronet", "continual", *LONG.split(), "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    games = tmp_path / "here" / "games"
    for _ in range(1200):
        if games.exists() and len(list(games.glob("final-*.json"))) >= 1:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "--out here" in err
    assert "Traceback" not in err and "Interrupt" not in err
    parts = [json.loads(path.read_text()) for path in games.iterdir()]
    assert 1 <= len(parts) < 36  # two files for each of 18 jobs
    for _ in range(100):
        if not subprocess.run(["pgrep", "-s", str(process.pid)], check=False, capture_output=True).stdout:
            break
        time.sleep(0.05)
    else:
        pytest.fail("worker processes are still running")


def job(seeds=SEEDS, **options):
    return Job(make_experiment(**options), parse_method("backprop"), 0.1, seeds)


def test_a_gpu_is_used_by_one_process():
    jobs = [job()] * 4
    assert executor_for(jobs, None) == Executor()
    assert executor_for(jobs, 3) == Executor(3)
    assert executor_for([replace(job(), experiment=make_experiment(device="cuda"))] * 4, 3) == Executor(1)


def test_estimated_seconds_count_multiplications():
    measured_job = job(hidden=(7, 5), rounds=6)
    weights = 25 * 7 + 7 * 5 + 5 * 6
    assert estimated_seconds(measured_job) == pytest.approx(2e-10 * 3 * weights * 6 * 8 * 3 * len(SEEDS))


def test_jobs_have_the_results_of_the_experiment(tmp_path):
    files = tuple(tmp_path / f"game-{seed}" for seed in SEEDS)
    for index, result in run_jobs([replace(job(), files=files), job((3,))], 1):
        seeds = (SEEDS, (3,))[index]
        np.testing.assert_array_equal(result.accuracy, make_experiment().accuracy_matrices(parse_method("backprop"), 0.1, seeds))
        assert result.seconds > 0 and result.memory_bytes == 0
    for file, accuracy in zip(files, make_experiment().accuracy_matrices(parse_method("backprop"), 0.1, SEEDS), strict=True):
        np.testing.assert_array_equal(load_result(file, 3).accuracy, accuracy)


def test_stored_result_is_loaded_with_missing_values(tmp_path):
    accuracy = np.array([[0.1, np.nan], [1 / 3, np.nan], [0.5, 1.0]])
    save_result(tmp_path / "part", SequenceResult(accuracy, 1.25, 96))
    found = load_result(tmp_path / "part", 2)
    np.testing.assert_array_equal(found.accuracy, accuracy)
    assert (found.seconds, found.memory_bytes) == (1.25, 96)
    assert "NaN" not in (tmp_path / "part.json").read_text()  # which is not valid JSON
    (tmp_path / "part.cost.json").unlink()  # as in the studies of earlier versions
    assert math.isnan(load_result(tmp_path / "part", 2).seconds)
    assert load_result(tmp_path / "other", 2) is None
    with pytest.raises(DataError, match="3 tasks"):
        load_result(tmp_path / "part", 3)


@pytest.mark.slow
def test_lost_worker_process_is_reported(monkeypatch):
    monkeypatch.setattr(Job, "run", _fail)
    with pytest.raises(WorkerError, match="jobs"):
        list(run_jobs([Ending(make_experiment(), parse_method("backprop"), 0.1, SEEDS)] * 2, 2))


def _fail(self):
    raise AssertionError("the job runs in the main process")


class Ending(Job):
    def run(self):
        os._exit(1)


def test_environment_that_cannot_be_pickled_is_reported():
    environment = Glyphs()
    environment.generator = (number for number in range(3))
    with pytest.raises(ConfigurationError, match="jobs=1"):
        list(run_jobs([replace(job(), experiment=make_experiment(environment=environment))] * 2, 2))

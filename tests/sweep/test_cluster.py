"""The same file, played by several processes and by a cluster: the same rows, to the last digit."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import joblib
import pandas as pd
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.sweep import executor, sweep
from neuronet.sweep.cells import make_plan
from neuronet.sweep.design import parse_design
from neuronet.sweep.environment_info import inspect_environment
from neuronet.sweep.executor import MIN_WORK_FOR_POOL, Executor
from neuronet.sweep.worker import Job, run_job

distributed = pytest.importorskip("distributed", reason="no dask.distributed: pip install 'neuronet[dask]'")

FILE = """
environment = "xor"
epochs = 2
seeds = 3

[grid]
policy = ["attention", "noisy"]
engine = ["tensors", "agents"]

[paired]
hidden = [[8], [4, 4]]
batch_size = [16, 32]
"""


def without_timing(table):
    return table.drop(columns="seconds")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cluster") / "study.toml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def exclusive(file):
    return sweep(file, jobs=1)


def test_a_dask_cluster_of_two_workers_gives_the_same_rows(file, alone, tmp_path):
    told = []
    table = sweep(file, backend="dask", jobs=2, out=tmp_path, on_progress=told.append)
    assert len(table) == 24
    pd.testing.assert_frame_equal(without_timing(table), without_timing(alone), check_exact=True)
    assert [update.done for update in told] == sorted(update.done for update in told)
    assert len(told) == 17  # the beginning, 4 groups of the tensor engine, 12 cells of the agent engine
    assert len(list((tmp_path / "cells").iterdir())) == 16


def test_a_cluster_that_is_there_is_used(file, alone, monkeypatch):
    monkeypatch.setattr(distributed, "Client", _forbid_executor(distributed.Client))
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, cluster.get_client() as client:
        assert distributed.default_client() is client
        pd.testing.assert_frame_equal(without_timing(sweep(file, backend="dask")), without_timing(alone), check_exact=True)
        assert client.status == "running"  # it is not ours to close


def _forbid_executor(cls):
    return lambda *args, **options: pytest.fail("another one was made") if "n_workers" in options else cls(*args, **options)


def test_how_many_processes(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 6)
    assert Executor().worker_count(9, MIN_WORK_FOR_POOL, exclusive=False) == 1  # all is over before another process has begun
    assert Executor().worker_count(9, 2 * MIN_WORK_FOR_POOL, exclusive=False) == 6
    assert Executor().worker_count(4, 2 * MIN_WORK_FOR_POOL, exclusive=False) == 4
    assert Executor().worker_count(9, 2 * MIN_WORK_FOR_POOL, exclusive=True) == 1
    assert Executor(jobs=3).worker_count(9, 1, exclusive=True) == 3
    assert Executor(jobs=3).worker_count(2, 1, exclusive=True) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"backend": "dusk"}, "unknown backend 'dusk': did you mean 'dask'"),
        ({"scheduler": "tcp://here:1"}, "it goes with backend dask or ray"),
        ({"backend": "dask", "scheduler": "tcp://here:1", "jobs": 2}, "leave jobs out, or the scheduler"),
        ({"jobs": 0}, "jobs must be an integer of 1 or more, got 0"),
        ({"backend": "dask", "scheduler": "tcp://127.0.0.1:9"}, "there is no dask cluster at 'tcp://127.0.0.1:9'"),
        ({"backend": "dask", "scheduler": "nonsense://"}, "there is no dask cluster at 'nonsense://'"),
    ],
)
def test_what_cannot_play_is_refused_in_a_sentence(file, options, sentence, monkeypatch):
    monkeypatch.setattr(executor, "PATIENCE", 0.2)
    with pytest.raises(NeuroNetError) as refusal:
        sweep(file, **options)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_cluster_without_its_library(file, backend, monkeypatch):
    monkeypatch.setattr(executor, "import_module", _missing)
    with pytest.raises(NeuroNetError, match=rf"pip install 'neuronet\[{backend}\]'"):
        sweep(file, backend=backend)


def _missing(name):
    raise ModuleNotFoundError(name)


def test_what_happens_to_a_cluster_is_told_in_a_sentence(file, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("the workers\nwent home")
        yield

    monkeypatch.setattr(executor, "parallel_map", fail)
    monkeypatch.setattr(Executor, "_dask", lambda self: nullcontext({}))
    with pytest.raises(NeuroNetError, match="the dask cluster could not play: RuntimeError: the workers went home"):
        sweep(file, backend="dask")


def test_a_worker_with_another_version_or_other_samples_refuses():
    config = make_plan(parse_design({"environment": "xor", "epochs": 1})).cells[0].config
    job = Job((config,), inspect_environment(config))
    assert run_job(job)[0]["error"] is None
    with pytest.raises(NeuroNetError, match=r"a worker has version .*, and the sweep was started with version 9\.0"):
        run_job(replace(job, version="9.0"))
    with pytest.raises(NeuroNetError, match="the samples of 'xor' are not the same here as where the sweep was started"):
        run_job(replace(job, environment_info=replace(job.environment_info, digest="other")))

"""The same file, played by several processes and by a cluster: the same rows, to the last digit."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest

from neuronet.core.errors import DataError, WorkerError
from neuronet.sweep import sweep
from neuronet.sweep.cells import make_plan
from neuronet.sweep.design import parse_design
from neuronet.sweep.environment_info import inspect_environment
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
def alone(file):
    return sweep(file, jobs=1)


@pytest.mark.slow
def test_dask_cluster_of_two_workers_gives_the_same_rows(file, alone, tmp_path):
    told = []
    with socket.socket() as other:
        with suppress(OSError):  # it is one's already
            other.bind(("", 8787))  # the port of another cluster's dashboard
            other.listen()
        table = sweep(file, backend="dask", jobs=2, out=tmp_path, on_progress=told.append)
    assert len(table) == 24
    pd.testing.assert_frame_equal(without_timing(table), without_timing(alone), check_exact=True)
    assert [update.done for update in told] == sorted(update.done for update in told)
    assert len(told) == 17  # the beginning, 4 groups of the tensor engine, 12 cells of the agent engine
    assert len(list((tmp_path / "cells").iterdir())) == 16


def test_existing_dask_client_is_used(file, alone, monkeypatch):
    monkeypatch.setattr(distributed, "Client", _without_new_cluster(distributed.Client))
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, cluster.get_client() as client:
        assert distributed.default_client() is client
        pd.testing.assert_frame_equal(without_timing(sweep(file, backend="dask")), without_timing(alone), check_exact=True)
        assert client.status == "running"  # it is not ours to close


def _without_new_cluster(cls):
    return lambda *args, **options: pytest.fail("another one was made") if "n_workers" in options else cls(*args, **options)


def test_worker_refuses_another_version_or_other_samples():
    config = make_plan(parse_design({"environment": "xor", "epochs": 1})).cells[0].config
    job = Job((config,), inspect_environment(config))
    assert run_job(job)[0].row["error"] is None
    with pytest.raises(WorkerError, match=r"a worker has version .*, and the sweep was started with version 9\.0"):
        run_job(replace(job, version="9.0"))
    with pytest.raises(DataError, match="the samples of 'xor' differ"):
        run_job(replace(job, environment_info=replace(job.environment_info, digest="other")))

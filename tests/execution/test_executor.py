"""Executor: the number of processes, lost workers, and clusters that are not there."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from types import SimpleNamespace

import joblib
import pytest

from neuronet.core.errors import ConfigurationError, MissingExtraError, NeuroNetError, WorkerError
from neuronet.execution import MIN_SECONDS_FOR_POOL, Executor, clusters, executor


def square(number):
    return number * number


def exit_process(number):
    os._exit(1)


def test_results_come_with_their_index():
    assert sorted(Executor(1).map(square, [3, 4], seconds=0.0)) == [(0, 9), (1, 16)]
    assert sorted(Executor(2).map(square, [3, 4, 5], seconds=0.0)) == [(0, 9), (1, 16), (2, 25)]


def test_worker_count(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 6)
    assert Executor().worker_count(9, MIN_SECONDS_FOR_POOL) == 1  # all is done before another process has started
    assert Executor().worker_count(9, 2 * MIN_SECONDS_FOR_POOL) == 6
    assert Executor().worker_count(4, 2 * MIN_SECONDS_FOR_POOL) == 4
    assert Executor().worker_count(9, 2 * MIN_SECONDS_FOR_POOL, exclusive=True) == 1
    assert Executor(jobs=3).worker_count(9, 1, exclusive=True) == 3
    assert Executor(jobs=3).worker_count(2, 1, exclusive=True) == 2
    assert Executor(jobs=3).worker_count(0, 1) == 1


def test_a_lost_worker_is_an_error():
    with pytest.raises(WorkerError, match="fewer jobs"):
        list(Executor(2).map(exit_process, [1, 2], seconds=0.0))


def test_an_item_that_cannot_be_sent_is_an_error():
    with pytest.raises(ConfigurationError, match="jobs=1"):
        list(Executor(2).map(square, [threading.Lock(), 2], seconds=0.0))


@pytest.mark.parametrize(
    ("options", "error", "fragment"),
    [
        ({"backend": "dusk"}, NeuroNetError, "did you mean 'dask'"),
        ({"scheduler": "tcp://here:1"}, ConfigurationError, "backend dask or ray"),
        ({"backend": "dask", "scheduler": "tcp://here:1", "jobs": 2}, ConfigurationError, "leave jobs out"),
        ({"jobs": 0}, ConfigurationError, "jobs must be .* got 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, error, fragment):
    with pytest.raises(error, match=fragment):
        Executor(**options)


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_cluster_without_its_library_names_the_extra(backend, monkeypatch):
    monkeypatch.setattr(clusters, "import_module", _missing)
    with pytest.raises(MissingExtraError, match=rf"pip install 'neuronet\[{backend}\]'"):
        list(Executor(backend=backend).map(square, [1], seconds=0.0))


def _missing(name):
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://"])
def test_a_scheduler_that_does_not_answer_is_named(address, monkeypatch):
    pytest.importorskip("distributed", reason="no dask.distributed: pip install 'neuronet[dask]'")
    monkeypatch.setattr(clusters, "CONNECT_TIMEOUT", 0.2)
    with pytest.raises(WorkerError, match=address) as refusal:
        list(Executor(backend="dask", scheduler=address).map(square, [1], seconds=0.0))
    assert "\n" not in str(refusal.value)


def test_a_ray_cluster_that_does_not_start_is_one_sentence(monkeypatch):
    """Ray raises a bare Exception on a machine that is too busy."""

    def fail(**options):
        raise Exception("The current node timed out during startup.")

    ray = SimpleNamespace(is_initialized=lambda: False, init=fail, register_ray=lambda: None)
    monkeypatch.setattr(clusters, "import_module", lambda name: ray)
    with pytest.raises(WorkerError, match="there is no ray cluster on this machine: The current node timed out"):
        list(Executor(backend="ray").map(square, [1], seconds=0.0))


def test_ray_is_told_to_run_the_jobs_of_a_lost_worker_again(monkeypatch):
    ray = SimpleNamespace(is_initialized=lambda: True, register_ray=lambda: None)
    monkeypatch.setattr(clusters, "import_module", lambda name: ray)
    with clusters.ray_cluster(None, None) as options:
        assert options["ray_remote_args"]["max_restarts"] == -1  # as often as it is lost
        assert options["ray_remote_args"]["max_task_retries"] > 0


def test_a_failure_of_a_cluster_is_one_sentence(monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("the workers\nare gone")
        yield

    monkeypatch.setattr(executor, "parallel_map", fail)
    monkeypatch.setattr(executor, "dask_cluster", lambda scheduler, jobs: nullcontext({}))
    with pytest.raises(WorkerError, match="the dask cluster failed: RuntimeError: the workers are gone"):
        list(Executor(backend="dask").map(square, [1], seconds=0.0))

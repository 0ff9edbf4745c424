"""Costs of learning: bytes by hand, seconds by the clock; and the hypervolume by hand."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.continual.evaluation.pareto_front import configuration_points, hypervolume, pareto_front
from neuronet.continual.evaluation.resource_costs import Timer
from neuronet.continual.methods.base import Learner
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.studies.api import continual_study
from tests.continual.fixtures import SEEDS, learner_config, make_experiment, train_tasks
from tests.continual.fixtures_environments import Glyphs

SIZE = 25 * 8 + 8 + 8 * 6 + 6
"""Parameters of a network; there are two, of 8 bytes each."""
ALL = 8 * len(SEEDS) * SIZE


def measured_bytes(text, optimizer="sgd", tasks=3):
    experiment = make_experiment()
    learner = parse_method(text).learner(learner_config(experiment, optimizer=optimizer))
    return train_tasks(learner, experiment, tasks).kept_bytes()


@pytest.mark.parametrize(
    ("text", "optimizer", "expected"),
    [
        ("backprop", "sgd", 0),
        ("backprop", "momentum(0.9)", ALL),
        ("frozen", "sgd", 0),
        ("ewc", "sgd", 2 * ALL),
        ("ewc-online", "sgd", 2 * ALL),
        ("mas", "sgd", 3 * ALL),  # the penalty's two, and the sum of importances
        ("si", "sgd", 5 * ALL),  # the penalty's two, importances, path integrals, and initial parameters
        ("attention", "sgd", 0),
        ("attention", "momentum(0.9)", ALL),
    ],
)
def test_kept_bytes_by_hand(text, optimizer, expected):
    assert measured_bytes(text, optimizer) == expected


def test_adam_keeps_two_numbers_per_parameter():
    assert 2 * ALL <= measured_bytes("backprop", "adam") <= 2 * ALL + 200  # and the number of steps
    assert measured_bytes("attention", "adam") == 2 * ALL


def test_lwf_keeps_its_previous_parameters():
    assert ALL <= measured_bytes("lwf") <= ALL + 100  # and the active classes


def test_income_protecting_keeps_its_memory():
    assert measured_bytes("income-protecting") > 0


def test_replay_keeps_stored_samples_only():
    sample = 25 + 8  # bytes of an image and its class
    assert measured_bytes("replay(samples_per_task=5)", tasks=2) == 2 * 2 * 5 * sample
    experiment = make_experiment()
    task_samples = [experiment.sequence(seed)[number].train for seed in SEEDS for number in range(3)]
    assert measured_bytes("joint") == sum(map(len, task_samples)) * sample


def test_custom_learner_is_counted_by_its_attributes():
    class Custom(Learner):
        def __init__(self):
            whole = np.zeros(10)
            self.views = [whole[:3], {"a": whole[5:]}]  # one storage
            self.more = (np.zeros(2, dtype=np.float32),)
            self.itself = self.views

        train_batch = outputs = networks = close = None

    Custom.__abstractmethods__ = frozenset()
    assert Custom().kept_bytes() == 80 + 8


def test_timer_counts_only_its_blocks():
    timer = Timer("cpu")
    for _ in range(2):
        with timer:
            began = time.process_time()
            while time.process_time() < began + 0.02:
                pass
    time.sleep(0.01)
    assert 0.04 <= timer.seconds < 0.5


def test_costs_of_a_study_are_stored(tmp_path):
    options = {"seeds": 3, "iterations": 5, "batch_size": 8, "hidden": (8,)}
    result = continual_study("split-task(tasks=3)", Glyphs(), ["ewc", "lwf"], out=tmp_path, **options)
    medians = result.costs.groupby("policy")["seconds"].median()
    assert result.times["backprop"] == 1.0
    assert result.times["lwf"] == medians["lwf"] / medians["backprop"]
    assert (
        result.table.set_index("policy")["memory"].to_dict() == result.costs.groupby("policy")["bytes"].mean().round().to_dict()
    )
    again = continual_study("split-task(tasks=3)", Glyphs(), ["ewc", "lwf"], out=tmp_path, **options)
    pd.testing.assert_frame_equal(again.costs, result.costs, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "costs.csv"), result.costs, check_dtype=False)
    rows = {row["policy"]: row for row in result.summary()["policies"]}
    assert rows["lwf"]["time"] == result.times["lwf"] and rows["backprop"]["memory"] == 0
    assert "seconds" not in (tmp_path / "table.csv").read_text()
    assert result.table["area"].isna().all()  # nothing was tuned


def test_pareto_front_by_hand():
    points = np.array([[0.9, 0.5], [0.8, 0.6], [0.7, 0.6], [0.95, 0.2], [0.6, 0.7], [0.9, 0.4]])
    assert pareto_front(points).tolist() == [[0.6, 0.7], [0.8, 0.6], [0.9, 0.5], [0.95, 0.2]]


def test_hypervolume_by_hand():
    assert hypervolume(np.array([[0.5, 0.4]])) == pytest.approx(0.2)
    assert hypervolume(np.array([[0.5, 0.4], [0.8, 0.1], [0.3, 0.3]])) == pytest.approx(0.5 * 0.4 + 0.3 * 0.1)
    assert hypervolume(np.array([[1.0, 1.0], [0.2, 0.9]])) == 1.0


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 20).map(lambda n: n / 20)))
def test_hypervolume_is_the_fraction_of_dominated_points(points):
    middles = (np.arange(20) + 0.5) / 20
    x, y = np.meshgrid(middles, middles)
    dominated = np.any([(x < point[0]) & (y < point[1]) for point in points], axis=0)
    assert hypervolume(points) == pytest.approx(dominated.mean())


def test_area_of_a_tuned_study_is_the_hypervolume_of_its_trials():
    options = {"seeds": 1, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "trials": 3, "tuning_seeds": 2}
    result = continual_study("split-task(tasks=3)", Glyphs(), ["ewc"], max_range_extensions=0, **options)
    for name, points in configuration_points(result.tuning).items():
        assert len(points) == 3
        assert result.table.set_index("policy").loc[name, "area"] == hypervolume(points)
        assert not math.isnan(hypervolume(points))

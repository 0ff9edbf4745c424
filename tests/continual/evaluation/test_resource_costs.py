"""What learning costs: bytes by hand, seconds by the clock; and the frontier's area by hand."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.continual.evaluation.pareto_front import area_under, dots_of, unbeaten
from neuronet.continual.evaluation.resource_costs import Clock, kept_bytes
from neuronet.continual.methods.base import Learner
from neuronet.continual.methods.registry import method_named
from neuronet.continual.studies.api import forget
from tests.continual.fixtures import SEEDS, course, learn, start
from tests.continual.fixtures_environments import Glyphs

SIZE = 25 * 8 + 8 + 8 * 6 + 6
"""Parameters of a network; there are two, of 8 bytes each."""
ALL = 8 * len(SEEDS) * SIZE


def kept(text, rule="plain", tasks=3):
    of = course()
    return kept_bytes(learn(method_named(text).learner(start(of, rule=rule)), of, tasks))


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("backprop", "plain", 0),
        ("backprop", "momentum(0.9)", ALL),
        ("frozen", "plain", 0),
        ("ewc", "plain", 2 * ALL),
        ("ewc-online", "plain", 2 * ALL),
        ("mas", "plain", 3 * ALL),  # the anchor's two, and the sum of importances
        ("si", "plain", 5 * ALL),  # the anchor's two, importances, what was earned, and where the task began
        ("attention", "plain", 0),
        ("attention", "momentum(0.9)", ALL),
    ],
)
def test_bytes_by_hand(text, rule, expected):
    assert kept(text, rule) == expected


def test_adam_keeps_two_numbers_a_parameter():
    assert 2 * ALL <= kept("backprop", "adam") <= 2 * ALL + 200  # and how many steps it took
    assert kept("attention", "adam") == 2 * ALL


def test_lwf_keeps_its_old_parameters():
    assert ALL <= kept("lwf") <= ALL + 100  # and which outputs were open


def test_income_protecting_keeps_what_its_policy_remembers():
    assert kept("income-protecting") > 0


def test_replay_keeps_the_samples_that_it_may_play_alone():
    sample = 25 + 8  # bytes of an image, and its class
    assert kept("replay(kept=5)", tasks=2) == 2 * 2 * 5 * sample
    of = course()
    lessons = [of.sequence(seed)[number].train for seed in SEEDS for number in range(3)]
    assert kept("joint") == sum(map(len, lessons)) * sample


def test_a_learner_of_ones_own_is_counted_by_what_its_attributes_lead_to():
    class Own(Learner):
        def __init__(self):
            whole = np.zeros(10)
            self.views = [whole[:3], {"a": whole[5:]}]  # one memory
            self.more = (np.zeros(2, dtype=np.float32),)
            self.itself = self.views

        play = outputs = networks = close = None

    Own.__abstractmethods__ = frozenset()
    assert kept_bytes(Own()) == 80 + 8


def test_the_clock_counts_its_blocks_alone():
    clock = Clock("cpu")
    for _ in range(2):
        with clock:
            began = time.process_time()
            while time.process_time() < began + 0.02:
                pass
    time.sleep(0.01)
    assert 0.04 <= clock.seconds < 0.5


def test_a_studys_costs_are_beside_its_tables(tmp_path):
    options = {"seeds": 3, "iterations": 5, "batch_size": 8, "hidden": (8,)}
    result = forget("split-task(tasks=3)", Glyphs(), ["ewc", "lwf"], out=tmp_path, **options)
    medians = result.costs.groupby("policy")["seconds"].median()
    assert result.times["backprop"] == 1.0
    assert result.times["lwf"] == medians["lwf"] / medians["backprop"]
    assert (
        result.table.set_index("policy")["memory"].to_dict() == result.costs.groupby("policy")["bytes"].mean().round().to_dict()
    )
    again = forget("split-task(tasks=3)", Glyphs(), ["ewc", "lwf"], out=tmp_path, **options)
    pd.testing.assert_frame_equal(again.costs, result.costs, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "costs.csv"), result.costs, check_dtype=False)
    words = {each["policy"]: each for each in result.summary()["policies"]}
    assert words["lwf"]["time"] == result.times["lwf"] and words["backprop"]["memory"] == 0
    assert "seconds" not in (tmp_path / "table.csv").read_text()
    assert result.table["area"].isna().all()  # nothing was tuned


def test_who_is_unbeaten():
    dots = np.array([[0.9, 0.5], [0.8, 0.6], [0.7, 0.6], [0.95, 0.2], [0.6, 0.7], [0.9, 0.4]])
    assert unbeaten(dots).tolist() == [[0.6, 0.7], [0.8, 0.6], [0.9, 0.5], [0.95, 0.2]]


def test_the_area_by_hand():
    assert area_under(np.array([[0.5, 0.4]])) == pytest.approx(0.2)
    assert area_under(np.array([[0.5, 0.4], [0.8, 0.1], [0.3, 0.3]])) == pytest.approx(0.5 * 0.4 + 0.3 * 0.1)
    assert area_under(np.array([[1.0, 1.0], [0.2, 0.9]])) == 1.0


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 20).map(lambda n: n / 20)))
def test_the_area_is_the_share_of_points_that_are_beaten(dots):
    middles = (np.arange(20) + 0.5) / 20
    x, y = np.meshgrid(middles, middles)
    beaten = np.any([(x < dot[0]) & (y < dot[1]) for dot in dots], axis=0)
    assert area_under(dots) == pytest.approx(beaten.mean())


def test_a_tuned_studys_areas_are_those_of_what_was_tried():
    options = {"seeds": 1, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "tries": 3, "tuning_seeds": 2}
    result = forget("split-task(tasks=3)", Glyphs(), ["ewc"], widen=0, **options)
    for name, dots in dots_of(result.tuning).items():
        assert len(dots) == 3
        assert result.table.set_index("policy").loc[name, "area"] == area_under(dots)
        assert not math.isnan(area_under(dots))

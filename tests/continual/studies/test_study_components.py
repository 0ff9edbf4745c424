"""Configurations of the search, schedules and presets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.continual.methods.penalties.ewc import EWC
from neuronet.continual.methods.registry import METHODS, parse_method
from neuronet.continual.protocols.presets import PRESETS, Preset, Schedule
from neuronet.continual.studies.search import LEARNING_RATE_RANGE
from neuronet.core.errors import ConfigurationError
from neuronet.core.learning.optimizers import SGD, Adam
from neuronet.registry import parse_optimizer
from tests.continual.fixtures import configurations


def test_configurations_are_halton_points_in_bases_two_and_three():
    points = [(1 / 2, 1 / 3), (1 / 4, 2 / 3), (3 / 4, 1 / 9), (1 / 8, 4 / 9), (5 / 8, 7 / 9)]
    expected = [(float(f"{10 ** (3 * rate - 3):.2g}"), float(f"{10 ** (5 * strength):.2g}")) for rate, strength in points]
    found = configurations(EWC(), "sgd", 5)
    assert [(configuration.learning_rate, configuration.chosen["strength"]) for configuration in found] == expected


@pytest.mark.parametrize("name", [*METHODS, "attention", "income-protecting", "diminishing-returns"])
@pytest.mark.parametrize(("optimizer", "scale"), [("sgd", 1.0), ("momentum(0.9)", 0.1), ("adam", 0.01)])
def test_configurations_are_distinct_and_within_the_ranges(name, optimizer, scale):
    method = parse_method(name)
    found = configurations(method, optimizer, 8)
    assert len({tuple(configuration.values.values()) for configuration in found}) == 8
    for configuration in found:
        if method.uses_learning_rate:
            assert LEARNING_RATE_RANGE[0] * scale * 0.95 <= configuration.learning_rate <= LEARNING_RATE_RANGE[1] * scale * 1.05
        else:
            assert np.isnan(configuration.learning_rate)
        assert configuration.chosen.keys() == method.tunable_ranges().keys()
        assert configuration.method == method.with_parameters(configuration.chosen)
        for key, value in configuration.chosen.items():
            low, high = method.tunable_ranges()[key]
            assert low <= value <= high
    preset = Preset(Schedule(1, 1), optimizer=parse_optimizer(optimizer))
    assert preset.learning_rate_for(method.own_optimizer) == pytest.approx(0.1 * scale)


def test_parameter_with_a_given_value_is_not_tuned():
    found = configurations(EWC(strength=7.0), "sgd", 3)
    assert {configuration.method for configuration in found} == {EWC(7.0)}
    assert [configuration.chosen for configuration in found] == [{}] * 3


def test_at_edge_marks_the_extreme_values():
    at_edge = {found.learning_rate: found.at_edge for found in configurations(parse_method("backprop"), "sgd", 9)}
    assert [at_edge[rate] for rate in sorted(at_edge)] == [True, *[False] * 7, True]
    assert all(trial.at_edge for trial in configurations(parse_method("ewc"), "sgd", 9))  # no two are on one line


def test_optimizer_of_a_method_scales_its_learning_rates():
    method = parse_method('backprop(optimizer="adam")')
    assert max(configuration.learning_rate for configuration in configurations(method, "sgd", 8)) <= 0.01


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 9))
def test_samples_repeat_only_after_all_were_used(samples, rounds, size):
    order = Schedule(rounds, size).order(samples, 3, 1)
    assert order.shape == (rounds, size)
    flat = order.ravel()
    for start in range(0, len(flat), samples):
        part = flat[start : start + samples]
        assert len(set(part.tolist())) == len(part)
    assert set(flat.tolist()) <= set(range(samples))


def test_order_depends_on_seed_and_task():
    schedule = Schedule(4, 5)
    same, other_seed, other_task = (schedule.order(20, *key) for key in ((0, 0), (1, 0), (0, 1)))
    np.testing.assert_array_equal(same, schedule.order(20, 0, 0))
    assert (same != other_seed).any() and (same != other_task).any()


def test_one_epoch_drops_the_incomplete_batch():
    online = PRESETS["online"].schedule
    assert online.order(37, 0, 0).shape == (3, 10)
    assert len(set(online.order(37, 0, 0).ravel().tolist())) == 30
    assert online.order(4, 0, 0).shape == (1, 10)  # fewer samples than a batch make one round


def test_several_epochs_use_every_sample_equally_often():
    order = Schedule(0, 10, epochs=4).order(35, 0, 0)
    assert order.shape == (14, 10)
    assert np.bincount(order.ravel()).tolist() == [4] * 35
    assert Schedule(6, 10, epochs=4).rounds(35) == 6


@pytest.mark.parametrize(("iterations", "size", "epochs"), [(-1, 5, 1), (1.5, 5, 1), (3, 0, 1), (0, 5, 0)])
def test_schedule_refuses_values_out_of_range(iterations, size, epochs):
    with pytest.raises(ConfigurationError, match=r"iterations|batch_size|epochs"):
        Schedule(iterations, size, epochs)


def test_schedule_repr_identifies_recorded_studies():
    assert repr(Schedule(300, 128)) == "Schedule(iterations=300, batch_size=128)"
    assert repr(Schedule(0, 128, 4)) == "Schedule(iterations=0, batch_size=128, epochs=4)"


def test_overrides_replace_values_of_a_preset():
    preset = PRESETS["hsu-split"]
    assert preset.with_overrides(None, None, None, None) == preset
    given = preset.with_overrides(0, 5, [3], None)
    assert (given.schedule, given.hidden) == (Schedule(0, 5), (3,))
    assert (given.optimizer, given.learning_rate) == (preset.optimizer, preset.learning_rate)
    assert preset.with_overrides(None, None, None, SGD()).learning_rate_for(None) == 0.1  # the preset's rate is for Adam
    assert [preset.learning_rate_for(own) for own in (None, Adam(), SGD())] == [0.001, 0.001, 0.1]

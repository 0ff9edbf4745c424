"""The parts of a study: configurations, orders of samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.continual.methods.penalties.ewc import EWC
from neuronet.continual.methods.registry import METHODS, parse_method
from neuronet.continual.protocols.presets import PRESETS, Schedule
from neuronet.continual.studies.search import LEARNING_RATE_RANGE, configurations, default_configuration, halton
from neuronet.core.errors import NeuroNetError


def test_halton_by_hand():
    assert [halton(number, 2) for number in range(1, 6)] == [0.5, 0.25, 0.75, 0.125, 0.625]
    assert [halton(number, 3) for number in range(1, 4)] == pytest.approx([1 / 3, 2 / 3, 1 / 9])


@pytest.mark.parametrize("name", [*METHODS, "attention", "income-protecting", "diminishing-returns"])
@pytest.mark.parametrize(("optimizer", "scale"), [("sgd", 1.0), ("momentum(0.9)", 0.1), ("adam", 0.01)])
def test_as_many_configurations_for_each(name, optimizer, scale):
    method = parse_method(name)
    found = configurations(method, optimizer, 8)
    assert len({(each.learning_rate, *each.chosen.values()) for each in found}) == 8
    for each in found:
        assert LEARNING_RATE_RANGE[0] * scale * 0.95 <= each.learning_rate <= LEARNING_RATE_RANGE[1] * scale * 1.05
        assert each.chosen.keys() == method.tunable_ranges().keys()
        assert each.method == method.with_parameters(each.chosen)
        for key, value in each.chosen.items():
            low, high = method.tunable_ranges()[key]
            assert low <= value <= high
    assert default_configuration(method, optimizer, None).learning_rate == pytest.approx(0.1 * scale)


def test_a_parameter_that_is_given_is_left_alone():
    found = configurations(EWC(strength=7.0), "sgd", 3)
    assert {each.method for each in found} == {EWC(7.0)}
    assert [each.chosen for each in found] == [{}] * 3


def test_the_edge_is_told():
    edges = {each.learning_rate: each.at_edge for each in configurations(parse_method("backprop"), "sgd", 9)}
    assert [edges[rate] for rate in sorted(edges)] == [True, *[False] * 7, True]
    for each in (found := configurations(parse_method("ewc"), "sgd", 9)):
        outer = [
            value in (min(column), max(column))
            for value, column in (
                (each.learning_rate, [one.learning_rate for one in found]),
                (each.chosen["strength"], [one.chosen["strength"] for one in found]),
            )
        ]
        assert each.at_edge == any(outer)


def test_a_methods_own_rule_scales_its_rates():
    method = parse_method('backprop(optimizer="adam")')
    assert max(each.learning_rate for each in configurations(method, "sgd", 8)) <= 0.01


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 9))
def test_every_sample_once_before_any_twice(samples, rounds, size):
    order = Schedule(rounds, size).order(samples, 3, 1)
    assert order.shape == (rounds, size)
    flat = order.ravel()
    for start in range(0, len(flat), samples):
        part = flat[start : start + samples]
        assert len(set(part.tolist())) == len(part)
    assert set(flat.tolist()) <= set(range(samples))


def test_orders_are_the_seeds_and_the_tasks():
    schedule = Schedule(4, 5)
    same, other_seed, other_task = (schedule.order(20, *key) for key in ((0, 0), (1, 0), (0, 1)))
    np.testing.assert_array_equal(same, schedule.order(20, 0, 0))
    assert (same != other_seed).any() and (same != other_task).any()


def test_one_pass():
    online = PRESETS["online"].schedule
    assert online.order(37, 0, 0).shape == (3, 10)
    assert len(set(online.order(37, 0, 0).ravel().tolist())) == 30
    assert online.order(4, 0, 0).shape == (1, 10)  # fewer samples than a batch: one round all the same


def test_several_passes():
    order = Schedule(0, 10, epochs=4).order(35, 0, 0)
    assert order.shape == (14, 10)
    assert np.bincount(order.ravel()).tolist() == [4] * 35
    assert Schedule(6, 10, epochs=4).rounds(35) == 6


@pytest.mark.parametrize(("iterations", "size", "epochs"), [(-1, 5, 1), (1.5, 5, 1), (3, 0, 1), (0, 5, 0)])
def test_refused(iterations, size, epochs):
    with pytest.raises(NeuroNetError, match="must be"):
        Schedule(iterations, size, epochs)


def test_a_schedule_of_one_pass_reads_as_ever():
    """Studies that were begun know their schedule by these words."""
    assert repr(Schedule(300, 128)) == "Schedule(iterations=300, batch_size=128)"
    assert repr(Schedule(0, 128, 4)) == "Schedule(iterations=0, batch_size=128, epochs=4)"


def test_what_is_given_overrules_a_preset():
    preset = PRESETS["hsu-split"]
    assert preset.with_overrides(None, None, None, None) == preset
    given = preset.with_overrides(0, 5, [3], None)
    assert (given.schedule, given.hidden) == (Schedule(0, 5), (3,))
    assert (given.optimizer, given.learning_rate) == (preset.optimizer, preset.learning_rate)
    assert preset.with_overrides(None, None, None, "sgd").learning_rate_for("") is None  # its rate is Adam's
    assert (preset.learning_rate_for(""), preset.learning_rate_for("adam"), preset.learning_rate_for("sgd")) == (
        0.001,
        0.001,
        None,
    )

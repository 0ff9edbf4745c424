from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.utility import MEASURES, LogTotal, Measure, Power, Saturating, parse_measure
from tests.helpers.backends import BACKENDS, array, plain

EXPONENTS = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0]
ATTENTION = np.array([[0.5, -2.0, 1e-3], [-1.25, 0.75, 3.0], [0.1, -0.2, -0.3], [1.0, -1.0, 2.0]])

by_backend = pytest.mark.parametrize("backend", BACKENDS)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_measure_equals_its_formula(backend, p):
    xp = BACKENDS[backend]
    value = plain(Power(p).value(xp, array(xp, ATTENTION)))
    expected = [[abs(w) ** p / p for w in row] for row in ATTENTION.tolist()]
    np.testing.assert_allclose(value, expected, rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(p=st.floats(1, 8), w=st.floats(-3, 3).filter(lambda w: abs(w) > 1e-2))
def test_slope_equals_the_central_difference(p, w):
    xp, step = BACKENDS["numpy"], 1e-5
    value = Power(p).value(xp, np.array([w - step, w + step]))
    slope = Power(p).slope(xp, np.array([w]))
    assert slope[0] == pytest.approx((value[1] - value[0]) / (2 * step), rel=1e-6, abs=1e-9)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_slope_equals_autograd(backend, p):
    xp = BACKENDS[backend]
    w = torch.tensor(ATTENTION, requires_grad=True)
    (expected,) = torch.autograd.grad((w.abs() ** p / p).sum(), w)
    np.testing.assert_allclose(plain(Power(p).slope(xp, array(xp, ATTENTION))), expected, rtol=1e-13)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_zero_attention_has_zero_utility_and_slope(backend, p):
    xp = BACKENDS[backend]
    zeros = array(xp, np.zeros((2, 2)))
    assert not plain(Power(p).value(xp, zeros)).any()
    assert not plain(Power(p).slope(xp, zeros)).any()


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_utility_is_summed_over_listeners_only(backend, p):
    xp = BACKENDS[backend]
    stacked = np.stack((ATTENTION, 2 * ATTENTION, -ATTENTION))  # (R, K, J)
    utility = plain(Power(p).utility(xp, array(xp, stacked)))
    assert utility.shape == (3, 3)
    for replica in range(3):
        for neuron in range(3):
            expected = sum(abs(w) ** p / p for w in stacked[replica, :, neuron])
            assert utility[replica, neuron] == pytest.approx(expected, rel=1e-13)


def test_slope_at_p_2_is_the_attention_without_a_copy():
    assert Power().slope(BACKENDS["numpy"], ATTENTION) is ATTENTION


@pytest.mark.parametrize("p", [0.999, 0, -2, float("nan"), float("inf"), "2", None])
def test_invalid_exponent_is_refused(p):
    with pytest.raises(NeuroNetError, match="p must be a finite number of 1 or more"):
        Power(p)


# Each measure's utility of one neuron's attention, written a second time: for numbers, and for torch.
FORMULAS = {
    Power: (lambda w, p, unit: sum(abs(x) ** p / p for x in w), lambda w, p, unit: (w.abs() ** p / p).sum()),
    LogTotal: (
        lambda w, p, unit: unit * math.log(1 + sum(abs(x) ** p / p for x in w) / unit),
        lambda w, p, unit: unit * (1 + (w.abs() ** p / p).sum() / unit).log(),
    ),
    Saturating: (
        lambda w, p, unit: sum(1 / (1 / unit + p / abs(x) ** p) for x in w),
        lambda w, p, unit: (1 / (1 / unit + p / w.abs() ** p)).sum(),
    ),
}

MADE = [
    *((Power(p), p, 1.0) for p in (1.0, 2.0, 3.5)),
    *((cls(p, unit), p, unit) for cls in (LogTotal, Saturating) for p in (1.0, 1.5, 2.0, 3.0) for unit in (0.1, 1.0, 7.0)),
]

by_measure = pytest.mark.parametrize(("measure", "p", "unit"), MADE, ids=repr)


@by_backend
@by_measure
def test_utilities_equal_their_formulas(backend, measure, p, unit):
    xp = BACKENDS[backend]
    utility = plain(measure.utility(xp, array(xp, ATTENTION)))
    expected = [FORMULAS[type(measure)][0](column, p, unit) for column in ATTENTION.T.tolist()]
    np.testing.assert_allclose(utility, expected, rtol=1e-12)


@by_backend
@by_measure
def test_slopes_equal_autograd(backend, measure, p, unit):
    xp = BACKENDS[backend]
    w = torch.tensor(ATTENTION, requires_grad=True)
    total = sum(FORMULAS[type(measure)][1](column, p, unit) for column in w.T)
    (expected,) = torch.autograd.grad(total, w)
    np.testing.assert_allclose(plain(measure.slope(xp, array(xp, ATTENTION))), expected, rtol=1e-10)


@by_measure
def test_slopes_are_central_differences_of_the_utility(measure, p, unit):
    xp, step = BACKENDS["numpy"], 1e-5
    paid = np.where(np.abs(ATTENTION) < 0.01, 0.3, ATTENTION)
    slope = measure.slope(xp, paid)
    for listener in range(len(paid)):
        move = np.zeros_like(paid)
        move[listener] = step
        difference = (measure.utility(xp, paid + move) - measure.utility(xp, paid - move)) / (2 * step)
        np.testing.assert_allclose(slope[listener], difference, rtol=1e-5, atol=1e-8)


@by_backend
@by_measure
def test_zero_attention_has_zero_utility_and_slope_in_all_measures(backend, measure, p, unit):
    xp = BACKENDS[backend]
    zeros = array(xp, np.zeros((2, 2)))
    assert not plain(measure.utility(xp, zeros)).any()
    assert not plain(measure.slope(xp, zeros)).any()


@by_measure
def test_utility_is_computed_per_neuron_and_replica(measure, p, unit):
    xp = BACKENDS["numpy"]
    stacked = np.stack((ATTENTION, 2 * ATTENTION, -ATTENTION))  # (R, K, J)
    for replica in range(3):
        for neuron in range(3):
            alone = stacked[replica, :, [neuron]].T
            np.testing.assert_allclose(measure.utility(xp, stacked)[replica, [neuron]], measure.utility(xp, alone), rtol=1e-14)
            np.testing.assert_allclose(measure.slope(xp, stacked)[replica][:, [neuron]], measure.slope(xp, alone), rtol=1e-14)


@pytest.mark.parametrize("cls", [LogTotal, Saturating])
def test_every_measure_approaches_power_for_a_large_unit(cls):
    xp = BACKENDS["numpy"]
    np.testing.assert_allclose(cls(3, unit=1e9).slope(xp, ATTENTION), Power(3).slope(xp, ATTENTION), rtol=1e-7)
    np.testing.assert_allclose(cls(3, unit=1e9).utility(xp, ATTENTION), Power(3).utility(xp, ATTENTION), rtol=1e-7)


def test_log_of_the_total_keeps_the_direction():
    xp = BACKENDS["numpy"]
    ours, theirs = LogTotal(3).slope(xp, ATTENTION), Power(3).slope(xp, ATTENTION)
    ratio = ours / theirs
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape), rtol=1e-12)
    halves = np.array([[1.0], [1.0]])  # for p = 2 a total of one unit
    np.testing.assert_allclose(LogTotal().slope(xp, halves), 0.5)


def test_utility_per_listener_saturates_at_one_unit():
    xp = BACKENDS["numpy"]
    lavish = np.array([[1e6], [1.0]])
    assert Saturating(unit=3).utility(xp, lavish)[0] < 6
    slope = Saturating(unit=3).slope(xp, lavish)
    assert slope[0, 0] < 1e-9 < slope[1, 0]


@pytest.mark.parametrize("name", MEASURES)
def test_measures_are_found_by_name(name):
    measure = parse_measure(name, 3)
    assert isinstance(measure, Measure)
    assert measure == MEASURES[name](3)


def test_unknown_measures_are_refused():
    with pytest.raises(NeuroNetError, match="unknown measure 'lag': did you mean 'log'"):
        parse_measure("lag")


@pytest.mark.parametrize("cls", [LogTotal, Saturating])
def test_invalid_exponent_or_unit_is_refused(cls):
    with pytest.raises(NeuroNetError, match="p must be a finite number of 1 or more"):
        cls(p=0.5)
    for unit in (0, -1, float("inf"), float("nan"), "1", None):
        with pytest.raises(NeuroNetError, match="unit must be a finite number above 0, got "):
            cls(unit=unit)

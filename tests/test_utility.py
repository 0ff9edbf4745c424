from __future__ import annotations

import numpy as np
import pytest
import torch
from backends import BACKENDS, array, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.errors import NeuroNetError
from neuronet.utility import Power

EXPONENTS = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0]
ATTENTION = np.array([[0.5, -2.0, 1e-3], [-1.25, 0.75, 3.0], [0.1, -0.2, -0.3], [1.0, -1.0, 2.0]])

by_backend = pytest.mark.parametrize("backend", BACKENDS)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_the_measure_is_its_formula(backend, p):
    xp = BACKENDS[backend]
    value = plain(Power(p).value(xp, array(xp, ATTENTION)))
    expected = [[abs(w) ** p / p for w in row] for row in ATTENTION.tolist()]
    np.testing.assert_allclose(value, expected, rtol=1e-14)


@settings(max_examples=200, deadline=None)
@given(p=st.floats(1, 8), w=st.floats(-3, 3).filter(lambda w: abs(w) > 1e-2))
def test_the_slope_is_the_central_difference(p, w):
    xp, step = BACKENDS["numpy"], 1e-5
    value = Power(p).value(xp, np.array([w - step, w + step]))
    slope = Power(p).slope(xp, np.array([w]))
    assert slope[0] == pytest.approx((value[1] - value[0]) / (2 * step), rel=1e-6, abs=1e-9)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_the_slope_is_that_of_autograd(backend, p):
    xp = BACKENDS[backend]
    w = torch.tensor(ATTENTION, requires_grad=True)
    (expected,) = torch.autograd.grad((w.abs() ** p / p).sum(), w)
    np.testing.assert_allclose(plain(Power(p).slope(xp, array(xp, ATTENTION))), expected, rtol=1e-13)


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_no_attention_is_worth_nothing_and_pulls_nowhere(backend, p):
    xp = BACKENDS[backend]
    zeros = array(xp, np.zeros((2, 2)))
    assert not plain(Power(p).value(xp, zeros)).any()
    assert not plain(Power(p).slope(xp, zeros)).any()


@by_backend
@pytest.mark.parametrize("p", EXPONENTS)
def test_the_utility_is_summed_over_the_listeners_alone(backend, p):
    xp = BACKENDS[backend]
    stacked = np.stack((ATTENTION, 2 * ATTENTION, -ATTENTION))  # (R, K, J)
    utility = plain(Power(p).utility(xp, array(xp, stacked)))
    assert utility.shape == (3, 3)
    for replica in range(3):
        for neuron in range(3):
            expected = sum(abs(w) ** p / p for w in stacked[replica, :, neuron])
            assert utility[replica, neuron] == pytest.approx(expected, rel=1e-13)


def test_the_usual_slope_is_the_attention_itself_uncopied():
    assert Power().slope(BACKENDS["numpy"], ATTENTION) is ATTENTION


@pytest.mark.parametrize("p", [0.999, 0, -2, float("nan"), float("inf"), "2", None])
def test_what_is_no_exponent_is_refused(p):
    with pytest.raises(NeuroNetError, match="p must be a finite number of 1 or more"):
        Power(p)

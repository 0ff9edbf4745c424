from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.activation import ACTIVATIONS, parse_activation
from neuronet.core.errors import NeuroNetError
from tests.helpers.backends import BACKENDS, array, plain

TORCH = {
    "relu": torch.nn.functional.relu,
    "leaky-relu": torch.nn.functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": lambda z: torch.nn.functional.gelu(z, approximate="tanh"),
    "identity": lambda z: 1.0 * z,
}

POTENTIALS = np.concatenate((np.linspace(-12.0, 12.0, 241), [1e-12, -1e-12, 1e-300, 35.5, -35.5]))
EXTREMES = [-1e3, -700.0, -88.0, 0.0, 88.0, 700.0, 1e3]

by_name = pytest.mark.parametrize("name", ACTIVATIONS)
by_backend = pytest.mark.parametrize("backend", BACKENDS)


def value_and_slope(name: str, backend: str, potentials, dtype: str | None = None):
    xp, activation = BACKENDS[backend], ACTIVATIONS[name]
    z = array(xp, potentials, dtype)
    a = activation.value(xp, z)
    return a, activation.slope(xp, z, a)


def test_every_activation_has_an_oracle():
    assert ACTIVATIONS.keys() == TORCH.keys()


@by_name
@by_backend
def test_values_and_slopes_equal_those_of_torch(name, backend):
    z = torch.tensor(POTENTIALS, requires_grad=True)
    expected = TORCH[name](z)
    (slopes,) = torch.autograd.grad(expected.sum(), z)
    value, slope = value_and_slope(name, backend, POTENTIALS)
    np.testing.assert_allclose(plain(value), expected.detach(), rtol=1e-13, atol=1e-15)
    # gelu's slope has 1 - tanh^2, whose rounding (1e-16) is multiplied by up to 50 before tanh reaches 1
    np.testing.assert_allclose(plain(slope), slopes, rtol=1e-13, atol=1e-14)


@by_name
@settings(max_examples=40, deadline=None)
@given(z=st.floats(-20, 20).filter(lambda z: abs(z) > 1e-3))  # relu and leaky relu have no slope at 0
def test_slopes_are_central_differences(name, z):
    step = 1e-5
    value, _ = value_and_slope(name, "numpy", [z - step, z + step])
    _, slope = value_and_slope(name, "numpy", [z])
    assert slope[0] == pytest.approx((value[1] - value[0]) / (2 * step), rel=1e-6, abs=1e-8)


@by_name
@by_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_potentials_give_finite_numbers_without_warnings(name, backend, dtype):
    value, slope = (plain(each) for each in value_and_slope(name, backend, EXTREMES, dtype))  # a warning would be an error
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    expected = TORCH[name](torch.tensor(EXTREMES, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-7)


@by_name
@by_backend
def test_nan_potentials_stay_nan(name, backend):
    value, _ = value_and_slope(name, backend, [np.nan, 1.0])
    assert np.isnan(plain(value)).tolist() == [True, False]


@by_name
@by_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 3), (0, 3)])
def test_shape_and_precision_are_kept(name, backend, dtype, shape):
    xp = BACKENDS[backend]
    z = xp.ones(shape, dtype=getattr(xp, dtype))
    a = ACTIVATIONS[name].value(xp, z)
    for result in (a, ACTIVATIONS[name].slope(xp, z, a)):
        assert tuple(result.shape) == shape
        assert result.dtype == z.dtype


@by_name
def test_potential_is_not_modified(name):
    z = POTENTIALS.copy()
    z.flags.writeable = False
    a = np.array(ACTIVATIONS[name].value(BACKENDS["numpy"], z))
    a.flags.writeable = False
    ACTIVATIONS[name].slope(BACKENDS["numpy"], z, a)


@by_name
def test_an_activation_is_found_by_its_name(name):
    assert parse_activation(name) is ACTIVATIONS[name]
    assert parse_activation(name).name == name


@pytest.mark.parametrize(("name", "meant"), [("rleu", "relu"), ("leaky_rleu", "leaky-relu"), ("tahn", "tanh")])
def test_a_misspelt_activation_gets_a_hint(name, meant):
    with pytest.raises(NeuroNetError, match=f"unknown activation '{name}': did you mean '{meant}'"):
        parse_activation(name)

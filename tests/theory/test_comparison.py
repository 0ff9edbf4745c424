from __future__ import annotations

import numpy as np
import pytest

from neuronet.theory.comparison import alignment, half_squared_chord, largest_gap, log_log_slope, overall_gap


def test_largest_gap_is_that_of_the_worst_layer():
    actual = [np.array([[1.0, 2.0]]), np.array([[10.0, 0.5]])]
    expected = [np.array([[1.0, 4.0]]), np.array([[10.0, 0.0]])]
    assert largest_gap(actual, expected) == pytest.approx(0.5)
    assert overall_gap(actual, expected) == pytest.approx(np.sqrt(4.25) / np.sqrt(117.0))


def test_gap_is_nan_if_a_layer_is_nan():
    assert np.isnan(largest_gap([np.array([np.nan]), np.array([1.0])], [np.array([1.0]), np.array([2.0])]))
    assert np.isnan(overall_gap([np.array([np.nan]), np.array([1.0])], [np.array([1.0]), np.array([2.0])]))


def test_missing_layers_are_refused():
    with pytest.raises(ValueError, match="argument 2 is longer"):
        largest_gap([np.ones(2)], [np.ones(2), np.ones(3)])


@pytest.mark.parametrize("angle", [1e-9, 1e-3, 1.0, 3.0])
def test_half_squared_chord_of_an_angle(angle):
    actual, expected = np.array([2.0, 0.0]), 5.0 * np.array([np.cos(angle), np.sin(angle)])
    assert half_squared_chord(actual, expected) == pytest.approx(2 * np.sin(angle / 2) ** 2, rel=1e-6)
    assert alignment(actual, expected) == pytest.approx(np.cos(angle))


def test_log_log_slope_of_a_power_is_its_exponent():
    assert log_log_slope([1.0, 0.1, 0.01], [3.0, 0.03, 0.0003]) == pytest.approx(2.0)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_log_log_slope_is_nan_without_a_logarithm(bad):
    assert np.isnan(log_log_slope([1.0, 0.1], [1.0, bad]))

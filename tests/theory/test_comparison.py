from __future__ import annotations

import numpy as np
import pytest

from neuronet.theory.comparison import alignment, half_squared_chord, largest_gap, log_log_slope, overall_gap


def test_the_largest_gap_is_the_worst_layers():
    ours = [np.array([[1.0, 2.0]]), np.array([[10.0, 0.5]])]
    theirs = [np.array([[1.0, 4.0]]), np.array([[10.0, 0.0]])]
    assert largest_gap(ours, theirs) == pytest.approx(0.5)
    assert overall_gap(ours, theirs) == pytest.approx(np.sqrt(4.25) / np.sqrt(117.0))


def test_a_layer_that_is_no_number_makes_the_gap_none():
    assert np.isnan(largest_gap([np.array([np.nan]), np.array([1.0])], [np.array([1.0]), np.array([2.0])]))
    assert np.isnan(overall_gap([np.array([np.nan]), np.array([1.0])], [np.array([1.0]), np.array([2.0])]))


def test_layers_may_not_be_missing():
    with pytest.raises(ValueError, match="argument 2 is longer"):
        largest_gap([np.ones(2)], [np.ones(2), np.ones(3)])


@pytest.mark.parametrize("angle", [1e-9, 1e-3, 1.0, 3.0])
def test_angles(angle):
    ours, theirs = np.array([2.0, 0.0]), 5.0 * np.array([np.cos(angle), np.sin(angle)])
    assert half_squared_chord(ours, theirs) == pytest.approx(2 * np.sin(angle / 2) ** 2, rel=1e-6)
    assert alignment(ours, theirs) == pytest.approx(np.cos(angle))


def test_the_slope_of_a_power_is_its_exponent():
    assert log_log_slope([1.0, 0.1, 0.01], [3.0, 0.03, 0.0003]) == pytest.approx(2.0)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_what_has_no_logarithm_has_no_slope(bad):
    assert np.isnan(log_log_slope([1.0, 0.1], [1.0, bad]))

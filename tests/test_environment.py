from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from neuronet.environment import Samples, checked_samples
from neuronet.errors import NeuroNetError
from neuronet.payoff import CrossEntropy, SquaredError

X = np.arange(12.0).reshape(6, 2)


@given(data=st.data(), shape=array_shapes(max_dims=2))
def test_samples_are_taken_by_their_places(data, shape):
    samples = Samples(X, np.arange(6) % 3)
    where = data.draw(arrays(np.int64, shape, elements=st.integers(0, 5)))
    taken = samples.at(where)
    assert taken.inputs.shape == (*shape, 2)
    np.testing.assert_array_equal(taken.inputs[..., 0], 2 * where)
    np.testing.assert_array_equal(taken.targets, where % 3)
    assert len(samples) == 6


def test_classes_become_whole_numbers():
    samples = checked_samples(X.astype(np.float32), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0], CrossEntropy(), "here")
    assert samples.inputs.dtype == np.float64
    assert samples.targets.dtype == np.int64
    assert samples.targets.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("targets", [np.arange(6.0), np.arange(6.0)[:, None], np.arange(12.0).reshape(6, 2)])
def test_values_become_columns(targets):
    samples = checked_samples(X, targets, SquaredError(), "here")
    np.testing.assert_array_equal(samples.targets, targets.reshape(6, -1))


ONE_CLASS_EACH = "here: for cross-entropy targets must be one class a sample, counted from 0"


@pytest.mark.parametrize(
    ("inputs", "targets", "payoff", "message"),
    [
        (X, [0, 1, 2, 0, 1, -1], CrossEntropy(), ONE_CLASS_EACH),
        (X, [0, 1, 2, 0, 1, 0.5], CrossEntropy(), ONE_CLASS_EACH),
        (X, np.zeros((6, 1)), CrossEntropy(), ONE_CLASS_EACH),
        (X, np.zeros((6, 1, 1)), SquaredError(), r"here: targets must have the shape \(samples, outputs\), got \(6, 1, 1\)"),
        (X, np.zeros(5), SquaredError(), r"here: 6 inputs do not fit targets of shape \(5,\)"),
        (X, 3.0, SquaredError(), r"here: 6 inputs do not fit targets of shape \(\)"),
        (X, [0, 1, 2, 0, 1, np.nan], CrossEntropy(), r"here: targets must be finite numbers, but the one at \(5,\) is nan"),
        (X, "words", CrossEntropy(), "here: targets must be numbers"),
        (None, X, SquaredError(), "here: inputs must be finite numbers|here: inputs must be numbers"),
        (X[0], X, SquaredError(), r"here: inputs must have the shape \(samples, inputs\), neither 0, got \(2,\)"),
        (X[:0], X[:0], SquaredError(), r"here: inputs must have the shape \(samples, inputs\), neither 0, got \(0, 2\)"),
    ],
)
def test_what_does_not_fit_is_named(inputs, targets, payoff, message):
    with pytest.raises(NeuroNetError, match=message):
        checked_samples(inputs, targets, payoff, "here")

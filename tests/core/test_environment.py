from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from neuronet.core.data.encoding import Scaling
from neuronet.core.data.sample_checks import checked_samples
from neuronet.core.environment import Environment, Samples, ValidationSplit
from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError

X = np.arange(12.0).reshape(6, 2)


@given(data=st.data(), shape=array_shapes(max_dims=2))
def test_samples_are_selected_by_index(data, shape):
    samples = Samples(X, np.arange(6) % 3)
    where = data.draw(arrays(np.int64, shape, elements=st.integers(0, 5)))
    taken = samples.at(where)
    assert taken.inputs.shape == (*shape, 2)
    np.testing.assert_array_equal(taken.inputs[..., 0], 2 * where)
    np.testing.assert_array_equal(taken.targets, where % 3)
    assert len(samples) == 6


def test_class_targets_become_integers():
    samples = checked_samples(X.astype(np.float32), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0], CrossEntropy(), "here")
    assert samples.inputs.dtype == np.float64
    assert samples.targets.dtype == np.int64
    assert samples.targets.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("targets", [np.arange(6.0), np.arange(6.0)[:, None], np.arange(12.0).reshape(6, 2)])
def test_value_targets_become_columns(targets):
    samples = checked_samples(X, targets, SquaredError(), "here")
    np.testing.assert_array_equal(samples.targets, targets.reshape(6, -1))


ONE_CLASS_EACH = "here: targets for cross-entropy"


@pytest.mark.parametrize(
    ("inputs", "targets", "payoff", "message"),
    [
        (X, [0, 1, 2, 0, 1, -1], CrossEntropy(), ONE_CLASS_EACH),
        (X, [0, 1, 2, 0, 1, 0.5], CrossEntropy(), ONE_CLASS_EACH),
        (X, np.zeros((6, 1)), CrossEntropy(), ONE_CLASS_EACH),
        (X, np.zeros((6, 1, 1)), SquaredError(), r"here: targets must have the shape \(samples, outputs\), got \(6, 1, 1\)"),
        (X, np.zeros(5), SquaredError(), r"here: 6 inputs do not fit targets of shape \(5,\)"),
        (X, 3.0, SquaredError(), r"here: 6 inputs do not fit targets of shape \(\)"),
        (X, [0, 1, 2, 0, 1, np.nan], CrossEntropy(), r"here: targets must be finite numbers.*\(5,\) is nan"),
        (X, "words", CrossEntropy(), "here: targets must be numbers"),
        (None, X, SquaredError(), "here: inputs must be finite numbers|here: inputs must be numbers"),
        (X[0], X, SquaredError(), r"here: inputs must have the shape \(samples, inputs\).* got \(2,\)"),
        (X[:0], X[:0], SquaredError(), r"here: inputs must have the shape \(samples, inputs\).* got \(0, 2\)"),
    ],
)
def test_unfitting_samples_raise(inputs, targets, payoff, message):
    with pytest.raises(NeuroNetError, match=message):
        checked_samples(inputs, targets, payoff, "here")


BYTES = np.random.default_rng(0).integers(0, 256, (3000, 5), dtype=np.uint8)
BYTES[:, 1] //= 40  # varies little
BYTES[:, 2] = 77


def test_bytes_are_standardised_per_input():
    scaled = Samples(BYTES, BYTES[:, 0], Scaling.standardising(BYTES)).scaled().inputs
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled[:, [0, 3, 4]].std(axis=0), 1, rtol=1e-5)
    whole = np.sqrt(BYTES.var(axis=0).mean())
    np.testing.assert_allclose(scaled[:, 1].std(), BYTES[:, 1].std() / whole, rtol=1e-5)
    assert not scaled[:, 2].any()


def test_constant_inputs_are_zero_in_all_samples():
    scaling = Scaling.standardising(BYTES)
    assert not scaling.apply(np.full((4, 5), 200, np.uint8))[:, 2].any()
    assert not Scaling.standardising(np.full((4, 2), 9, np.uint8)).apply(np.eye(2, dtype=np.uint8)).any()


def test_sums_are_exact_for_many_samples():
    many = np.repeat(np.array([[254], [255]], np.uint8), 40_000, axis=0)
    scaling = Scaling.standardising(many)
    assert (float(scaling.shift[0]), float(scaling.factor[0])) == (254.5, 2.0)


@given(data=st.data(), shape=array_shapes(max_dims=2))
def test_batches_are_scaled_equally_in_numpy_and_torch(data, shape):
    scaling = Scaling.standardising(BYTES)
    samples = Samples(BYTES, np.arange(3000) % 3, scaling)
    where = data.draw(arrays(np.int64, shape, elements=st.integers(0, 2999)))
    batch = samples.at(where)
    assert batch.scaling is None
    assert batch.scaled() is batch
    np.testing.assert_array_equal(batch.inputs, samples.scaled().inputs[where])
    on_torch = Samples(
        torch.tensor(BYTES), torch.arange(3000) % 3, Scaling(torch.tensor(scaling.shift), torch.tensor(scaling.factor))
    ).at(torch.tensor(where))
    assert on_torch.inputs.dtype == torch.float32
    np.testing.assert_array_equal(on_torch.inputs.numpy(), batch.inputs)
    np.testing.assert_array_equal(on_torch.targets.numpy(), batch.targets)


class World(Environment):
    """Classes of unequal size, or values; each input is the sample's place. Its test may not be looked at."""

    def __init__(self, samples, payoff=None, scaling=None):
        self.payoff = payoff or CrossEntropy()
        places = np.arange(samples)
        targets = np.minimum(places % 10, 3) if self.payoff.classes else places[:, None] / 2
        inputs = places[:, None] * np.ones(6)
        self._train = Samples(inputs.astype(np.uint8) if scaling else inputs, targets, scaling)

    @property
    def train(self):
        return self._train

    @property
    def test(self):
        raise AssertionError("the test was looked at")

    @property
    def outputs(self):
        return 4 if self.payoff.classes else 1

    @property
    def shape(self):
        return (2, 3)


@pytest.mark.parametrize("payoff", [CrossEntropy(), SquaredError()])
@pytest.mark.parametrize("samples", [6, 7, 100, 613])
def test_one_sixth_is_held_back_for_validation(samples, payoff):
    world = World(samples, payoff)
    tuning = world.validation_split()
    places = [part.inputs[:, 0].astype(int) for part in (tuning.train, tuning.test)]
    assert sorted(np.concatenate(places)) == list(range(samples))
    assert len(tuning.test) == samples // 6
    for part, place in zip((tuning.train, tuning.test), places, strict=True):
        np.testing.assert_array_equal(part.targets, world.train.targets[place])
    if payoff.classes:
        of_each = [np.bincount(part.targets, minlength=4) for part in (world.train, tuning.test)]
        assert np.abs(of_each[1] - of_each[0] / 6).max() <= 1
    assert (tuning.payoff, tuning.outputs, tuning.shape, tuning.inputs) == (payoff, world.outputs, (2, 3), 6)


def test_validation_split_is_fixed_and_random():
    one, other = (World(600).validation_split().test.inputs[:, 0] for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one % 6)) == 6
    assert one.min() < 60
    assert one.max() > 540


def test_held_back_samples_are_scaled_like_the_training_samples():
    scaling = Scaling(np.zeros(6, np.float32), np.full(6, 0.5, np.float32))
    tuning = World(100, scaling=scaling).validation_split()
    assert tuning.train.scaling is tuning.test.scaling is scaling
    assert tuning.test.inputs.dtype == np.uint8
    assert isinstance(tuning, ValidationSplit)
    assert len(tuning.validation_split().train) == 84 - 14


def test_validation_split_needs_six_samples():
    with pytest.raises(NeuroNetError, match="6 or more training samples, got 5"):
        _ = World(5).validation_split().train

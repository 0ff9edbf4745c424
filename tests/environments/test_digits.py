from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from neuronet.core.payoff import CrossEntropy
from neuronet.environments import ENVIRONMENTS, Digits


@pytest.fixture(scope="module")
def env() -> Digits:
    return Digits()


@pytest.fixture(scope="module")
def raw() -> np.ndarray:
    """The images, each with its digit as a last column."""
    images = load_digits()
    return np.column_stack((images.data, images.target))


def test_sizes(env):
    assert ENVIRONMENTS["digits"] is Digits
    assert env.train.inputs.shape == (1437, 64)
    assert env.test.inputs.shape == (360, 64)
    assert env.train.targets.shape == (1437,)
    assert (env.inputs, env.outputs) == (64, 10)
    assert env.payoff == CrossEntropy()


def test_the_split_is_fixed(env):
    again = Digits()
    for one, other in ((env.train, again.train), (env.test, again.test)):
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(one.targets, other.targets)
    assert env == again


def test_every_image_is_in_train_or_test_once(env, raw):
    standardised = np.vstack((env.train.inputs, env.test.inputs))
    low, high = standardised.min(axis=0), standardised.max(axis=0)
    pixels = raw[:, :64]
    range_of_pixels = pixels.max(axis=0) - pixels.min(axis=0)
    share = (standardised - low) / np.where(high > low, high - low, 1.0)
    back = np.round(share * range_of_pixels + pixels.min(axis=0))
    found = np.column_stack((back, np.concatenate((env.train.targets, env.test.targets))))
    assert sorted(map(tuple, found)) == sorted(map(tuple, raw))


def test_pixels_are_standardised_by_the_training_images(env):
    constant = ~env.train.inputs.any(axis=0)
    assert 0 < constant.sum() < 10
    np.testing.assert_allclose(env.train.inputs.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(env.train.inputs[:, ~constant].std(axis=0), 1, rtol=1e-12)
    assert np.abs(env.test.inputs.mean(axis=0)).max() > 0.01
    assert np.isfinite(env.test.inputs).all()


def test_every_digit_has_its_share_of_both_parts(env):
    train, test = (np.bincount(part.targets, minlength=10) for part in (env.train, env.test))
    np.testing.assert_array_equal(train + test, np.bincount(load_digits().target))
    assert np.abs(test - 0.2 * (train + test)).max() < 1
    assert np.issubdtype(env.train.targets.dtype, np.integer)

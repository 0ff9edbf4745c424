from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.environments import ENVIRONMENTS, Xor


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(4, 300))
def test_without_noise_points_are_corners_and_classes_their_signs(samples):
    env = Xor(samples=samples, noise=0.0)
    for part in (env.train, env.test):
        assert part.inputs.shape == (samples, 2)
        assert set(np.abs(part.inputs).ravel()) == {1.0}
        np.testing.assert_array_equal(part.targets, part.inputs[:, 0] * part.inputs[:, 1] < 0)
        corners = np.unique(part.inputs, axis=0, return_counts=True)[1]
        assert len(corners) == 4
        assert corners.max() - corners.min() <= 1
    assert (env.inputs, env.outputs) == (2, 2)


def test_noise_has_the_deviation_asked_for():
    noisy, still = Xor(samples=20_000, noise=0.3), Xor(samples=20_000, noise=0.0)
    noise = noisy.train.inputs - still.train.inputs
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
    assert abs(noise.std() / 0.3 - 1) < 5 / np.sqrt(2 * noise.size)
    np.testing.assert_array_equal(noisy.train.targets, still.train.targets)


def test_training_and_test_points_differ_and_repeat():
    env = Xor()
    assert ENVIRONMENTS["xor"] is Xor
    assert not np.isin(env.train.inputs, env.test.inputs).any()
    assert env.train is env.train
    np.testing.assert_array_equal(env.train.inputs, Xor().train.inputs)
    np.testing.assert_array_equal(env.test.inputs, Xor().test.inputs)
    assert env == Xor(200, 0.25)


@pytest.mark.parametrize("samples", [3, 0, -4, 4.0, "8", None, True])
def test_too_few_samples_are_refused(samples):
    with pytest.raises(NeuroNetError, match="samples must be an integer of 4 or more, got "):
        Xor(samples=samples)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf"), "0.1", None])
def test_invalid_noise_is_refused(noise):
    with pytest.raises(NeuroNetError, match="noise must be a finite number of 0 or more, got "):
        Xor(noise=noise)

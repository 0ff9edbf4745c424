"""A model scores an environment and its samples without scaling them twice, and says so where arrays are scaled already."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import neuronet
from neuronet.core import DataError, DataWarning, Samples
from neuronet.environments import Digits, Images, Xor

RNG = np.random.default_rng(3)
RAW = RNG.normal(size=(120, 3)) * [2.0, 5.0, 0.1] + [10.0, -20.0, 1.0]
CLASSES = np.where(RAW[:, 0] + RAW[:, 1] > -10, "high", "low")


@pytest.fixture(scope="module")
def digits():
    return neuronet.train("digits", hidden=[8], epochs=1)


def test_score_of_an_environment_is_the_accuracy_of_the_run(digits):
    environment = Digits()
    scores = [digits.score(part) for part in ("digits", environment, environment.test)]
    assert scores == pytest.approx([digits.accuracy] * 3)
    assert digits.model.class_scores("digits").accuracy == pytest.approx(digits.accuracy)
    assert digits.score(environment.train) > 0.5


def test_scaled_inputs_are_recognised(digits):
    test = Digits().test
    for inputs in (test.inputs, test.inputs[::3]):
        with pytest.warns(DataWarning, match=r"scaled already.*model\.score\(environment\)"):
            digits.predict(inputs)


def test_raw_inputs_are_not_taken_for_scaled(digits):
    images = load_digits()
    assert digits.score(images.data, images.target) > 0.5  # a warning would be an error
    assert len(digits.predict(images.data[:30] / 16)) == 30
    flowers = neuronet.train((RAW, CLASSES), hidden=[4], epochs=1)
    assert len(flowers.predict(RAW)) == 120


@pytest.mark.parametrize("shift", [0.0, 10.0])
def test_a_scaling_that_differs_in_deviation_alone_is_recognised(shift):
    result = neuronet.train((100 * RNG.normal(size=(100, 3)) + shift, CLASSES[:100]), hidden=[4], epochs=1)
    with pytest.warns(DataWarning, match="scaled already"):
        result.predict(RNG.normal(size=(60, 3)))


def test_samples_of_bytes_are_scaled_once():
    pixels = RNG.integers(0, 256, (60, 4, 4), dtype=np.uint8)
    labels = np.arange(60) % 3
    environment = Images((pixels, labels), (pixels[:30], labels[:30]), name="squares")
    result = neuronet.train(environment, hidden=[6], epochs=2)
    assert result.score(environment) == result.score(pixels[:30], labels[:30]) == pytest.approx(result.accuracy)
    np.testing.assert_array_equal(result.predict(environment.test), result.predict(pixels[:30]))
    with pytest.warns(DataWarning, match="scaled already"):
        result.predict(environment.test.scaled().inputs)


def test_another_environment_keeps_the_scaling_of_the_training_data():
    """An oracle without environments: the raw numbers that the other table was made of."""
    result = neuronet.train((RAW, CLASSES), hidden=[4], epochs=2)
    other = 2 * RAW[:50] + 1
    table = neuronet.Table(RAW[50:], CLASSES[50:], test=(other, CLASSES[:50]))
    assert result.score(table) == result.score(other, CLASSES[:50])
    np.testing.assert_allclose(result.model.outputs(table), result.model.outputs(other), rtol=1e-9)


def test_values_have_their_own_unit():
    values = RAW @ RNG.normal(size=(3, 1)) + 50
    result = neuronet.train((RAW, values), hidden=[4], epochs=2)
    table = neuronet.Table(RAW, values)
    raw_test = table.encoding.scaling.invert(table.test.inputs)
    assert result.score(table) == pytest.approx(result.score(raw_test, table.encoding.targets.invert(table.test.targets)[:, 0]))


def test_targets_and_samples_that_do_not_fit_are_refused(digits):
    with pytest.raises(DataError, match="targets are missing"):
        digits.score(load_digits().data)
    with pytest.raises(DataError, match="takes 64 inputs"):
        digits.score(Xor())
    test = Digits().test
    with pytest.raises(DataError, match="classes from 0 to 9"):
        digits.score(Samples(test.inputs, test.targets + 5))

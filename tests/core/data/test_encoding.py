"""Encodings: maps and their inverses, and lengths that fit the network."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.data.encoding import Encoding, Scaling, Standardisation
from neuronet.core.data.sample_checks import check_samples
from neuronet.core.errors import DataError
from neuronet.environments import Xor

RAW = np.random.default_rng(0).normal(5.0, 3.0, size=(20, 2))
HALF = Standardisation(np.array([5.0, 4.0]), np.array([3.0, 0.5]))


def test_standardisation_is_inverted():
    np.testing.assert_allclose(HALF.invert(HALF.apply(RAW)), RAW, rtol=1e-14)
    np.testing.assert_allclose(HALF.apply(RAW)[:, 1], 2 * (RAW[:, 1] - 4), rtol=1e-14)


def test_outputs_become_classes_or_values():
    outputs = np.array([[0.1, 0.9], [2.0, -1.0]])
    assert Encoding(2, classes=np.array(["no", "yes"])).decode(outputs).tolist() == ["yes", "no"]
    np.testing.assert_array_equal(Encoding(2).decode(outputs), outputs)
    np.testing.assert_allclose(Encoding(2, targets=HALF).decode(outputs), [[5.3, 4.45], [11.0, 3.5]])


@pytest.mark.parametrize(
    ("encoding", "fragment"),
    [
        (Encoding(3), "2 inputs, got 3"),
        (Encoding(2, features=("a",)), "2 features, got 1"),
        (Encoding(2, classes=np.arange(3)), "2 classes, got 3"),
        (Encoding(2, Scaling(np.zeros(2), np.ones(5))), "2 factor of the scaling, got 5"),
        (Encoding(2, targets=Standardisation(np.zeros(1), np.ones(1))), "2 mean, got 1"),
    ],
)
def test_lengths_that_do_not_fit_are_refused_before_training(encoding, fragment):
    class Named(Xor):
        @property
        def encoding(self):
            return encoding

    with pytest.raises(DataError, match=f"the encoding must have {fragment}"):
        check_samples(Named())


def test_encodings_that_fit_are_accepted():
    Encoding(2, HALF, ("a", "b"), np.arange(2)).check_sizes(2, 2)
    Encoding(2, targets=HALF).check_sizes(2, 2)

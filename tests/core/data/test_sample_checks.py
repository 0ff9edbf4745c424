"""Samples that do not fit an environment are refused, and samples that fit are not."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.data.encoding import Scaling
from neuronet.core.data.sample_checks import check_samples
from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import DataError
from neuronet.core.payoff import CrossEntropy, Payoff, SquaredError

INPUTS = np.random.default_rng(1).standard_normal((12, 3))
CLASSES = np.arange(12) % 2
VALUES = np.ones((12, 2))
SCALING = Scaling(np.zeros(3), np.ones(3))


class Table(Environment):
    outputs = 2
    shape = (3,)

    train = Samples(INPUTS, CLASSES)
    test = train

    def __init__(self, payoff: Payoff, train: Samples, test: Samples | None = None) -> None:
        self.payoff = payoff
        self.train, self.test = train, train if test is None else test


def classes(scaling: Scaling | None = None) -> Samples:
    return Samples(INPUTS, CLASSES, scaling)


def test_samples_that_fit_pass():
    check_samples(Table(CrossEntropy(), classes()))
    check_samples(Table(CrossEntropy(), classes(SCALING), classes(Scaling(np.zeros(3), np.ones(3)))))
    check_samples(Table(SquaredError(), Samples(INPUTS, VALUES)))


@pytest.mark.parametrize("scalings", [(None, SCALING), (SCALING, None), (SCALING, Scaling(np.ones(3), np.ones(3)))])
def test_train_and_test_must_have_one_scaling(scalings):
    with pytest.raises(DataError, match="the same scaling"):
        check_samples(Table(CrossEntropy(), *map(classes, scalings)))


WRONG_VALUES = [VALUES[:, :1], VALUES[:, 0], np.ones((12, 3)), VALUES[..., None]]


@pytest.mark.parametrize("targets", WRONG_VALUES, ids=lambda array: str(array.shape))
def test_values_must_have_a_column_for_each_output(targets):
    with pytest.raises(DataError, match=r"test\.targets must have the shape \(samples, 2\)"):
        check_samples(Table(SquaredError(), Samples(INPUTS, VALUES), Samples(INPUTS, targets)))


def test_validation_split_does_not_change_between_versions():
    """Tuned parameters that were recorded earlier were chosen on these samples."""
    split = Table(CrossEntropy(), classes()).validation_split()
    held_out = np.flatnonzero(~np.isin(INPUTS[:, 0], split.train.inputs[:, 0]))
    np.testing.assert_array_equal(held_out, [0, 9])

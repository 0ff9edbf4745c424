"""scikit-learn's own checks of estimators, without exception."""

from __future__ import annotations

from functools import partial

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from neuronet import NeuronClassifier, NeuronRegressor

FAST = {
    "check_estimator_cloneable",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dont_overwrite_parameters",
    "check_estimators_partial_fit_n_features",
    "check_estimator_sparse_array",
    "check_supervised_y_no_nan",
    "check_fit2d_1sample",
}
"""What runs by default; the others train for longer and are slow."""


def name_of(check):
    function = check.func if isinstance(check, partial) else check
    return getattr(function, "__wrapped__", function).__name__


def cases():
    for estimator in (NeuronClassifier(), NeuronRegressor()):
        for number, (given, check) in enumerate(estimator_checks_generator(estimator)):
            name = name_of(check)
            marks = () if name in FAST else pytest.mark.slow
            yield pytest.param(given, check, id=f"{type(estimator).__name__}-{number}-{name}", marks=marks)


@pytest.mark.parametrize(("estimator", "check"), [*cases()])
def test_scikit_learn_check(estimator, check):
    check(estimator)

"""Early stopping on held-out samples."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet import NeuronClassifier, NeuronRegressor
from tests.estimators.samples import blobs, plane


def test_training_stops_early():
    inputs, numbers = blobs(90)
    options = {"hidden": (8,), "epochs": 30, "early_stopping": True, "n_iter_no_change": 3}
    fitted = NeuronClassifier(**options, tol=10.0).fit(inputs, numbers)
    assert fitted.n_iter_ == len(fitted.validation_loss_curve_) == len(fitted.loss_curve_) == 4
    assert "3 epochs" in fitted.result_.stop_reason
    whole = NeuronClassifier(**options | {"n_iter_no_change": 30}).fit(inputs, numbers)
    assert whole.n_iter_ == 30
    assert whole.loss_curve_[:4] != NeuronClassifier(hidden=(8,), epochs=30).fit(inputs, numbers).loss_curve_[:4]


def test_held_out_share_has_all_classes_and_is_not_trained_on():
    inputs, numbers = blobs(90)
    fitted = NeuronClassifier(epochs=2, early_stopping=True, validation_fraction=0.2).fit(inputs, numbers)
    assert fitted.model_.confusion.sum(axis=1).tolist() == [6, 6, 6]
    assert fitted.result_.rounds == 2 * 3  # of 72 samples
    assert fitted.result_.accuracy is not None


def test_values_stop_early_too():
    fitted = NeuronRegressor(early_stopping=True, tol=10.0, n_iter_no_change=2).fit(*plane())
    assert fitted.n_iter_ == 3
    assert np.isfinite(fitted.validation_loss_curve_).all()
    assert NeuronRegressor(epochs=1).fit(*plane()).validation_loss_curve_ is None


def test_too_few_samples_to_hold_out():
    inputs, numbers = blobs(3)
    with pytest.raises(ValueError, match="class"):
        NeuronClassifier(early_stopping=True).fit(inputs, numbers)

"""Scores of classes are scikit-learn's, and a network that predicts one class says so."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

import neuronet
from neuronet.core import ConfigurationError, DataError
from neuronet.models.scores import ClassScores, constant_note

LABELS = np.array(["a", "b", "c", "d"])


@settings(max_examples=20, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_scores_are_those_of_scikit_learn(pairs):
    expected, predicted = np.array(pairs).T
    scores = ClassScores.of(confusion_matrix(expected, predicted, labels=range(4)))
    assert scores.accuracy == pytest.approx(np.mean(expected == predicted))
    with warnings.catch_warnings(action="ignore"):
        assert scores.balanced_accuracy == pytest.approx(balanced_accuracy_score(expected, predicted))
    assert scores.macro_f1 == pytest.approx(f1_score(expected, predicted, average="macro", zero_division=0.0))
    note = constant_note(scores.confusion, LABELS)
    assert (note is not None) == (len(set(predicted)) == 1 and len(set(expected)) > 1)


def test_a_constant_prediction_is_said_once():
    rng = np.random.default_rng(0)
    rare = np.where(np.arange(200) % 20 == 0, "rare", "common")
    lines = []
    result = neuronet.train((rng.normal(size=(200, 2)), rare), hidden=[4], epochs=1, replicas=2, log=lines.append)
    note = "Every test sample is predicted as 'common', which is the class of 95% of them: no other class is predicted."
    assert [line for line in lines if "Every test sample" in line] == [note]
    assert result.notes == (note,)


def test_balanced_payoff_finds_rare_classes():
    rng = np.random.default_rng(0)
    rare = np.arange(400) % 20 == 0
    inputs = rng.normal(size=(400, 2)) + rare[:, None] * 1.2
    options = {"hidden": [4], "epochs": 10, "engine": "tensors"}
    plain, balanced = (neuronet.train((inputs, rare), payoff=payoff, **options) for payoff in ("auto", "balanced-cross-entropy"))
    assert balanced.model.test_scores.balanced_accuracy > plain.model.test_scores.balanced_accuracy + 0.1
    assert balanced.notes == ()


def test_scores_of_given_samples():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 2))
    model = neuronet.train((inputs, inputs[:, 0] > 0), hidden=[4], epochs=2).model
    scores = model.class_scores(inputs, inputs[:, 0] > 0)
    assert scores.accuracy == model.score(inputs, inputs[:, 0] > 0)
    assert scores.confusion.sum() == 60
    with pytest.raises(DataError, match="one sample or more"):
        model.class_scores(inputs[:0], [])
    with pytest.raises(DataError, match="does not know the class 'x'"):
        model.class_scores(inputs[:1], ["x"])
    values = neuronet.train((inputs, inputs[:, 0]), hidden=[4], epochs=1).model
    with pytest.raises(ConfigurationError, match="values have no classes"):
        values.class_scores(inputs, inputs[:, 0])

"""Evaluation of networks: counts and means over batches."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import sklearn.metrics

from neuronet.core import Samples
from neuronet.training.evaluation import confusion_matrices


def test_confusion_matrices_are_those_of_scikit_learn():
    """Classes without a sample and classes that no replica predicts have rows and columns of zeros."""
    rng = np.random.default_rng(5)
    outputs, targets = rng.standard_normal((2, 700, 5)), rng.integers(0, 4, 700)
    outputs[..., 2] = -9.0
    engine = SimpleNamespace(outputs=lambda inputs: outputs[:, inputs[:, 0].astype(int)])
    samples = Samples(np.arange(700.0)[:, None], targets)
    found = confusion_matrices(engine, samples, 2, 5)
    for matrix, row in zip(found, outputs.argmax(axis=-1), strict=True):
        np.testing.assert_array_equal(matrix, sklearn.metrics.confusion_matrix(targets, row, labels=np.arange(5)))

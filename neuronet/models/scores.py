"""Scores of predicted classes, from the matrix that counts them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import shortened


@dataclass(frozen=True, eq=False)
class ClassScores:
    """How well classes are predicted.

    Attributes:
        accuracy: Share of the samples that are predicted correctly, 0 to 1.
        balanced_accuracy: Mean over the classes that occur of the share of their samples that are predicted correctly, 0 to 1.
        macro_f1: Mean of the F1 score over the classes that occur or are predicted, 0 to 1.
        confusion: (O, O), number of samples of each class (row) by predicted class (column).
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    confusion: NDArray[np.int64]

    @classmethod
    def of(cls, confusion: NDArray[np.int64]) -> ClassScores:
        """Return the scores of a confusion matrix (O, O) with one sample or more."""
        from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

        rows, columns = np.nonzero(confusion)
        counts: dict[str, Any] = {"sample_weight": confusion[rows, columns]}
        with warnings.catch_warnings(action="ignore"):  # classes that are predicted and do not occur
            balanced = balanced_accuracy_score(rows, columns, **counts)
        f1 = f1_score(rows, columns, average="macro", zero_division=0.0, **counts)
        return cls(float(accuracy_score(rows, columns, **counts)), float(balanced), float(f1), confusion)


def constant_note(confusion: NDArray[np.int64], classes: NDArray[Any]) -> str | None:
    """Return a line that says that one class is always predicted, if samples of several classes are; None otherwise.

    Args:
        confusion: (O, O), number of samples of each class (row) by predicted class (column).
        classes: (O,), the classes.
    """
    predicted, given = np.flatnonzero(confusion.any(axis=0)), np.flatnonzero(confusion.any(axis=1))
    if len(predicted) != 1 or len(given) < 2:
        return None
    name = shortened(str(classes[predicted[0]]))
    share = confusion[predicted[0], predicted[0]] / confusion.sum()
    return f"Every test sample is predicted as '{name}', which is the class of {share:.0%} of them: no other class is predicted."

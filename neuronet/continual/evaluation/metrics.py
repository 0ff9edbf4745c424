"""Metrics of learning and forgetting, computed from the matrix of accuracies.

Accuracies have the shape (..., T + 1, T): row t is after t tasks, row 0 before the first; column i is task i. Formulas count
tasks from 1, `a[t, i]`, as the literature does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError

Floats = NDArray[np.float64]


def final_accuracy(accuracy: Floats) -> Floats:
    """Return the mean accuracy over all tasks after the last one, `mean_i a[T, i]`, (...,)."""
    return np.asarray(np.mean(_check_shape(accuracy)[..., -1, :], axis=-1))


def learning_accuracy(accuracy: Floats) -> Floats:
    """Return the mean accuracy on each task right after it was learned, `mean_i a[i, i]`, (...,).

    Riemer et al. 2019 (arXiv 1810.11910).
    """
    return np.asarray(np.mean(_accuracy_when_learned(_check_shape(accuracy)), axis=-1))


def backward_transfer(accuracy: Floats) -> Floats:
    """Return `mean_{i < T} a[T, i] - a[i, i]`, (...,): below 0 where tasks are forgotten (Lopez-Paz and Ranzato 2017)."""
    change = _check_shape(accuracy)[..., -1, :] - _accuracy_when_learned(accuracy)
    return np.asarray(np.mean(change[..., :-1], axis=-1))


def forward_transfer(accuracy: Floats) -> Floats:
    """Return `mean_{i > 1} a[i - 1, i] - a[0, i]`, (...,): the gain on a task before it is learned (Lopez-Paz, Ranzato 2017)."""
    before = np.diagonal(_check_shape(accuracy)[..., :-1, :], axis1=-2, axis2=-1)
    return np.asarray(np.mean((before - accuracy[..., 0, :])[..., 1:], axis=-1))


def forgetting(accuracy: Floats) -> Floats:
    """Return `mean_{i < T} max_{1 <= t < T} a[t, i] - a[T, i]`, (...,): the loss from the best (Chaudhry et al. 2018)."""
    best = np.max(_check_shape(accuracy)[..., 1:-1, :], axis=-2)
    return np.asarray(np.mean((best - accuracy[..., -1, :])[..., :-1], axis=-1))


def average_accuracy(accuracy: Floats) -> Floats:
    """Return the mean accuracy over the tasks so far after each task, `mean_{i <= t} a[t, i]` for t >= 1, (..., T)."""
    after = _check_shape(accuracy)[..., 1:, :]
    tasks = after.shape[-1]
    learnt = np.tri(tasks, dtype=np.bool_)
    return np.asarray(np.sum(np.where(learnt, after, 0.0), axis=-1) / np.arange(1, tasks + 1))


def _accuracy_when_learned(accuracy: Floats) -> Floats:
    return np.diagonal(accuracy[..., 1:, :], axis1=-2, axis2=-1)


def _check_shape(accuracy: Floats) -> Floats:
    shape = np.shape(accuracy)
    if len(shape) < 2 or shape[-2] != shape[-1] + 1 or shape[-1] < 2:
        raise DataError(f"accuracies must have the shape (..., tasks + 1, tasks) with two or more tasks, got {shape}")
    return accuracy


METRICS: dict[str, Callable[[Floats], Floats]] = {
    "final": final_accuracy,
    "learning": learning_accuracy,
    "forgetting": forgetting,
    "backward": backward_transfer,
    "forward": forward_transfer,
}
"""Every metric by its name in tables."""

"""What a sequence of tasks says about learning and forgetting, from the accuracies alone.

The accuracies are (..., T + 1, T): row t is after t tasks, row 0 before the first; column i is task i. In the formulas below
`a[t, i]` counts tasks from 1 as the literature does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError

Floats = NDArray[np.float64]


def final_accuracy(accuracy: Floats) -> Floats:
    """`mean_i a[T, i]`: the mean over all tasks after the last, (...,)."""
    found: Floats = np.mean(_check_shape(accuracy)[..., -1, :], axis=-1)
    return found


def learning_accuracy(accuracy: Floats) -> Floats:
    """`mean_i a[i, i]`: the mean of each task right after it was learned, (...,) (Riemer et al. 2019, arXiv 1810.11910)."""
    found: Floats = np.mean(_accuracy_when_learned(_check_shape(accuracy)), axis=-1)
    return found


def backward_transfer(accuracy: Floats) -> Floats:
    """`mean_{i < T} a[T, i] - a[i, i]`, (...,): below 0 where tasks are forgotten (Lopez-Paz and Ranzato 2017)."""
    changed = _check_shape(accuracy)[..., -1, :] - _accuracy_when_learned(accuracy)
    found: Floats = np.mean(changed[..., :-1], axis=-1)
    return found


def forward_transfer(accuracy: Floats) -> Floats:
    """`mean_{i > 1} a[i - 1, i] - a[0, i]`, (...,): what a task gains before it is met (Lopez-Paz and Ranzato 2017)."""
    before = np.diagonal(_check_shape(accuracy)[..., :-1, :], axis1=-2, axis2=-1)
    found: Floats = np.mean((before - accuracy[..., 0, :])[..., 1:], axis=-1)
    return found


def forgetting(accuracy: Floats) -> Floats:
    """`mean_{i < T} max_{1 <= t < T} a[t, i] - a[T, i]`, (...,): what is lost of the best (Chaudhry et al. 2018)."""
    best = np.max(_check_shape(accuracy)[..., 1:-1, :], axis=-2)
    found: Floats = np.mean((best - accuracy[..., -1, :])[..., :-1], axis=-1)
    return found


def average_accuracy(accuracy: Floats) -> Floats:
    """`mean_{i <= t} a[t, i]` for each t from 1, (..., T): the mean over the tasks met so far."""
    after = _check_shape(accuracy)[..., 1:, :]
    tasks = after.shape[-1]
    met = np.tri(tasks, dtype=np.bool_)
    found: Floats = np.sum(np.where(met, after, 0.0), axis=-1) / np.arange(1, tasks + 1)
    return found


def _accuracy_when_learned(accuracy: Floats) -> Floats:
    found: Floats = np.diagonal(accuracy[..., 1:, :], axis1=-2, axis2=-1)
    return found


def _check_shape(accuracy: Floats) -> Floats:
    shape = np.shape(accuracy)
    if len(shape) < 2 or shape[-2] != shape[-1] + 1 or shape[-1] < 2:
        raise NeuroNetError(f"accuracies must have the shape (..., tasks + 1, tasks) of two or more tasks, got {shape}")
    return accuracy


METRICS: dict[str, Callable[[Floats], Floats]] = {
    "final": final_accuracy,
    "learning": learning_accuracy,
    "forgetting": forgetting,
    "backward": backward_transfer,
    "forward": forward_transfer,
}
"""Every metric by its name in tables."""

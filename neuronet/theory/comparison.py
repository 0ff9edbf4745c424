"""Distances between two results: the figures that the checks measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Layers = Sequence[Floats]
"""Array for each listening layer, such as the change of its synapses (J, S), with the bias last."""


def largest_gap(actual: Layers, expected: Layers) -> float:
    """Return the largest difference relative to the largest entry of `expected` in the same layer, of the worst layer."""
    return float(np.max([np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(actual, expected, strict=True)]))


def overall_gap(actual: Layers, expected: Layers) -> float:
    """Return the Frobenius norm of all differences relative to that of `expected`."""
    return float(np.linalg.norm(_flat(actual) - _flat(expected)) / np.linalg.norm(_flat(expected)))


def alignment(actual: Floats, expected: Floats) -> float:
    """Return the cosine of the angle between two arrays of the same shape."""
    return 1.0 - half_squared_chord(actual.ravel(), expected.ravel())


def half_squared_chord(actual: Floats, expected: Floats) -> float:
    """Return 1 minus the cosine of the angle between two vectors, without the cancellation of 1 - cos at small angles."""
    chord = actual / np.linalg.norm(actual) - expected / np.linalg.norm(expected)
    return float(0.5 * np.sum(chord * chord))


def log_log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the least-squares slope of points on a log-log plot; nan where a number is not positive and finite."""
    if not all(0 < value < np.inf for value in (*x, *y)):
        return float("nan")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _flat(layers: Layers) -> Floats:
    return np.concatenate([layer.ravel() for layer in layers])

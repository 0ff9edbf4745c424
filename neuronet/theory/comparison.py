"""How far two answers are apart: the figures that the checks measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Layers = Sequence[Floats]
"""An array for each listening layer, such as the change of its synapses, (J, S): speakers, and the bias last."""


def largest_gap(ours: Layers, theirs: Layers) -> float:
    """The largest difference within a layer, relative to the largest entry of `theirs` in that layer; the worst layer's."""
    return float(np.max([np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(ours, theirs, strict=True)]))


def overall_gap(ours: Layers, theirs: Layers) -> float:
    """The Frobenius norm of all differences, relative to that of `theirs`."""
    return float(np.linalg.norm(_flat(ours) - _flat(theirs)) / np.linalg.norm(_flat(theirs)))


def alignment(ours: Floats, theirs: Floats) -> float:
    """The cosine of the angle between two arrays of one shape."""
    return 1.0 - half_squared_chord(ours.ravel(), theirs.ravel())


def half_squared_chord(ours: Floats, theirs: Floats) -> float:
    """1 minus the cosine of the angle between two vectors, without the rounding that 1 - cos suffers at small angles."""
    chord = ours / np.linalg.norm(ours) - theirs / np.linalg.norm(theirs)
    return float(0.5 * np.sum(chord * chord))


def log_log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The slope of the straight line through the points on a log-log plot, by least squares; nan where one has no logarithm."""
    if not all(0 < value < np.inf for value in (*x, *y)):
        return float("nan")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _flat(layers: Layers) -> Floats:
    return np.concatenate([layer.ravel() for layer in layers])

"""Small samples that networks learn within a few epochs."""

from __future__ import annotations

import numpy as np

CENTRES = np.array([[0.0, 0.0, 5.0], [4.0, 0.0, 5.0], [0.0, 4.0, 5.0]])


def blobs(count=60, seed=0):
    """Return inputs (count, 3) and classes 0, 1, 2; the third input is noise around 5."""
    classes = np.arange(count) % 3
    return CENTRES[classes] + np.random.default_rng(seed).normal(size=(count, 3)), classes


def plane(count=80, seed=0):
    """Return inputs (count, 2) and targets (count, 2) of different units."""
    inputs = np.random.default_rng(seed).normal(size=(count, 2))
    return inputs, np.stack([1000 + 300 * inputs[:, 0], 0.01 * inputs[:, 1]], axis=1)


def arrays(estimator):
    """Return all weights and biases of a fitted estimator."""
    network = estimator.model_.network
    return [*network.weights, *network.biases]

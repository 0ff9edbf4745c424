"""Evaluation of networks: mean loss and accuracy of each replica."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from neuronet.core import Array, Payoff, Samples

EVALUATION_BATCH_SIZE = 512
"""Samples that are evaluated at a time: with 2048, a run on images takes about 50 MB more."""

MAX_TRAIN_EVAL_SAMPLES = 2000
"""Training samples, at most, on which the accuracy of a run is evaluated."""


class HasOutputs(Protocol):
    """Protocol for anything with an `outputs(inputs)` method."""

    def outputs(self, inputs: Array) -> Array:
        """Return (B, O), or (R, B, O) of R > 1 replicas, for inputs (B, I)."""


def evaluate(
    engine: HasOutputs, payoff: Payoff, samples: Samples, replicas: int, max_samples: int | None = None
) -> tuple[list[float], list[float]]:
    """Return the mean loss and the accuracy of each replica; the accuracy is nan where targets are values.

    Args:
        engine: Engine to evaluate.
        payoff: Payoff of the outputs.
        samples: Samples as the engine's `prepare` returned them.
        replicas: Number of replicas.
        max_samples: Number of samples, from the first, that are evaluated; None for all.
    """
    losses, correct = [], []
    count = len(samples) if max_samples is None else min(max_samples, len(samples))
    for batch in _batches(samples, count):
        outputs = engine.outputs(batch.inputs)
        xp = array_namespace(outputs)
        losses.append(as_numpy(payoff.loss(xp, outputs, batch.targets)).reshape(replicas, -1))
        hits = payoff.correct(xp, outputs, batch.targets)
        if hits is not None:
            correct.append(as_numpy(hits).reshape(replicas, -1))
    loss = np.concatenate(losses, axis=-1).mean(axis=-1, dtype=np.float64).tolist()
    if not correct:
        return loss, [math.nan] * replicas
    return loss, np.concatenate(correct, axis=-1).mean(axis=-1, dtype=np.float64).tolist()


def confusion_matrices(engine: HasOutputs, samples: Samples, replicas: int, classes: int) -> NDArray[np.int64]:
    """Return the number of samples of each class (row) by predicted class (column), (R, O, O).

    Args:
        engine: Engine to evaluate.
        samples: Samples of classes as the engine's `prepare` returned them.
        replicas: Number of replicas.
        classes: Number of classes, O.
    """
    outputs = [as_numpy(engine.outputs(batch.inputs)).reshape(replicas, -1, classes) for batch in _batches(samples, len(samples))]
    targets, predictions = as_numpy(samples.targets), np.concatenate(outputs, axis=1).argmax(axis=-1)
    pairs = targets * classes + predictions  # counted by numpy, since scikit-learn's function takes 50 MB of imports
    return np.stack([np.bincount(row, minlength=classes**2).reshape(classes, classes) for row in pairs])


def _batches(samples: Samples, count: int) -> Iterator[Samples]:
    """Yield the first samples, at most EVALUATION_BATCH_SIZE at a time."""
    for start in range(0, count, EVALUATION_BATCH_SIZE):
        yield samples.at(slice(start, min(start + EVALUATION_BATCH_SIZE, count)))


def as_numpy(array: Array) -> NDArray[Any]:
    """Return an array or tensor of any device as a numpy array."""
    return array if isinstance(array, np.ndarray) else np.asarray(array.detach().cpu().numpy())

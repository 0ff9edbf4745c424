"""How good a network is: mean loss and accuracy of each replica."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.environment import Samples
from neuronet.core.payoff import Payoff

EVALUATION_BATCH_SIZE = 2048

MAX_TRAIN_EVAL_SAMPLES = 2000
"""Training samples, at most, on which the accuracy of a run is evaluated."""


class HasOutputs(Protocol):
    """Whoever can be asked for outputs."""

    def outputs(self, inputs: Array) -> Array:
        """(B, O), or (R, B, O) of R replicas."""


def evaluate(
    engine: HasOutputs, payoff: Payoff, samples: Samples, replicas: int, max_samples: int | None = None
) -> tuple[list[float], list[float]]:
    """Mean loss and accuracy of each replica; accuracy is nan where targets are values.

    Args:
        engine: Whose outputs are judged.
        payoff: What they are worth.
        samples: As the engine holds them.
        replicas: How many there are.
        max_samples: Judge the first samples, up to so many; None for all.
    """
    losses, correct = [], []
    count = len(samples) if max_samples is None else min(max_samples, len(samples))
    for start in range(0, count, EVALUATION_BATCH_SIZE):
        part = samples.at(slice(start, min(start + EVALUATION_BATCH_SIZE, count)))
        outputs = engine.outputs(part.inputs)
        xp = array_namespace(outputs)
        losses.append(as_numpy(payoff.loss(xp, outputs, part.targets)).reshape(replicas, -1))
        hits = payoff.correct(xp, outputs, part.targets)
        if hits is not None:
            correct.append(as_numpy(hits).reshape(replicas, -1))
    loss = np.concatenate(losses, axis=-1).mean(axis=-1, dtype=np.float64).tolist()
    if not correct:
        return loss, [math.nan] * replicas
    return loss, np.concatenate(correct, axis=-1).mean(axis=-1, dtype=np.float64).tolist()


def as_numpy(array: Array) -> NDArray[Any]:
    """The same numbers in numpy."""
    return array if isinstance(array, np.ndarray) else np.asarray(array.detach().cpu().numpy())

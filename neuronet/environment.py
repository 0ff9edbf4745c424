"""The contract of an environment: where inputs, targets and payoffs come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from neuronet.arrays import Array
from neuronet.errors import NeuroNetError
from neuronet.payoff import CrossEntropy, Payoff


@dataclass(frozen=True, eq=False)
class Samples:
    """Some inputs and what they should lead to.

    Attributes:
        inputs: (N, I).
        targets: (N,) whole numbers for classes, or (N, O) values.
    """

    inputs: Array
    targets: Array

    def __len__(self) -> int:
        return int(self.inputs.shape[0])

    def at(self, indices: Array) -> Samples:
        """The samples at these positions; indices (..., B) give inputs (..., B, I)."""
        return Samples(self.inputs[indices], self.targets[indices])


class Environment(ABC):
    """A world that shows inputs to the first layer and pays the last.

    A subclass gives `train` and `test`, which must be the same at every call, and the number of outputs.
    """

    payoff: Payoff = CrossEntropy()

    @property
    @abstractmethod
    def train(self) -> Samples:
        """What the network learns from, as numpy arrays."""

    @property
    @abstractmethod
    def test(self) -> Samples:
        """What the network is judged by, as numpy arrays."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many output neurons it speaks to: classes, or values."""

    @property
    @final
    def inputs(self) -> int:
        """How many input neurons it speaks to."""
        return int(self.train.inputs.shape[1])


def checked_samples(inputs: Any, targets: Any, payoff: Payoff, what: str) -> Samples:
    """Samples with inputs in float64 and targets as the payoff wants them.

    Args:
        inputs: (N, I) numbers.
        targets: (N,) classes from 0, or (N,) or (N, O) values.
        payoff: Whether targets are classes (CrossEntropy) or values.
        what: Where the arrays come from, for the message.

    Raises:
        NeuroNetError: Shapes do not fit, something is not a finite number, or classes are no whole numbers from 0.
    """
    x = _numbers(inputs, f"{what}: inputs")
    if x.ndim != 2 or 0 in x.shape:
        raise NeuroNetError(f"{what}: inputs must have the shape (samples, inputs), neither 0, got {x.shape}")
    y = _numbers(targets, f"{what}: targets")
    if y.shape[:1] != x.shape[:1]:
        raise NeuroNetError(f"{what}: {x.shape[0]} inputs do not fit targets of shape {y.shape}")
    if isinstance(payoff, CrossEntropy):
        if y.ndim != 1 or np.any(y != np.round(y)) or y.min() < 0:
            raise NeuroNetError(f"{what}: for cross-entropy targets must be one class a sample, counted from 0")
        return Samples(x, y.astype(np.int64))
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2:
        raise NeuroNetError(f"{what}: targets must have the shape (samples, outputs), got {y.shape}")
    return Samples(x, y)


def _numbers(values: Any, what: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise NeuroNetError(f"{what} must be numbers") from None
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NeuroNetError(f"{what} must be finite numbers, but the one at {place} is {array[place]}")
    return array

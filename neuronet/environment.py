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


def check_samples(environment: Environment) -> None:
    """Refuse an environment whose samples do not fit its payoff, its outputs or each other.

    Raises:
        NeuroNetError: They do not; the sentence says what is wrong.
    """
    outputs, payoff = environment.outputs, environment.payoff
    if isinstance(outputs, bool) or not isinstance(outputs, int) or outputs < 1:
        raise NeuroNetError(f"outputs must be a whole number of 1 or more, got {outputs!r}")
    if not isinstance(payoff, Payoff):
        raise NeuroNetError(f"payoff must be an instance of a subclass of neuronet.Payoff, got {payoff!r}")
    parts = {"train": environment.train, "test": environment.test}
    for name, samples in parts.items():
        _check_part(samples, name)
        _check_targets(samples.targets, outputs, payoff, name)
    inputs = {name: samples.inputs.shape[1] for name, samples in parts.items()}
    if inputs["train"] != inputs["test"]:
        raise NeuroNetError(f"train has {inputs['train']} inputs and test has {inputs['test']}: they must have as many")


def _check_part(samples: object, name: str) -> None:
    if not isinstance(samples, Samples):
        raise NeuroNetError(f"{name} must be Samples(inputs, targets), got {type(samples).__name__}")
    for what, array in (("inputs", samples.inputs), ("targets", samples.targets)):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            kind = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise NeuroNetError(f"{name}.{what} must be a numpy array of numbers, got {kind}")
        if not np.isfinite(array).all():
            raise NeuroNetError(f"{name}.{what} must be finite numbers, but some are not")
    if samples.inputs.ndim != 2 or 0 in samples.inputs.shape:
        raise NeuroNetError(f"{name}.inputs must have the shape (samples, inputs), neither 0, got {samples.inputs.shape}")
    if samples.inputs.dtype.kind != "f":
        raise NeuroNetError(f"{name}.inputs must be floating-point numbers, got {samples.inputs.dtype}")
    if samples.targets.shape[:1] != samples.inputs.shape[:1]:
        raise NeuroNetError(
            f"{name} must have a target for each of {len(samples)} inputs, got targets of {samples.targets.shape}"
        )


def _check_targets(targets: NDArray[Any], outputs: int, payoff: Payoff, name: str) -> None:
    if payoff.classes and (targets.ndim != 1 or targets.dtype.kind not in "iu"):
        kind = f"{targets.dtype} of shape {targets.shape}"
        raise NeuroNetError(f"{name}.targets must be a whole number for each sample, as its payoff wants classes, got {kind}")
    if payoff.classes:
        wrong = targets[(targets < 0) | (targets >= outputs)]
        if wrong.size:
            most = outputs - 1
            raise NeuroNetError(
                f"{name}.targets must be classes from 0 to {most}, as there are {outputs} outputs, got {wrong[0]}"
            )
    elif targets.ndim != 2 or targets.shape[1] != outputs:
        raise NeuroNetError(f"{name}.targets must have the shape (samples, {outputs}), got {targets.shape}")


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
    if payoff.classes:
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

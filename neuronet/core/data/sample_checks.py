"""Checks of samples and environments."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.data.encoding import Encoding, Scaling
from neuronet.core.data.foreign_arrays import as_numbers
from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import DataError, shown
from neuronet.core.payoff import Payoff


def check_samples(environment: Environment) -> None:
    """Raise an error if the samples of an environment do not fit its payoff, its outputs or each other.

    Raises:
        DataError: They do not fit.
    """
    outputs, payoff = environment.outputs, environment.payoff
    if isinstance(outputs, bool) or not isinstance(outputs, int) or outputs < 1:
        raise DataError(f"outputs must be an integer of 1 or more, got {outputs!r}")
    if not isinstance(payoff, Payoff):
        raise DataError(f"payoff must be an instance of a subclass of neuronet.Payoff, got {shown(payoff)}")
    train, test = environment.train, environment.test
    for name, samples in (("train", train), ("test", test)):
        _check_samples_of(samples, name)
        _check_targets(samples.targets, outputs, payoff, name)
    inputs = train.inputs.shape[1]
    if inputs != test.inputs.shape[1]:
        raise DataError(f"train and test must have the same number of inputs, got {inputs} and {test.inputs.shape[1]}")
    if not _same_scaling(train.scaling, test.scaling):
        raise DataError("train and test must have the same scaling, computed from train alone")
    shape = environment.shape
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape) or prod(shape) != inputs:
        raise DataError(f"shape must be a tuple of integers whose product is the {inputs} inputs, got {shape!r}")
    encoding = environment.encoding
    if not isinstance(encoding, Encoding):
        raise DataError(f"encoding must be a neuronet.Encoding, got {type(encoding).__name__}")
    encoding.check_sizes(inputs, outputs)


def _check_samples_of(samples: object, name: str) -> None:
    if not isinstance(samples, Samples):
        raise DataError(f"{name} must be Samples(inputs, targets), got {type(samples).__name__}")
    for what, array in (("inputs", samples.inputs), ("targets", samples.targets)):
        _check_numbers(array, f"{name}.{what}")
    if samples.inputs.ndim != 2 or 0 in samples.inputs.shape:
        raise DataError(f"{name}.inputs must have the shape (samples, inputs) without 0, got {samples.inputs.shape}")
    if samples.scaling is not None:
        _check_scaling(samples.scaling, samples.inputs, name)
    elif samples.inputs.dtype.kind != "f":
        raise DataError(f"{name}.inputs must be floating-point numbers, got {samples.inputs.dtype} without a scaling")
    if samples.targets.shape[:1] != samples.inputs.shape[:1]:
        raise DataError(f"{name} must have a target for each of {len(samples)} inputs, got targets of {samples.targets.shape}")


def _check_numbers(array: object, what: str) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        kind = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise DataError(f"{what} must be a numpy array of numbers, got {kind}")
    if isinstance(array, np.ma.MaskedArray):
        raise DataError(f"{what} must be a plain numpy array, got a masked array: fill or leave out masked values")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{what} must be finite numbers")


def _check_scaling(scaling: object, inputs: NDArray[Any], name: str) -> None:
    if not isinstance(scaling, Scaling):
        raise DataError(f"{name}.scaling must be a Scaling or None, got {type(scaling).__name__}")
    if inputs.dtype.kind != "f" and inputs.dtype != np.uint8:
        raise DataError(f"{name}.inputs must be bytes (uint8) or floating-point numbers, got {inputs.dtype}")
    for what, array in (("shift", scaling.shift), ("factor", scaling.factor)):
        _check_numbers(array, f"{name}.scaling.{what}")
        if array.dtype.kind != "f" or array.shape != inputs.shape[1:]:
            expected, kind = f"{inputs.shape[1]} floating-point numbers", f"{array.dtype} of shape {array.shape}"
            raise DataError(f"{name}.scaling.{what} must be {expected}, one for each input, got {kind}")


def _same_scaling(one: Scaling | None, other: Scaling | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one.shift, other.shift) and np.array_equal(one.factor, other.factor)


def _check_targets(targets: NDArray[Any], outputs: int, payoff: Payoff, name: str) -> None:
    if payoff.classes and (targets.ndim != 1 or targets.dtype.kind not in "iu"):
        kind = f"{targets.dtype} of shape {targets.shape}"
        raise DataError(f"{name}.targets must be one integer class for each sample, got {kind}")
    if payoff.classes:
        wrong = targets[(targets < 0) | (targets >= outputs)]
        if wrong.size:
            raise DataError(f"{name}.targets must be classes from 0 to {outputs - 1}, got {wrong[0]}")
    elif targets.ndim != 2 or targets.shape[1] != outputs:
        raise DataError(f"{name}.targets must have the shape (samples, {outputs}), got {targets.shape}")


def checked_samples(inputs: Any, targets: Any, payoff: Payoff, what: str) -> Samples:
    """Return samples with inputs in float64 and targets as the payoff requires.

    Args:
        inputs: (N, I) numbers.
        targets: (N,) classes from 0, or (N,) or (N, O) values.
        payoff: CrossEntropy for classes, another for values.
        what: Source of the arrays, for the message.

    Raises:
        DataError: Shapes do not fit, a number is not finite, or classes are not integers from 0.
    """
    x = as_numbers(inputs, f"{what}: inputs")
    if x.ndim != 2 or 0 in x.shape:
        raise DataError(f"{what}: inputs must have the shape (samples, inputs) without 0, got {x.shape}")
    y = as_numbers(targets, f"{what}: targets")
    if y.shape[:1] != x.shape[:1]:
        raise DataError(f"{what}: {x.shape[0]} inputs do not fit targets of shape {y.shape}")
    if payoff.classes:
        if y.ndim != 1 or np.any(y != np.round(y)) or y.min() < 0:
            raise DataError(f"{what}: targets for cross-entropy must be one class for each sample, counted from 0")
        return Samples(x, y.astype(np.int64))
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2:
        raise DataError(f"{what}: targets must have the shape (samples, outputs), got {y.shape}")
    return Samples(x, y)

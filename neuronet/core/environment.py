"""The contract of an environment: where inputs, targets and payoffs come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, Payoff
from neuronet.core.random_streams import Purpose, generator

SCALING_CHUNK = 1024
"""Samples whose sums are taken at a time."""

VALIDATION_FOLDS = 6
"""One of which is held back for choosing parameters."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """How raw inputs become what neurons see: `(x - shift) * factor`, each input by its own two numbers.

    Plain operators alone, so that it works for arrays of any library, as long as inputs and scaling are of the same one.

    Attributes:
        shift: (I,) floating point, in units of the raw inputs.
        factor: (I,) floating point; 0 for an input that says nothing.
    """

    shift: Array
    factor: Array

    def apply(self, raw: Array) -> Array:
        """Raw inputs (..., I), such as bytes, scaled: (..., I) in the floating point of the scaling."""
        return (raw - self.shift) * self.factor

    @classmethod
    def standardising(cls, raw: NDArray[np.uint8]) -> Scaling:
        """The scaling by which each input of these samples has mean 0 and a standard deviation of 1, in float32.

        An input that varies less than the inputs do on the whole (the root of their mean variance) is divided by the deviation
        of the whole, and so varies by less than 1: a pixel that is hardly ever lit would otherwise be hundreds of deviations
        where it is. An input that is the same in all samples gets the factor 0: it is 0 in others too, whatever they hold. Sums
        are taken in integers, a part of the samples at a time, so that they are exact and cost no memory.

        Args:
            raw: (N, I) bytes, of the training samples alone.
        """
        total, squares = (np.zeros(raw.shape[1], dtype=np.int64) for _ in range(2))
        for start in range(0, len(raw), SCALING_CHUNK):
            part = raw[start : start + SCALING_CHUNK].astype(np.int64)
            total += part.sum(axis=0)
            squares += np.einsum("ni,ni->i", part, part)
        count = len(raw)
        variance = (count * squares - total**2).astype(np.float64) / count**2
        deviation = np.sqrt(np.maximum(variance, variance.mean()))
        factor = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=variance > 0)
        return cls((total / count).astype(np.float32), factor.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Samples:
    """Some inputs and what they should lead to.

    Images are kept as the bytes that they came as, with a scaling that is applied to a batch when it is taken: a quarter of the
    memory of float32. Whoever reads `inputs` therefore takes a batch with `at`, or all of them with `scaled`, before.

    Attributes:
        inputs: (N, I), floating point; or, with a scaling, raw: bytes (uint8) as well.
        targets: (N,) integers for classes, or (N, O) values.
        scaling: How raw inputs become what neurons see; None where they already are.
    """

    inputs: Array
    targets: Array
    scaling: Scaling | None = None

    def __len__(self) -> int:
        return int(self.inputs.shape[0])

    def at(self, indices: Array) -> Samples:
        """The samples at these positions, scaled; indices (..., B) give inputs (..., B, I) in floating point."""
        inputs = self.inputs[indices]
        return Samples(inputs if self.scaling is None else self.scaling.apply(inputs), self.targets[indices])

    def scaled(self) -> Samples:
        """All of them scaled; these ones themselves where there is nothing to do."""
        return self if self.scaling is None else Samples(self.scaling.apply(self.inputs), self.targets)


class Environment(ABC):
    """A world that shows inputs to the first layer and pays the last.

    A subclass gives `train` and `test`, which must be the same at every call, and the number of outputs; where its inputs are
    images, it may say their shape.
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

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input: (height, width) or (channels, height, width) of an image, (I,) of anything else."""
        return (self.inputs,)

    @final
    def validation_split(self) -> Environment:
        """The same world for choosing parameters: a fixed sixth of `train` takes the place of `test`, which is not looked at."""
        return ValidationSplit(self)


@final
class ValidationSplit(Environment):
    """The validation split: learns from five sixths of a world's training samples and is judged by the last sixth.

    The split is fixed: it depends on the targets and on no seed of a run. Every class has its share of both parts, to one sample.
    Inputs are scaled as they are in the world itself, so that what was chosen here meets the same numbers there.

    Args:
        environment: The world.

    Raises:
        NeuroNetError: It has fewer than 6 training samples.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.payoff = environment.payoff

    @cached_property
    def _validation_mask(self) -> NDArray[np.bool_]:
        samples = self.environment.train
        if len(samples) < VALIDATION_FOLDS:
            raise NeuroNetError(f"a sixth of {len(samples)} training samples cannot be held back: there must be 6 or more")
        order = generator(0, Purpose.DATA, VALIDATION_FOLDS).permutation(len(samples))
        if self.payoff.classes:
            order = order[np.argsort(samples.targets[order], kind="stable")]
        validation_mask = np.zeros(len(samples), dtype=np.bool_)
        validation_mask[order[VALIDATION_FOLDS - 1 :: VALIDATION_FOLDS]] = True  # every sixth of each class in turn
        return validation_mask

    def _subset(self, chosen: NDArray[np.bool_]) -> Samples:
        samples = self.environment.train
        return Samples(samples.inputs[chosen], samples.targets[chosen], samples.scaling)

    @cached_property
    def train(self) -> Samples:
        """Five sixths of the world's training samples, in their order."""
        return self._subset(~self._validation_mask)

    @cached_property
    def test(self) -> Samples:
        """The other sixth."""
        return self._subset(self._validation_mask)

    @property
    def outputs(self) -> int:
        """The world's."""
        return self.environment.outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """The world's."""
        return self.environment.shape


def check_samples(environment: Environment) -> None:
    """Refuse an environment whose samples do not fit its payoff, its outputs or each other.

    Raises:
        NeuroNetError: They do not; the sentence says what is wrong.
    """
    outputs, payoff = environment.outputs, environment.payoff
    if isinstance(outputs, bool) or not isinstance(outputs, int) or outputs < 1:
        raise NeuroNetError(f"outputs must be an integer of 1 or more, got {outputs!r}")
    if not isinstance(payoff, Payoff):
        raise NeuroNetError(f"payoff must be an instance of a subclass of neuronet.Payoff, got {payoff!r}")
    parts = {"train": environment.train, "test": environment.test}
    for name, samples in parts.items():
        _check_samples_of(samples, name)
        _check_targets(samples.targets, outputs, payoff, name)
    train, test = parts.values()
    inputs = {name: samples.inputs.shape[1] for name, samples in parts.items()}
    if inputs["train"] != inputs["test"]:
        raise NeuroNetError(f"train has {inputs['train']} inputs and test has {inputs['test']}: they must have as many")
    if not _same_scaling(train.scaling, test.scaling):
        raise NeuroNetError("train and test must have the same scaling, and it must come from train alone")
    shape = environment.shape
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape) or prod(shape) != inputs["train"]:
        raise NeuroNetError(f"shape must be a tuple of integers whose product is the {inputs['train']} inputs, got {shape!r}")


def _check_samples_of(samples: object, name: str) -> None:
    if not isinstance(samples, Samples):
        raise NeuroNetError(f"{name} must be Samples(inputs, targets), got {type(samples).__name__}")
    for what, array in (("inputs", samples.inputs), ("targets", samples.targets)):
        _check_numbers(array, f"{name}.{what}")
    if samples.inputs.ndim != 2 or 0 in samples.inputs.shape:
        raise NeuroNetError(f"{name}.inputs must have the shape (samples, inputs), neither 0, got {samples.inputs.shape}")
    if samples.scaling is not None:
        _check_scaling(samples.scaling, samples.inputs, name)
    elif samples.inputs.dtype.kind != "f":
        raise NeuroNetError(f"{name}.inputs must be floating-point numbers, got {samples.inputs.dtype} without a scaling")
    if samples.targets.shape[:1] != samples.inputs.shape[:1]:
        raise NeuroNetError(
            f"{name} must have a target for each of {len(samples)} inputs, got targets of {samples.targets.shape}"
        )


def _check_numbers(array: object, what: str) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        kind = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise NeuroNetError(f"{what} must be a numpy array of numbers, got {kind}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise NeuroNetError(f"{what} must be finite numbers, but some are not")


def _check_scaling(scaling: object, inputs: NDArray[Any], name: str) -> None:
    if not isinstance(scaling, Scaling):
        raise NeuroNetError(f"{name}.scaling must be a Scaling or None, got {type(scaling).__name__}")
    if inputs.dtype.kind != "f" and inputs.dtype != np.uint8:
        raise NeuroNetError(f"{name}.inputs must be bytes (uint8) or floating-point numbers, got {inputs.dtype}")
    for what, array in (("shift", scaling.shift), ("factor", scaling.factor)):
        _check_numbers(array, f"{name}.scaling.{what}")
        if array.dtype.kind != "f" or array.shape != inputs.shape[1:]:
            kind = f"{array.dtype} of shape {array.shape}"
            raise NeuroNetError(
                f"{name}.scaling.{what} must be a floating-point number for each of {inputs.shape[1]} inputs, got {kind}"
            )


def _same_scaling(one: Scaling | None, other: Scaling | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one.shift, other.shift) and np.array_equal(one.factor, other.factor)


def _check_targets(targets: NDArray[Any], outputs: int, payoff: Payoff, name: str) -> None:
    if payoff.classes and (targets.ndim != 1 or targets.dtype.kind not in "iu"):
        kind = f"{targets.dtype} of shape {targets.shape}"
        raise NeuroNetError(f"{name}.targets must be an integer for each sample, as its payoff wants classes, got {kind}")
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
        NeuroNetError: Shapes do not fit, something is not a finite number, or classes are no integers from 0.
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

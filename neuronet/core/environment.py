"""The contract of an environment: the source of inputs, targets and payoffs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.errors import DataError
from neuronet.core.payoff import CrossEntropy, Payoff
from neuronet.core.random_streams import Purpose, generator

SCALING_CHUNK = 1024
"""Number of samples summed at a time."""

VALIDATION_FOLDS = 6
"""Number of folds, one of which is for validation."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Affine scaling of raw inputs: `(x - shift) * factor`, with two numbers for each input.

    It uses plain operators alone, so that it works for arrays of any library, if inputs and scaling are of the same library.

    Attributes:
        shift: (I,) floating point, in units of the raw inputs.
        factor: (I,) floating point; 0 for a constant input.
    """

    shift: Array
    factor: Array

    def apply(self, raw: Array) -> Array:
        """Return the scaled inputs, (..., I), in the floating-point type of the scaling.

        Args:
            raw: (..., I), raw inputs such as bytes.
        """
        return (raw - self.shift) * self.factor

    @classmethod
    def standardising(cls, raw: NDArray[np.uint8]) -> Scaling:
        """Return the scaling in float32 that gives each input of these samples mean 0 and standard deviation 1.

        The divisor of an input is at least the root of the mean variance of all inputs. A pixel that is almost always 0
        therefore does not reach hundreds of deviations. An input that is constant in these samples gets the factor 0. Sums are
        taken in integers, in chunks, so that they are exact and need little memory.

        Args:
            raw: (N, I) bytes, of the training samples alone.
        """
        total, squares = (np.zeros(raw.shape[1], dtype=np.int64) for _ in range(2))
        for start in range(0, len(raw), SCALING_CHUNK):
            chunk = raw[start : start + SCALING_CHUNK].astype(np.int64)
            total += chunk.sum(axis=0)
            squares += np.einsum("ni,ni->i", chunk, chunk)
        count = len(raw)
        variance = (count * squares - total**2).astype(np.float64) / count**2
        deviation = np.sqrt(np.maximum(variance, variance.mean()))
        factor = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=variance > 0)
        return cls((total / count).astype(np.float32), factor.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs with their targets.

    Images stay bytes, with a scaling that is applied to each batch: a quarter of the memory of float32. Read inputs through `at`
    or `scaled`, because `inputs` may be raw.

    Attributes:
        inputs: (N, I), floating point; or, with a scaling, raw numbers such as bytes (uint8).
        targets: (N,) integers for classes, or (N, O) values.
        scaling: Scaling of raw inputs; None if they need none.
    """

    inputs: Array
    targets: Array
    scaling: Scaling | None = None

    def __len__(self) -> int:
        return int(self.inputs.shape[0])

    def at(self, indices: Array) -> Samples:
        """Return the scaled samples at these indices; indices (..., B) give floating-point inputs (..., B, I)."""
        inputs = self.inputs[indices]
        return Samples(inputs if self.scaling is None else self.scaling.apply(inputs), self.targets[indices])

    def scaled(self) -> Samples:
        """Return all samples scaled; the same object if there is no scaling."""
        return self if self.scaling is None else Samples(self.scaling.apply(self.inputs), self.targets)


class Environment(ABC):
    """Source of inputs for the first layer and of payoffs for the last.

    A subclass implements `train` and `test`, which must be the same at every call, and the number of outputs. If its inputs are
    images, it may give their shape.
    """

    payoff: Payoff = CrossEntropy()

    @property
    @abstractmethod
    def train(self) -> Samples:
        """Training samples, as numpy arrays."""

    @property
    @abstractmethod
    def test(self) -> Samples:
        """Test samples, as numpy arrays."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Number of output neurons: classes, or values."""

    @property
    @final
    def inputs(self) -> int:
        """Number of input neurons."""
        return int(self.train.inputs.shape[1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (height, width) or (channels, height, width) of an image, otherwise (I,)."""
        return (self.inputs,)

    @final
    def validation_split(self) -> Environment:
        """Return an environment for choosing parameters: a fixed sixth of `train` replaces `test`, which is not used."""
        return ValidationSplit(self)


@final
class ValidationSplit(Environment):
    """Validation split: training on five sixths of an environment's training samples, evaluation on the other sixth.

    The split depends on the targets alone, not on a run's seed. Every class has the same share of both parts, up to one sample.
    Inputs are scaled as in the environment itself, so that parameters chosen here see the same numbers there.

    Args:
        environment: The environment to split.

    Raises:
        DataError: It has fewer than 6 training samples.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.payoff = environment.payoff

    @cached_property
    def _validation_mask(self) -> NDArray[np.bool_]:
        samples = self.environment.train
        if len(samples) < VALIDATION_FOLDS:
            raise DataError(f"a validation split needs {VALIDATION_FOLDS} or more training samples, got {len(samples)}")
        order = generator(0, Purpose.DATA, VALIDATION_FOLDS).permutation(len(samples))
        if self.payoff.classes:
            order = order[np.argsort(samples.targets[order], kind="stable")]
        mask = np.zeros(len(samples), dtype=np.bool_)
        mask[order[VALIDATION_FOLDS - 1 :: VALIDATION_FOLDS]] = True  # every sixth sample of each class
        return mask

    def _subset(self, mask: NDArray[np.bool_]) -> Samples:
        samples = self.environment.train
        return Samples(samples.inputs[mask], samples.targets[mask], samples.scaling)

    @cached_property
    def train(self) -> Samples:
        """Five sixths of the environment's training samples, in their order."""
        return self._subset(~self._validation_mask)

    @cached_property
    def test(self) -> Samples:
        """The other sixth of the training samples."""
        return self._subset(self._validation_mask)

    @property
    def outputs(self) -> int:
        """Number of output neurons."""
        return self.environment.outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.environment.shape

"""The contract of an environment: the source of inputs, targets and payoffs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.data.encoding import Encoding, Scaling
from neuronet.core.errors import DataError
from neuronet.core.payoff import CrossEntropy, Payoff
from neuronet.core.random_streams import Purpose, generator

VALIDATION_FOLDS = 6
"""Number of folds, one of which is for validation."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs with their targets.

    Images stay bytes, with a scaling that is applied to each batch: a quarter of the memory of float32. Read inputs through `at`
    or `scaled`, because `inputs` may be raw.

    Attributes:
        inputs: (N, I), floating point; or, with a scaling, raw numbers such as bytes from 0 to 255 (uint8), which must not be
            scaled a second time by hand.
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

    notes: Sequence[str] = ()
    """Lines about the samples that a reader should know, such as how many were left out."""

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

    @property
    def encoding(self) -> Encoding:
        """How raw inputs become the network's inputs, and its outputs predictions.

        By default inputs are scaled as the training samples are, and classes are the integers from 0.
        """
        classes = np.arange(self.outputs) if self.payoff.classes else None
        return Encoding(self.inputs, self.train.scaling, classes=classes)

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
        self.payoff, self.notes = environment.payoff, environment.notes

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

    @property
    def encoding(self) -> Encoding:
        """Encoding of the environment itself."""
        return self.environment.encoding

"""Payoffs: the loss of the outputs and the feedback of the output neurons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import check_number, find_name, unknown_name_error


class Payoff(ABC):
    """Loss for each sample, with minus its gradient as the feedback of the output neurons.

    Shapes: outputs (..., B, O); targets (..., B) integers for classes, (..., B, O) for values.

    Attributes:
        classes: Whether targets are classes, integers from 0 to O - 1; otherwise they are O values for each sample.
        unit: Unit of the loss.
    """

    classes: ClassVar[bool] = False
    unit: ClassVar[str] = "loss"

    @abstractmethod
    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the loss of each sample, (..., B)."""

    @abstractmethod
    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return minus the derivative of each sample's loss by the outputs, (..., B, O); not divided by B."""

    @abstractmethod
    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array | None:
        """Return which samples are classified correctly, (..., B); None where targets are values."""


@dataclass(frozen=True)
class CrossEntropy(Payoff):
    """Softmax cross-entropy, in nats: outputs are logits and targets are classes 0 to O - 1."""

    classes = True
    unit = "nats"

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `log sum exp(z) - z_target`, (..., B)."""
        shifted = outputs - xp.max(outputs, axis=-1, keepdims=True)
        chosen = xp.sum(_onehot(xp, outputs, targets) * shifted, axis=-1)
        return xp.log(xp.sum(xp.exp(shifted), axis=-1)) - chosen

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `onehot(target) - softmax(z)`, (..., B, O).

        The target's entry is the sum of the other probabilities, which has all digits where the target's probability is almost 1.
        """
        probabilities = xp.exp(outputs - xp.max(outputs, axis=-1, keepdims=True))
        probabilities = probabilities / xp.sum(probabilities, axis=-1, keepdims=True)
        target = _onehot(xp, outputs, targets)
        others = probabilities * (1.0 - target)
        return target * xp.sum(others, axis=-1, keepdims=True) - others

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return True where the largest output is the target's, (..., B)."""
        return xp.argmax(outputs, axis=-1) == targets


@dataclass(frozen=True)
class BalancedCrossEntropy(Payoff):
    """Softmax cross-entropy, in nats, times the weight of the target's class: every class counts as much as any other.

    Attributes:
        weights: Weight of each class (O,), above 0; () where all are 1.

    Raises:
        ConfigurationError: A weight is not a finite number above 0.
    """

    classes = True
    unit = "nats"

    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for weight in self.weights:
            check_number("the weight of a class", weight, 0, above=True)

    @classmethod
    def of(cls, classes: NDArray[np.int64], outputs: int) -> BalancedCrossEntropy:
        """Return the payoff with the weights that balance some samples: N / (O n) for a class with n of N samples.

        Args:
            classes: (N,), the class of each training sample, 0 to O - 1; each must occur.
            outputs: Number of classes, O.
        """
        from sklearn.utils.class_weight import compute_class_weight

        return cls(tuple(compute_class_weight("balanced", classes=np.arange(outputs), y=classes).tolist()))

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `weight (log sum exp(z) - z_target)`, (..., B)."""
        return CrossEntropy().loss(xp, outputs, targets) * self._weight_of(xp, outputs, targets)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `weight (onehot(target) - softmax(z))`, (..., B, O)."""
        return CrossEntropy().feedback(xp, outputs, targets) * self._weight_of(xp, outputs, targets)[..., None]

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return True where the largest output is the target's, (..., B)."""
        return CrossEntropy().correct(xp, outputs, targets)

    def _weight_of(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the weight of each sample, (..., B)."""
        weights = xp.asarray(list(self.weights) or [1.0] * outputs.shape[-1], dtype=outputs.dtype, device=outputs.device)
        return xp.sum(_onehot(xp, outputs, targets) * weights, axis=-1)


@dataclass(frozen=True)
class SquaredError(Payoff):
    """Half the squared distance between outputs and targets, summed over the outputs."""

    unit = "squared error"

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `sum (target - z)^2 / 2`, (..., B)."""
        return 0.5 * xp.sum((targets - outputs) ** 2, axis=-1)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return `target - z`, (..., B, O)."""
        return targets - outputs

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> None:
        """Return None: accuracy is not defined for values."""
        return


def _onehot(xp: Namespace, outputs: Array, targets: Array) -> Array:
    classes = xp.arange(outputs.shape[-1], dtype=targets.dtype, device=outputs.device)
    return xp.astype(targets[..., None] == classes, outputs.dtype)


PAYOFFS: dict[str, type[Payoff]] = {
    "cross-entropy": CrossEntropy,
    "balanced-cross-entropy": BalancedCrossEntropy,
    "squared-error": SquaredError,
}
"""All payoffs by name."""


def parse_payoff(name: str) -> Payoff:
    """Return the payoff with a given name.

    Raises:
        SpecError: The name is unknown.
    """
    known = find_name(name, PAYOFFS)
    if known is None:
        raise unknown_name_error("payoff", name, PAYOFFS)
    return PAYOFFS[known]()

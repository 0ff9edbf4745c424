"""Payoffs: what the outputs are worth, and how the output neurons should want to move."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import unknown_name_error


class Payoff(ABC):
    """Turns outputs and targets into a loss for each sample, and into the output neurons' feedback.

    Shapes: outputs (..., B, O); targets (..., B) integers for classes, (..., B, O) for values.

    Attributes:
        classes: Whether targets are classes, integers from 0 to O - 1; if not, they are O values for each sample.
        unit: What the loss is counted in.
    """

    classes: ClassVar[bool] = False
    unit: ClassVar[str] = "loss"

    @abstractmethod
    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """The loss of each sample, (..., B)."""

    @abstractmethod
    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Minus the derivative of each sample's loss by the outputs, (..., B, O); not divided by B."""

    @abstractmethod
    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array | None:
        """Which samples are classified rightly, (..., B); None where targets are values."""


@dataclass(frozen=True)
class CrossEntropy(Payoff):
    """Softmax cross-entropy, in nats: outputs are logits and targets are classes 0 to O - 1."""

    classes = True
    unit = "nats"

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`log sum exp(z) - z_target`."""
        shifted = outputs - xp.max(outputs, axis=-1, keepdims=True)
        chosen = xp.sum(_onehot(xp, outputs, targets) * shifted, axis=-1)
        return xp.log(xp.sum(xp.exp(shifted), axis=-1)) - chosen

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`onehot(target) - softmax(z)`."""
        exps = xp.exp(outputs - xp.max(outputs, axis=-1, keepdims=True))
        return _onehot(xp, outputs, targets) - exps / xp.sum(exps, axis=-1, keepdims=True)

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Whether the largest output is the target's."""
        return xp.argmax(outputs, axis=-1) == targets


@dataclass(frozen=True)
class SquaredError(Payoff):
    """Half the squared distance between outputs and targets, summed over the outputs."""

    unit = "squared error"

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`sum (target - z)^2 / 2`."""
        return 0.5 * xp.sum((targets - outputs) ** 2, axis=-1)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`target - z`."""
        return targets - outputs

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> None:
        """None: values are not right or wrong."""
        return


def _onehot(xp: Namespace, outputs: Array, targets: Array) -> Array:
    classes = xp.arange(outputs.shape[-1], dtype=targets.dtype, device=outputs.device)
    return xp.astype(targets[..., None] == classes, outputs.dtype)


PAYOFFS: dict[str, type[Payoff]] = {"cross-entropy": CrossEntropy, "squared-error": SquaredError}
"""Every payoff by its name."""


def parse_payoff(name: str) -> Payoff:
    """The payoff of that name.

    Raises:
        NeuroNetError: There is none.
    """
    try:
        return PAYOFFS[name]()
    except KeyError:
        raise unknown_name_error("payoff", name, PAYOFFS) from None

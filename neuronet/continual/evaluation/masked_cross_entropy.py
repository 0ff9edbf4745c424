"""A payoff for a head of which only some outputs may answer."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace
from neuronet.core.payoff import CrossEntropy

MASKED_VALUE = -1e30
"""What an output that may not answer is taken to say: its exponential is exactly 0, and single precision still holds it."""


@dataclass(frozen=True, eq=False)
class MaskedCrossEntropy(CrossEntropy):
    """Softmax cross-entropy among the classes that may answer; the others neither win nor learn.

    Attributes:
        active_classes: (..., B or 1, O), whether an output may answer; the target's must.
    """

    active_classes: Array

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`log sum exp(z) - z_target`, the sum over the open classes."""
        return super().loss(xp, self.masked_outputs(xp, outputs), targets)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """`onehot(target) - softmax(z)` among the open classes, 0 for the others."""
        return super().feedback(xp, self.masked_outputs(xp, outputs), targets)

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Whether the target's is the largest of the open outputs; never where an output is no number."""
        return (xp.argmax(self.masked_outputs(xp, outputs), axis=-1) == targets) & xp.all(xp.isfinite(outputs), axis=-1)

    def masked_outputs(self, xp: Namespace, outputs: Array) -> Array:
        """The outputs, with those that may not answer put where nobody hears them."""
        return xp.where(self.active_classes, outputs, xp.asarray(MASKED_VALUE, dtype=outputs.dtype, device=outputs.device))

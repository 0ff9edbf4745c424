"""Cross-entropy payoff for outputs of which only some are active."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, CrossEntropy, Namespace

MASKED_VALUE = -1e30
"""Value that replaces inactive outputs: its exponential is exactly 0, and single precision can hold it."""


@dataclass(frozen=True, eq=False)
class MaskedCrossEntropy(CrossEntropy):
    """Softmax cross-entropy among the active classes; inactive outputs have probability 0 and get no feedback.

    Attributes:
        active_classes: (..., B or 1, O), whether an output is active; the target's must be.
    """

    active_classes: Array

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the loss `log sum exp(z) - z_target`, summed over the active classes."""
        return super().loss(xp, self.masked_outputs(xp, outputs), targets)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the feedback `onehot(target) - softmax(z)` among the active classes, 0 for the others."""
        return super().feedback(xp, self.masked_outputs(xp, outputs), targets)

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return whether the target's output is the largest active one; False where an output is not finite."""
        return (xp.argmax(self.masked_outputs(xp, outputs), axis=-1) == targets) & xp.all(xp.isfinite(outputs), axis=-1)

    def masked_outputs(self, xp: Namespace, outputs: Array) -> Array:
        """Return the outputs with the inactive ones at MASKED_VALUE."""
        return xp.where(self.active_classes, outputs, xp.asarray(MASKED_VALUE, dtype=outputs.dtype, device=outputs.device))

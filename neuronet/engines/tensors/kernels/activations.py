"""Activations for which torch has fused operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


def _unchecked(operation: Any) -> Any:
    """Return the operation without torch's argument check, which costs more than a small operation takes."""
    return getattr(operation, "_op", operation)


_relu_backward = _unchecked(torch.ops.aten.threshold_backward.grad_input)
_tanh_backward = _unchecked(torch.ops.aten.tanh_backward.grad_input)


class FusedActivation(NamedTuple):
    """An activation as operations that write into a buffer.

    Attributes:
        value: Writes the activity: `value(potential, out)`.
        backward: Writes feedback times slope, and returns it: `backward(feedback, activity, out)`.
    """

    value: Callable[[Tensor, Tensor], Any]
    backward: Callable[[Tensor, Tensor, Tensor], Any]


FUSED_ACTIVATIONS: dict[str, FusedActivation] = {
    "relu": FusedActivation(
        lambda potential, out: torch.clamp_min(potential, 0, out=out),
        lambda feedback, activity, out: _relu_backward(feedback, activity, 0, grad_input=out),
    ),
    "tanh": FusedActivation(
        lambda potential, out: torch.tanh(potential, out=out),
        lambda feedback, activity, out: _tanh_backward(feedback, activity, grad_input=out),
    ),
}
"""Fused activations by name."""

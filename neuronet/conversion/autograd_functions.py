"""The ordinary forward pass of a layer, with the policies' feedback for the gradient of its input.

The gradients of weight and bias are torch's own: a listener responds plainly. Neither function can be differentiated twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from neuronet.conversion.connectivity import Connectivity

InputGradient = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Gives the gradient of the input from the gradient of the output, the input, and the gradient of the weight."""


class LinearFeedbackFunction(Function):
    """For policies whose feedback weights are known when the layer speaks; `feedback_weights` is shaped as the weight."""

    @staticmethod
    def forward(
        ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, feedback_weights: Tensor, connectivity: Connectivity
    ) -> Tensor:
        """The layer's ordinary output."""
        ctx.connectivity = connectivity
        ctx.save_for_backward(heard, weight, feedback_weights)
        return connectivity.output(heard, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By `feedback_weights` to the input, plainly to the parameters."""
        heard, weight, feedback_weights = ctx.saved_tensors
        to_input = ctx.connectivity.to_input(gradient, feedback_weights, heard) if ctx.needs_input_grad[0] else None
        return to_input, *ctx.connectivity.to_parameters(gradient, heard, weight, wanted=ctx.needs_input_grad[1:3]), None, None


class FeedbackFunction(Function):
    """For policies that decide when they hear the demands."""

    @staticmethod
    def forward(
        ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, input_gradient: InputGradient, connectivity: Connectivity
    ) -> Tensor:
        """The layer's ordinary output."""
        ctx.connectivity, ctx.input_gradient = connectivity, input_gradient
        ctx.save_for_backward(heard, weight)
        return connectivity.output(heard, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By decision to the input, plainly to the parameters."""
        heard, weight = ctx.saved_tensors
        asked, weights, bias = ctx.needs_input_grad[:3]
        to_weight, to_bias = ctx.connectivity.to_parameters(gradient, heard, weight, wanted=(True, bias))
        to_input = ctx.input_gradient(gradient, heard, to_weight) if asked else None
        return to_input, to_weight if weights else None, to_bias, None, None

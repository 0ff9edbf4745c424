"""The ordinary forward pass of a layer, with the policies' feedback for the gradient of its input.

The gradients of weight and bias are torch's own: a listener responds plainly. Neither function can be differentiated twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from neuronet.conversion.connectivity import Link

Decision = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Gives the gradient of the input from the gradient of the output, the input, and the gradient of the weight."""


class Weighed(Function):
    """For policies whose weighing is known when the layer speaks; `weighing` is shaped as the weight."""

    @staticmethod
    def forward(ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, weighing: Tensor, link: Link) -> Tensor:
        """The layer's ordinary output."""
        ctx.link = link
        ctx.save_for_backward(heard, weight, weighing)
        return link.output(heard, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By `weighing` to the input, plainly to the parameters."""
        heard, weight, weighing = ctx.saved_tensors
        to_input = ctx.link.to_input(gradient, weighing, heard) if ctx.needs_input_grad[0] else None
        return to_input, *ctx.link.to_parameters(gradient, heard, weight, wanted=ctx.needs_input_grad[1:3]), None, None


class Decided(Function):
    """For policies that decide when they hear the demands."""

    @staticmethod
    def forward(ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, decide: Decision, link: Link) -> Tensor:
        """The layer's ordinary output."""
        ctx.link, ctx.decide = link, decide
        ctx.save_for_backward(heard, weight)
        return link.output(heard, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By decision to the input, plainly to the parameters."""
        heard, weight = ctx.saved_tensors
        asked, weights, bias = ctx.needs_input_grad[:3]
        to_weight, to_bias = ctx.link.to_parameters(gradient, heard, weight, wanted=(True, bias))
        to_input = ctx.decide(gradient, heard, to_weight) if asked else None
        return to_input, to_weight if weights else None, to_bias, None, None

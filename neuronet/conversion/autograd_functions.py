"""Autograd functions with the usual forward pass, and the policies' feedback as the gradient of the input.

The gradients of weight and bias are torch's own, times the policies' factors if they have any: otherwise listeners respond by
default. Neither function can be differentiated twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch.autograd import Function

from neuronet.conversion.connectivity import Connectivity
from neuronet.core import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])

InputGradient = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Function of the output's gradient, the input and the weight's gradient, None if not read, that returns the input's gradient."""


class ScaledGradients(NamedTuple):
    """Gradients that are multiplied by the factors of the listeners' policy.

    Attributes:
        demand: Gradient of the output, as the speakers hear it.
        response: Gradient of the weight, as the speakers see it.
        to_weight: Gradient of the weight, by which it changes.
        to_bias: Gradient of the bias, by which it changes; None without a bias.
    """

    demand: Tensor
    response: Tensor
    to_weight: Tensor
    to_bias: Tensor | None


def first_order(backward: F) -> F:
    """Return a backward pass that raises an error when its result is to be differentiated, which would not be the feedback's."""

    @wraps(backward)
    def checked(ctx: Any, *gradients: Tensor) -> Any:
        if torch.is_grad_enabled():
            raise ConfigurationError(
                "feedback has no gradient: leave out create_graph=True and second derivatives, or use neuronet.revert(module)"
            )
        return backward(ctx, *gradients)

    return cast(F, checked)


Scaler = Callable[[Tensor, Tensor, Tensor | None], ScaledGradients]
"""Function of the gradients of the output, the weight and the bias that returns them times the policies' factors."""


class LinearFeedbackFunction(Function):
    """Autograd function with constant feedback weights, shaped as the layer's weight, in place of the weight."""

    @staticmethod
    def forward(
        ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, feedback_weights: Tensor, connectivity: Connectivity
    ) -> Tensor:
        """Return the layer's usual output."""
        ctx.connectivity = connectivity
        ctx.save_for_backward(heard if ctx.needs_input_grad[1] else shape_only(heard), weight, feedback_weights)
        return connectivity.output(heard, weight, bias)

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the input's gradient by `feedback_weights`, and the usual gradients of the parameters."""
        heard, weight, feedback_weights = ctx.saved_tensors
        to_input = ctx.connectivity.to_input(gradient, feedback_weights, heard) if ctx.needs_input_grad[0] else None
        return to_input, *ctx.connectivity.to_parameters(gradient, heard, weight, wanted=ctx.needs_input_grad[1:3]), None, None


class PolicyFeedback(NamedTuple):
    """Feedback of a layer in one round.

    Attributes:
        input_gradient: Gradient of the input.
        scaler: Factors of the gradients; None for no factors.
        reads_input: Whether the policies read the input, or the response, which follows from it.
        reads_response: Whether the policies read the response.
    """

    input_gradient: InputGradient
    scaler: Scaler | None
    reads_input: bool
    reads_response: bool


class FeedbackFunction(Function):
    """Autograd function for policies whose feedback depends on the demands."""

    @staticmethod
    def forward(
        ctx: Any, heard: Tensor, weight: Tensor, bias: Tensor | None, feedback: PolicyFeedback, connectivity: Connectivity
    ) -> Tensor:
        """Return the layer's usual output."""
        ctx.connectivity, ctx.feedback = connectivity, feedback
        needs_input, needs_weight, _ = ctx.needs_input_grad[:3]
        is_read = needs_weight or feedback.scaler is not None or (needs_input and feedback.reads_input)
        ctx.save_for_backward(heard if is_read else shape_only(heard), weight)
        return connectivity.output(heard, weight, bias)

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the input's gradient by the policies, and the usual gradients of the parameters."""
        heard, weight = ctx.saved_tensors
        feedback: PolicyFeedback = ctx.feedback
        needs_input, needs_weight, needs_bias = ctx.needs_input_grad[:3]
        is_read = feedback.scaler is not None or (needs_input and feedback.reads_response)
        to_weight, to_bias = ctx.connectivity.to_parameters(gradient, heard, weight, wanted=(needs_weight or is_read, needs_bias))
        demand, response = gradient, to_weight
        if feedback.scaler is not None:
            demand, response, to_weight, to_bias = feedback.scaler(gradient, to_weight, to_bias)
        to_input = feedback.input_gradient(demand, heard, response) if needs_input else None
        return to_input, to_weight if needs_weight else None, to_bias, None, None


def shape_only(tensor: Tensor) -> Tensor:
    """Return a tensor of the same shape and type that holds no values, in place of one whose values are not read."""
    return tensor.new_empty(()).expand(tensor.shape)

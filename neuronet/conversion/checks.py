"""Checks of what torch hands to a converted layer: its parameters, its input, and the transformations around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.autograd import forward_ad

from neuronet.core import ConfigurationError

FLOATING_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Types in which torch can compute."""


def check_weight(weight: object, shape: tuple[int, ...], name: str) -> None:
    """Check that the weight of a layer can be read as attention.

    Args:
        weight: The weight.
        shape: What it should be, by the numbers that the layer was made with.
        name: Name of the layer, for messages.

    Raises:
        ConfigurationError: It is no dense tensor of real numbers in a type that torch computes in, or has another shape.
    """
    if not isinstance(weight, Tensor):
        raise ConfigurationError(f"layer '{name}' must have a tensor as its weight, got {type(weight).__name__}")
    if weight.is_complex():
        raise ConfigurationError(f"layer '{name}' has complex parameters: activity must be real")
    if weight.layout is not torch.strided:
        raise ConfigurationError(f"layer '{name}' has a weight of {weight.layout}: give it a dense one, as to_dense() returns")
    if weight.dtype not in FLOATING_TYPES:
        known = ", ".join(str(kind).removeprefix("torch.") for kind in FLOATING_TYPES)
        raise ConfigurationError(f"layer '{name}' has a weight of {weight.dtype}: policies need one of {known}")
    if tuple(weight.shape) != shape:
        raise ConfigurationError(f"layer '{name}' must have a weight of shape {shape}, got {tuple(weight.shape)}")


def check_activity(heard: Tensor, weight: Tensor, name: str) -> None:
    """Check that a layer's input is a dense tensor of real numbers, and so is its weight.

    Raises:
        ConfigurationError: It is not.
    """
    if heard.is_nested:
        raise ConfigurationError(f"layer '{name}' takes a padded tensor, got a nested one")
    if heard.layout is not torch.strided:
        raise ConfigurationError(f"layer '{name}' takes a dense tensor, got one of {heard.layout}: use input.to_dense()")
    if heard.is_complex() or weight.is_complex():
        raise ConfigurationError(f"layer '{name}' has complex activity or parameters: activity must be real")


def check_is_not_transformed(heard: Tensor, name: str) -> None:
    """Check that torch.func does not transform a layer, nor forward-mode differentiation: the feedback would be lost.

    Raises:
        ConfigurationError: One of them does.
    """
    if torch._C._are_functorch_transforms_active():
        hint = "use autograd, or torch.no_grad() for the outputs alone"
        raise ConfigurationError(f"layer '{name}' cannot be transformed by torch.func: {hint}")
    if forward_ad.unpack_dual(heard).tangent is not None:  # type: ignore[no-untyped-call]
        hint = "use backward(), or neuronet.revert(module)"
        raise ConfigurationError(f"layer '{name}' has no derivative in forward mode, where no feedback is computed: {hint}")


@contextmanager
def batch_errors(gradient: Tensor, name: str) -> Iterator[None]:
    """Say what a layer cannot do where torch maps its backward pass over several gradients at once.

    Raises:
        ConfigurationError: A policy uses an operation that torch cannot map.
    """
    try:
        yield
    except RuntimeError as error:
        mapped = torch._C._functorch
        if not (mapped.is_batchedtensor(gradient) or mapped.is_legacy_batchedtensor(gradient)):
            raise
        hint = "leave out vectorize=True and is_grads_batched=True"
        raise ConfigurationError(f"layer '{name}' cannot answer several gradients at once: {hint}") from error

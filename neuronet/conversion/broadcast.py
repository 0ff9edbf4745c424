"""Broadcast of the outputs' demands to the layers of a converted module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from neuronet.conversion.checks import batch_errors
from neuronet.conversion.rounds import in_backward
from neuronet.core import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])
_without_compiler = cast(Callable[[F], F], torch.compiler.disable)  # a hook of a tensor is ordinary Python


class Broadcast:
    """Gradient of a module's outputs, which is known before that of any layer; a forward hook of the module.

    Args:
        outputs: Number of output neurons: length of the last axis of what the module returns.

    Attributes:
        outputs: As above.
    """

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs
        self._gradient: Tensor | None = None

    @_without_compiler
    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """Ask for the gradient of what the module has returned.

        Raises:
            ConfigurationError: It is not a tensor with one value for each output.
        """
        if not torch.is_grad_enabled():
            return
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        if not isinstance(output, Tensor) or output.dim() < 1 or output.shape[-1] != self.outputs:
            raise ConfigurationError(
                f"the module must return a tensor of shape (..., {self.outputs}), as outputs says, got {shape}"
            )
        if not in_backward():
            self._gradient = None
        if output.requires_grad:
            cast(Any, output).register_hook(self._keep)  # torch has no types for it

    def _keep(self, gradient: Tensor) -> None:
        with batch_errors(gradient, "outputs"):
            self._gradient = gradient.detach()

    def gradient(self, layer: str) -> Tensor:
        """Return the gradient of the outputs in this backward pass.

        Args:
            layer: Name of the layer that asks, for messages.

        Raises:
            ConfigurationError: The loss was not computed from what the converted module returned.
        """
        if self._gradient is None:
            raise ConfigurationError(
                f"layer '{layer}' hears no outputs: the loss must come from what the converted module returns"
            )
        return self._gradient

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: not the gradient."""
        return {"outputs": self.outputs, "_gradient": None}

    @staticmethod
    def remove_from(module: nn.Module) -> None:
        """Remove such hooks from a module."""
        for key in [key for key, hook in module._forward_hooks.items() if isinstance(hook, Broadcast)]:
            del module._forward_hooks[key]

"""Torch layers whose inputs are neurons that follow policies.

Each is a subclass of the usual layer, with its parameters and its forward pass, and with buffers for its policies' memory.
`convert` and `revert` change the class of an existing layer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import torch
from torch import Tensor, nn

from neuronet.conversion.autograd_functions import FeedbackFunction, LinearFeedbackFunction, PolicyFeedback, ScaledGradients
from neuronet.conversion.checks import batch_errors, check_activity, check_is_not_transformed, check_weight
from neuronet.conversion.connectivity import Connectivity, ConvolutionConnectivity, LinearConnectivity
from neuronet.conversion.layer_policy import LayerPolicy
from neuronet.conversion.rounds import Round
from neuronet.core import ConfigurationError, plug_in_errors

MEMORY = "neuronet_memory"
"""Prefix of the buffers with the policies' memory."""

INFERENCE = "for inference trace or export it under torch.no_grad(), or use neuronet.revert(module)"
"""Advice where torch takes a module as a graph."""

F = TypeVar("F", bound=Callable[..., Any])
_without_compiler = cast(Callable[[F], F], torch.compiler.disable)  # policies are ordinary Python


class PolicyLayer(nn.Module):
    """Base class of converted layers; it comes before the usual layer in their bases."""

    layer_policy: LayerPolicy

    def forward(self, input: Tensor) -> Tensor:
        """Return the usual output; the gradient of its input is the policies' feedback.

        Raises:
            ConfigurationError: The operations are being captured without the feedback, or the input is no ordinary tensor.
        """
        if not isinstance(cast(Any, input), Tensor):
            name, kind = self.layer_policy.name, type(input).__name__
            raise ConfigurationError(f"layer '{name}' takes a tensor, got {kind}: for torch.fx use neuronet.revert(module)")
        if torch.is_grad_enabled() and (self.layer_policy.has_scales or not self.layer_policy.uses_attention):
            check_is_not_transformed(input, self.layer_policy.name)
            if self.layer_policy.has_scales or input.requires_grad:
                return self._play(input)
        return cast(Tensor, super().forward(input))

    def _play(self, input: Tensor) -> Tensor:
        """Return the output, with the policies' feedback in the backward pass."""
        check_activity(input, cast(Tensor, self.weight), self.layer_policy.name)
        kind = input.device.type
        is_autocast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if is_autocast else None
        heard, weight, bias = (_autocast(tensor, dtype) for tensor in (input, self.weight, self.bias))
        if self.layer_policy.is_forward_only and not self.layer_policy.has_scales:
            feedback_weights = _forward_feedback_weights(self).to(weight.dtype)
            function: Any = LinearFeedbackFunction
            return cast(Tensor, function.apply(heard, weight, bias, feedback_weights, self.layer_policy.connectivity))
        return _with_policy_feedback(self, heard, weight, bias)

    def __prepare_scriptable__(self) -> NoReturn:  # called by torch.jit.script
        raise ConfigurationError(f"layer '{self.layer_policy.name}' cannot be scripted, since policies are Python: {INFERENCE}")

    def extra_repr(self) -> str:
        """Return the usual layer's description, with the policies."""
        policies = ", ".join(repr(group.policy) for group in self.layer_policy.policy_groups)
        return f"{super().extra_repr()}, policy={policies}"


def _check_is_run(layer: Any) -> None:
    """Raise an error where torch takes the operations of a layer as a graph, which would lose the feedback.

    Raises:
        ConfigurationError: They are captured by torch.jit.trace, torch.export or make_fx.
    """
    proxies, jit = sys.modules.get("torch.fx.experimental.proxy_tensor"), cast(Any, torch.jit)
    if jit.is_tracing() or (proxies is not None and proxies.get_proxy_mode() is not None):
        raise ConfigurationError(f"layer '{layer.layer_policy.name}' would be captured without its feedback: {INFERENCE}")


@_without_compiler
def _forward_feedback_weights(layer: Any) -> Tensor:
    _check_is_run(layer)
    with torch.no_grad(), plug_in_errors():
        feedback_weights: Tensor = layer.layer_policy.forward_feedback_weights(layer, layer.weight.detach())
    return feedback_weights


@_without_compiler
def _with_policy_feedback(layer: Any, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    _check_is_run(layer)
    policy, parameters = layer.layer_policy, layer.weight.detach()  # in full precision, whatever autocast does
    round = Round(layer) if policy.uses_randomness else None

    def input_gradient(gradient: Tensor, heard: Tensor, to_weight: Tensor | None) -> Tensor:
        number = 0 if round is None else round.played()
        with batch_errors(gradient, policy.name), plug_in_errors():
            to_input: Tensor = policy.input_gradient(layer, parameters, number, gradient, heard, to_weight)
        return to_input

    def scale(gradient: Tensor, to_weight: Tensor, to_bias: Tensor | None) -> ScaledGradients:
        with batch_errors(gradient, policy.name), plug_in_errors():
            scaled: ScaledGradients = policy.scale(layer, gradient, to_weight, to_bias)
        return scaled

    scaler = scale if policy.has_scales else None
    feedback = PolicyFeedback(input_gradient, scaler, policy.reads_input, "response" in policy.reads)
    function: Any = FeedbackFunction
    return cast(Tensor, function.apply(heard, weight, bias, feedback, policy.connectivity))


def _autocast(tensor: Any, dtype: torch.dtype | None) -> Any:
    """Return the tensor in autocast's precision, unless it is in double precision."""
    if dtype is None or tensor is None or tensor.dtype == torch.float64:
        return tensor
    return tensor.to(dtype)


class PolicyLinear(PolicyLayer, nn.Linear):
    """torch.nn.Linear whose inputs are neurons."""


class _PolicyConvolution(PolicyLayer):
    """Base class of converted convolutions."""

    def _play(self, input: Tensor) -> Tensor:
        connectivity = self.layer_policy.connectivity
        assert isinstance(connectivity, ConvolutionConnectivity)
        is_unbatched = input.dim() == len(connectivity.kernel) + 1
        batch = input.unsqueeze(0) if is_unbatched else input
        if needs_explicit_padding(self):
            layer: Any = self
            mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
            batch = nn.functional.pad(batch, layer._reversed_padding_repeated_twice, mode=mode)
        output = super()._play(batch)
        return output.squeeze(0) if is_unbatched else output


class PolicyConv1d(_PolicyConvolution, nn.Conv1d):
    """torch.nn.Conv1d whose input channels are neurons."""


class PolicyConv2d(_PolicyConvolution, nn.Conv2d):
    """torch.nn.Conv2d whose input channels are neurons."""


class PolicyConv3d(_PolicyConvolution, nn.Conv3d):
    """torch.nn.Conv3d whose input channels are neurons."""


CONVERTED_TYPES: dict[type[nn.Module], type[PolicyLayer]] = {
    nn.Linear: PolicyLinear,
    nn.Conv1d: PolicyConv1d,
    nn.Conv2d: PolicyConv2d,
    nn.Conv3d: PolicyConv3d,
}
"""Types of layers that can be converted, with the converted types; subclasses are not converted."""

ORIGINAL_TYPES = {converted: original for original, converted in CONVERTED_TYPES.items()}


def needs_explicit_padding(layer: Any) -> bool:
    """Return whether a convolution's padding is more than the same number of zeros on both sides, and so a separate step."""
    return bool(layer.padding_mode != "zeros" or layer.padding == "same")


def connectivity_of(layer: nn.Module, name: str) -> Connectivity:
    """Return the connections of a layer.

    Raises:
        ConfigurationError: Its weight is no dense tensor of real numbers, of the shape that the layer says.
    """
    plain: Any = layer
    weight = plain.weight
    if isinstance(layer, nn.Linear):
        check_weight(weight, (layer.out_features, layer.in_features), name)
        return LinearConnectivity(1, layer.out_features, layer.in_features)
    check_weight(weight, (plain.out_channels, plain.in_channels // plain.groups, *plain.kernel_size), name)
    kernel = tuple(weight.shape[2:])
    return ConvolutionConnectivity(
        groups=plain.groups,
        listeners=len(weight) // plain.groups * weight.shape[2:].numel(),
        speakers=weight.shape[1],
        kernel=kernel,
        stride=plain.stride,
        padding=(0,) * len(kernel) if needs_explicit_padding(layer) or plain.padding == "valid" else plain.padding,
        dilation=plain.dilation,
    )

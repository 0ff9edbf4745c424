"""The layers of torch whose inputs are neurons that follow policies.

Each is a subclass of the ordinary layer, with its parameters and its forward pass; what it keeps besides are the buffers of its
policies' memory. Made by `convert` and undone by `revert`, which change the class of a layer that is there.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from neuronet.conversion.autograd_functions import FeedbackFunction, LinearFeedbackFunction
from neuronet.conversion.connectivity import Connectivity, ConvolutionConnectivity, LinearConnectivity
from neuronet.conversion.layer_policy import LayerPolicy
from neuronet.core.errors import NeuroNetError

ROUND = "neuronet_round"
"""The buffer that counts a layer's rounds, where its policies draw random numbers."""

MEMORY = "neuronet_memory"
"""How the names of the buffers begin that hold the policies' memory."""


class PolicyLayer(nn.Module):
    """What the layers of this file have in common. Goes before the ordinary layer in their bases."""

    layer_policy: LayerPolicy

    def forward(self, input: Tensor) -> Tensor:
        """The ordinary output; where a gradient of the input will be asked for, it is the policies' feedback."""
        if self.layer_policy.uses_attention or not (torch.is_grad_enabled() and input.requires_grad):
            return cast(Tensor, super().forward(input))
        return self._play(input)

    def _play(self, input: Tensor) -> Tensor:
        """The output, with the policies' say in what comes back."""
        kind = input.device.type
        casting = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        narrow = torch.get_autocast_dtype(kind) if casting else None
        heard, weight, bias = (_autocast(each, narrow) for each in (input, self.weight, self.bias))
        if self.layer_policy.is_forward_only:
            feedback_weights = _forward_feedback_weights(self).to(weight.dtype)
            return LinearFeedbackFunction.apply(heard, weight, bias, feedback_weights, self.layer_policy.connectivity)  # type: ignore[no-any-return, no-untyped-call]
        return cast(Tensor, _with_policy_feedback(self, heard, weight, bias))

    def extra_repr(self) -> str:
        """As the ordinary layer, with the policies."""
        policies = ", ".join(map(repr, (each.policy for each in self.layer_policy.policy_groups)))
        return f"{super().extra_repr()}, policy={policies}"


@torch.compiler.disable  # type: ignore[untyped-decorator]  # what policies do is ordinary Python
def _forward_feedback_weights(layer: Any) -> Tensor:
    with torch.no_grad():
        feedback_weights: Tensor = layer.layer_policy.forward_feedback_weights(layer, layer.weight.detach())
    return feedback_weights


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _with_policy_feedback(layer: Any, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    number, full = 0, layer.weight.detach()  # in the precision of the parameters
    if layer.layer_policy.uses_randomness:
        count = layer.get_buffer(ROUND)
        number = int(count)
        count += 1

    def input_gradient(gradient: Tensor, heard: Tensor, to_weight: Tensor) -> Tensor:
        answer: Tensor = layer.layer_policy.input_gradient(layer, full, number, gradient, heard, to_weight)
        return answer

    return FeedbackFunction.apply(heard, weight, bias, input_gradient, layer.layer_policy.connectivity)  # type: ignore[no-any-return, no-untyped-call]


def _autocast(tensor: Any, dtype: torch.dtype | None) -> Any:
    """As autocast would have it: in its precision, unless it is in double precision."""
    if dtype is None or tensor is None or tensor.dtype == torch.float64:
        return tensor
    return tensor.to(dtype)


class PolicyLinear(PolicyLayer, nn.Linear):
    """A torch.nn.Linear whose inputs are neurons."""


class _PolicyConvolution(PolicyLayer):
    """What the convolutions have in common."""

    def _play(self, input: Tensor) -> Tensor:
        connectivity = self.layer_policy.connectivity
        assert isinstance(connectivity, ConvolutionConnectivity)
        alone = input.dim() == len(connectivity.kernel) + 1  # one sample, without the axis of the batch
        batch = input.unsqueeze(0) if alone else input
        if needs_explicit_padding(self):
            layer: Any = self
            mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
            batch = nn.functional.pad(batch, layer._reversed_padding_repeated_twice, mode=mode)
        output = super()._play(batch)
        return output.squeeze(0) if alone else output


class PolicyConv1d(_PolicyConvolution, nn.Conv1d):
    """A torch.nn.Conv1d whose input channels are neurons."""


class PolicyConv2d(_PolicyConvolution, nn.Conv2d):
    """A torch.nn.Conv2d whose input channels are neurons."""


class PolicyConv3d(_PolicyConvolution, nn.Conv3d):
    """A torch.nn.Conv3d whose input channels are neurons."""


CONVERTED_TYPES: dict[type[nn.Module], type[PolicyLayer]] = {
    nn.Linear: PolicyLinear,
    nn.Conv1d: PolicyConv1d,
    nn.Conv2d: PolicyConv2d,
    nn.Conv3d: PolicyConv3d,
}
"""The layers that can be converted, and what they become; subclasses of them are not converted."""

ORIGINAL_TYPES = {listening: ordinary for ordinary, listening in CONVERTED_TYPES.items()}


def needs_explicit_padding(layer: Any) -> bool:
    """Whether a convolution's padding is more than the same number of zeros on both sides: then it is done beforehand."""
    return bool(layer.padding_mode != "zeros" or layer.padding == "same")


def connectivity_of(layer: nn.Module, name: str) -> Connectivity:
    """How a layer hears its input.

    Raises:
        NeuroNetError: Its numbers are complex.
    """
    weight = cast(Tensor, layer.weight)
    if weight.is_complex():
        raise NeuroNetError(f"the layer '{name}' computes in complex numbers: neurons speak in real ones")
    if isinstance(layer, nn.Linear):
        return LinearConnectivity(1, layer.out_features, layer.in_features)
    kernel = tuple(weight.shape[2:])
    plain: Any = layer
    return ConvolutionConnectivity(
        groups=plain.groups,
        listeners=len(weight) // plain.groups * weight[0, 0].numel(),
        speakers=weight.shape[1],
        kernel=kernel,
        stride=plain.stride,
        padding=(0,) * len(kernel) if needs_explicit_padding(layer) or plain.padding == "valid" else plain.padding,
        dilation=plain.dilation,
    )

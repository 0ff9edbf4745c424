"""The layers of torch whose inputs are neurons that follow policies.

Each is a subclass of the ordinary layer, with its parameters and its forward pass; what it keeps besides are the buffers of its
policies' memory. Made by `convert` and undone by `revert`, which change the class of a layer that is there.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from neuronet.conversion.autograd_functions import Decided, Weighed
from neuronet.conversion.connectivity import ConvolutionLink, LinearLink, Link
from neuronet.conversion.layer_policy import Conduct
from neuronet.core.errors import NeuroNetError

ROUND = "neuronet_round"
"""The buffer that counts a layer's rounds, where its policies draw random numbers."""

MEMORY = "neuronet_memory"
"""How the names of the buffers begin that hold the policies' memory."""


class Listening(nn.Module):
    """What the layers of this file have in common. Goes before the ordinary layer in their bases."""

    conduct: Conduct

    def forward(self, input: Tensor) -> Tensor:
        """The ordinary output; where a gradient of the input will be asked for, it is the policies' feedback."""
        if self.conduct.plain or not (torch.is_grad_enabled() and input.requires_grad):
            return cast(Tensor, super().forward(input))
        return self._play(input)

    def _play(self, input: Tensor) -> Tensor:
        """The output, with the policies' say in what comes back."""
        kind = input.device.type
        casting = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        narrow = torch.get_autocast_dtype(kind) if casting else None
        heard, weight, bias = (_narrowed(each, narrow) for each in (input, self.weight, self.bias))
        if self.conduct.early:
            weighing = _weighing(self).to(weight.dtype)
            return Weighed.apply(heard, weight, bias, weighing, self.conduct.link)  # type: ignore[no-any-return, no-untyped-call]
        return cast(Tensor, _decided(self, heard, weight, bias))

    def extra_repr(self) -> str:
        """As the ordinary layer, with the policies."""
        policies = ", ".join(map(repr, (each.policy for each in self.conduct.players)))
        return f"{super().extra_repr()}, policy={policies}"


@torch.compiler.disable  # type: ignore[untyped-decorator]  # what policies do is ordinary Python
def _weighing(layer: Any) -> Tensor:
    with torch.no_grad():
        weighing: Tensor = layer.conduct.early_weighing(layer, layer.weight.detach())
    return weighing


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _decided(layer: Any, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    number, full = 0, layer.weight.detach()  # in the precision of the parameters
    if layer.conduct.chancy:
        count = layer.get_buffer(ROUND)
        number = int(count)
        count += 1

    def decide(gradient: Tensor, heard: Tensor, to_weight: Tensor) -> Tensor:
        answer: Tensor = layer.conduct.decide(layer, full, number, gradient, heard, to_weight)
        return answer

    return Decided.apply(heard, weight, bias, decide, layer.conduct.link)  # type: ignore[no-any-return, no-untyped-call]


def _narrowed(tensor: Any, dtype: torch.dtype | None) -> Any:
    """As autocast would have it: in its precision, unless it is in double precision."""
    if dtype is None or tensor is None or tensor.dtype == torch.float64:
        return tensor
    return tensor.to(dtype)


class ListeningLinear(Listening, nn.Linear):
    """A torch.nn.Linear whose inputs are neurons."""


class _ListeningConvolution(Listening):
    """What the convolutions have in common."""

    def _play(self, input: Tensor) -> Tensor:
        link = self.conduct.link
        assert isinstance(link, ConvolutionLink)
        alone = input.dim() == len(link.kernel) + 1  # one sample, without the axis of the batch
        batch = input.unsqueeze(0) if alone else input
        if padded_apart(self):
            layer: Any = self
            mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
            batch = nn.functional.pad(batch, layer._reversed_padding_repeated_twice, mode=mode)
        output = super()._play(batch)
        return output.squeeze(0) if alone else output


class ListeningConv1d(_ListeningConvolution, nn.Conv1d):
    """A torch.nn.Conv1d whose input channels are neurons."""


class ListeningConv2d(_ListeningConvolution, nn.Conv2d):
    """A torch.nn.Conv2d whose input channels are neurons."""


class ListeningConv3d(_ListeningConvolution, nn.Conv3d):
    """A torch.nn.Conv3d whose input channels are neurons."""


LISTENING: dict[type[nn.Module], type[Listening]] = {
    nn.Linear: ListeningLinear,
    nn.Conv1d: ListeningConv1d,
    nn.Conv2d: ListeningConv2d,
    nn.Conv3d: ListeningConv3d,
}
"""The layers that can be converted, and what they become; subclasses of them are not converted."""

ORDINARY = {listening: ordinary for ordinary, listening in LISTENING.items()}


def padded_apart(layer: Any) -> bool:
    """Whether a convolution's padding is more than the same number of zeros on both sides: then it is done beforehand."""
    return bool(layer.padding_mode != "zeros" or layer.padding == "same")


def link_of(layer: nn.Module, name: str) -> Link:
    """How a layer hears its input.

    Raises:
        NeuroNetError: Its numbers are complex.
    """
    weight = cast(Tensor, layer.weight)
    if weight.is_complex():
        raise NeuroNetError(f"the layer '{name}' computes in complex numbers: neurons speak in real ones")
    if isinstance(layer, nn.Linear):
        return LinearLink(1, layer.out_features, layer.in_features)
    kernel = tuple(weight.shape[2:])
    plain: Any = layer
    return ConvolutionLink(
        groups=plain.groups,
        listeners=len(weight) // plain.groups * weight[0, 0].numel(),
        speakers=weight.shape[1],
        kernel=kernel,
        stride=plain.stride,
        padding=(0,) * len(kernel) if padded_apart(layer) or plain.padding == "valid" else plain.padding,
        dilation=plain.dilation,
    )

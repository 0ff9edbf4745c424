"""Connections of a torch layer in the terms of policies: inputs are speakers, outputs are listeners.

Shapes: J speakers, K listeners and N samples. Samples are the rows of a Linear's input, or the pairs (sample, position) of a
convolution's. For a convolution with G > 1 groups, J and K are those of one group, and arrays have a leading axis G.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuronet.conversion.kernel_positions import KernelAxis, by_kernel_position
from neuronet.core import ConfigurationError


@dataclass(frozen=True)
class Connectivity(ABC):
    """Connections between the inputs and the outputs of a layer.

    Attributes:
        groups: G, number of groups with separate speakers and listeners; 1 for full connectivity.
        listeners: K, in each group.
        speakers: J, in each group.
    """

    groups: int
    listeners: int
    speakers: int

    @property
    def lead(self) -> tuple[int, ...]:
        """The leading axis, if there are several groups."""
        return () if self.groups == 1 else (self.groups,)

    @abstractmethod
    def attention(self, weight: Tensor) -> Tensor:
        """Return the layer's weight as attention, (..., K, J)."""

    @abstractmethod
    def weight(self, attention: Tensor) -> Tensor:
        """Return an array shaped as attention, (..., K, J), in the shape of the layer's weight."""

    @abstractmethod
    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the layer's output."""

    @abstractmethod
    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """Return the gradient of the input: the output's gradient, backpropagated by `weight`."""

    @abstractmethod
    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return the gradients of weight and bias, if wanted: minus the listeners' default response."""

    @abstractmethod
    def samples(self, heard: Tensor) -> int:
        """Return N, the number of samples in the input."""

    @abstractmethod
    def activity(self, heard: Tensor) -> Tensor:
        """Return the input as activity, (..., N, J)."""

    @abstractmethod
    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """Return an array shaped as activity, (..., N, J), in the shape of the input."""

    @abstractmethod
    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the output's gradient for each listener and sample, (..., N, K)."""

    @abstractmethod
    def broadcast_axis(self, outputs: int) -> int:
        """Return O, the length of the broadcast's last axis, for a module with this number of outputs."""

    @abstractmethod
    def broadcast(self, output_gradient: Tensor, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the module's outputs' gradient, or a multiple of it, for each sample, (..., N, O).

        Raises:
            ConfigurationError: The outputs' shape does not fit the layer's input.
        """

    @abstractmethod
    def by_output(self, gradient: Tensor) -> Tensor:
        """Return the output's gradient with the axis of the output's neurons last: features, or channels."""

    @abstractmethod
    def per_output(self, factor: Tensor, gradient: Tensor) -> Tensor:
        """Return a factor of each of the output's neurons in a shape that broadcasts against the output's gradient."""


@dataclass(frozen=True)
class LinearConnectivity(Connectivity):
    """Connections of torch.nn.Linear; every row of its input is a sample."""

    def attention(self, weight: Tensor) -> Tensor:
        """Return the weight unchanged."""
        return weight

    def weight(self, attention: Tensor) -> Tensor:
        """Return the attention unchanged."""
        return attention

    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return `heard @ weight.T + bias`."""
        return torch.nn.functional.linear(heard, weight, bias)

    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """Return `gradient @ weight`."""
        return gradient @ weight

    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return `gradient.T @ heard`, and the gradient's sum over the samples."""
        rows = self.demand(gradient, heard)
        to_weight = rows.mT @ self.activity(heard) if wanted[0] else None
        return to_weight, rows.sum(0) if wanted[1] else None

    def samples(self, heard: Tensor) -> int:
        """Return the number of rows."""
        return heard.shape[:-1].numel()

    def activity(self, heard: Tensor) -> Tensor:
        """Return the rows of the input."""
        return heard.reshape(self.samples(heard), self.speakers)

    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """Return the rows in the shape of the input."""
        return activity.reshape(heard.shape)

    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the rows of the gradient."""
        return gradient.reshape(self.samples(heard), self.listeners)

    def broadcast_axis(self, outputs: int) -> int:
        """Return the number of outputs."""
        return outputs

    def broadcast(self, output_gradient: Tensor, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the rows of the outputs' gradient, repeated over the axes of the input that the outputs lack."""
        lead, rows = output_gradient.shape[:-1], heard.shape[:-1]
        if rows[: len(lead)] != lead:
            raise _unfit_outputs(output_gradient, heard)
        repeated = output_gradient.reshape(*lead, *(1 for _ in rows[len(lead) :]), output_gradient.shape[-1])
        return repeated.expand(*rows, -1).reshape(-1, output_gradient.shape[-1])

    def by_output(self, gradient: Tensor) -> Tensor:
        """Return the gradient unchanged."""
        return gradient

    def per_output(self, factor: Tensor, gradient: Tensor) -> Tensor:
        """Return the factor unchanged."""
        return factor


@dataclass(frozen=True)
class ConvolutionConnectivity(Connectivity):
    """Connections of a convolution: input channels speak, and output channels listen, once for each position of the kernel.

    So K = (output channels of a group) times (positions of the kernel), with positions as the fastest index.

    Attributes:
        kernel: Size of the kernel along each axis.
        stride: As for torch's convolutions.
        padding: As for torch's convolutions, in zeros.
        dilation: As for torch's convolutions.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def positions(self) -> int:
        """Number of positions of the kernel."""
        return math.prod(self.kernel)

    def attention(self, weight: Tensor) -> Tensor:
        """Return (G, channels out, J, positions) as (..., K, J)."""
        by_group = weight.reshape(self.groups, -1, self.speakers, self.positions)
        return by_group.transpose(-1, -2).reshape(*self.lead, self.listeners, self.speakers)

    def weight(self, attention: Tensor) -> Tensor:
        """Return (..., K, J) as (channels out of all groups, J, *kernel)."""
        by_channel = attention.reshape(-1, self.positions, self.speakers)
        return by_channel.transpose(-1, -2).reshape(-1, self.speakers, *self.kernel)

    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the convolution."""
        no_padding = (0,) * len(self.kernel)
        return torch.convolution(heard, weight, bias, self.stride, self.padding, self.dilation, False, no_padding, self.groups)

    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """Return the transposed convolution."""
        return self._input_gradient(gradient, heard, weight, self.groups)

    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return the sums over samples and positions."""
        if not any(wanted):
            return None, None
        _, to_weight, to_bias = self._backward(gradient, heard, weight, self.groups, (False, *wanted))
        return to_weight, to_bias

    def samples(self, heard: Tensor) -> int:
        """Return the number of pairs (sample, place)."""
        return len(heard) * heard.shape[2:].numel()

    def activity(self, heard: Tensor) -> Tensor:
        """Return (B, G J, *places) as (..., N, J)."""
        return self._rows(heard, self.speakers)

    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """Return (..., N, J) as (B, G J, *places)."""
        by_group = activity.reshape(self.groups, len(heard), -1, self.speakers)
        return by_group.permute(1, 0, 3, 2).reshape(heard.shape)

    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the gradient of the outputs that see a place through each position of the kernel; 0 where there is no output."""
        shape = zip(self.kernel, self.stride, self.padding, self.dilation, heard.shape[2:], strict=True)
        seen = by_kernel_position(gradient, [KernelAxis(*axis) for axis in shape])
        return seen.reshape(*self.lead, self.listeners, -1).mT

    def broadcast_axis(self, outputs: int) -> int:
        """Return the number of pairs (output, position of the kernel)."""
        return outputs * self.positions

    def broadcast(self, output_gradient: Tensor, gradient: Tensor, heard: Tensor) -> Tensor:
        """Return the gradient as if the outputs were channels of the layer's output, with the same value at every place."""
        if output_gradient.shape[:-1] != heard.shape[:1]:
            raise _unfit_outputs(output_gradient, heard)
        single = replace(self, groups=1, listeners=self.positions)
        reached = single.demand(torch.ones_like(gradient[:1, :1]), heard[:1])  # (places, positions): 0 where there is no output
        batch, outputs = output_gradient.shape
        pairs = output_gradient.new_empty((batch, len(reached), outputs, self.positions))  # so that the rows are a view of it
        torch.mul(output_gradient[:, None, :, None], reached[:, None, :], out=pairs)
        rows = pairs.view(-1, self.broadcast_axis(outputs))
        return rows.expand(*self.lead, *rows.shape)

    def by_output(self, gradient: Tensor) -> Tensor:
        """Return (B, channels, *places) as (B, *places, channels)."""
        return gradient.movedim(1, -1)

    def per_output(self, factor: Tensor, gradient: Tensor) -> Tensor:
        """Return the factors along the axis of the channels."""
        return factor.reshape(-1, *(1 for _ in gradient.shape[2:]))

    def _rows(self, array: Tensor, length: int) -> Tensor:
        by_group = array.reshape(len(array), self.groups, length, -1)
        return by_group.permute(1, 0, 3, 2).reshape(*self.lead, -1, length)

    def _input_gradient(self, gradient: Tensor, heard: Tensor, weight: Tensor, groups: int) -> Tensor:
        to_input, _, _ = self._backward(gradient, heard, weight, groups, (True, False, False))
        assert to_input is not None
        return to_input

    def _backward(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, groups: int, wanted: tuple[bool, bool, bool]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        no_padding, biases = [0] * len(self.kernel), [gradient.shape[1]]
        shape = (list(self.stride), list(self.padding), list(self.dilation), False, no_padding, groups)
        gradients: tuple[Tensor | None, Tensor | None, Tensor | None] = torch.ops.aten.convolution_backward(
            gradient, heard, weight, biases, *shape, list(wanted)
        )
        return gradients


def _unfit_outputs(output_gradient: Tensor, heard: Tensor) -> ConfigurationError:
    found, inputs = tuple(output_gradient.shape), tuple(heard.shape)
    return ConfigurationError(f"outputs of shape {found} cannot be broadcast to a layer's input of shape {inputs}")

"""The connections of a torch layer in the words of policies: the entries of its input speak, its outputs listen.

Shapes: J speakers, K listeners and N samples, which are the rows of a Linear's input, and the places (sample, position) of a
convolution's. Where a convolution has G > 1 groups, J and K are those of one group, and a layer's arrays have a leading axis G.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Connectivity(ABC):
    """How the inputs of a layer are heard by its outputs.

    Attributes:
        groups: G, how many groups of listeners have speakers of their own; 1 for all listening to all.
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
        """The weight of the layer as attention, (..., K, J)."""

    @abstractmethod
    def weight(self, attention: Tensor) -> Tensor:
        """What is shaped as attention, (..., K, J), shaped as the layer's weight."""

    @abstractmethod
    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What the layer makes of its input."""

    @abstractmethod
    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """The gradient of the output, carried back to the input by `weight`."""

    @abstractmethod
    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """The gradients of weight and bias, each if it is wanted: what plain listeners respond, with the opposite sign."""

    @abstractmethod
    def activity(self, heard: Tensor) -> Tensor:
        """The input as what its neurons say, (..., N, J)."""

    @abstractmethod
    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """What is shaped as activity, (..., N, J), shaped as the input."""

    @abstractmethod
    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """The gradient of the output as each listener hears it at each place, (..., N, K)."""


@dataclass(frozen=True)
class LinearConnectivity(Connectivity):
    """The connections of torch.nn.Linear; every row of its input is a sample."""

    def attention(self, weight: Tensor) -> Tensor:
        """The weight itself."""
        return weight

    def weight(self, attention: Tensor) -> Tensor:
        """The attention itself."""
        return attention

    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """`heard @ weight.T + bias`."""
        return torch.nn.functional.linear(heard, weight, bias)

    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """`gradient @ weight`."""
        return gradient @ weight

    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """`gradient.T @ heard`, and the gradient's sum over the samples."""
        rows = gradient.reshape(-1, self.listeners)
        to_weight = rows.mT @ self.activity(heard) if wanted[0] else None
        return to_weight, rows.sum(0) if wanted[1] else None

    def activity(self, heard: Tensor) -> Tensor:
        """The rows."""
        return heard.reshape(-1, self.speakers)

    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """The rows, in the places that they came from."""
        return activity.reshape(heard.shape)

    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """The rows."""
        return gradient.reshape(-1, self.listeners)


@dataclass(frozen=True)
class ConvolutionConnectivity(Connectivity):
    """The connections of a convolution: an input channel speaks, an output channel listens, at each position of the kernel.

    So K = (output channels of a group) times (positions of the kernel), the positions running fastest.

    Attributes:
        kernel: The kernel's size along each axis.
        stride: Of torch's convolutions, likewise.
        padding: Of torch's convolutions, in zeros.
        dilation: Of torch's convolutions.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def positions(self) -> int:
        """How many positions the kernel has."""
        return math.prod(self.kernel)

    def attention(self, weight: Tensor) -> Tensor:
        """(G, channels out, J, positions) to (..., K, J)."""
        apart = weight.reshape(self.groups, -1, self.speakers, self.positions)
        return apart.transpose(-1, -2).reshape(*self.lead, self.listeners, self.speakers)

    def weight(self, attention: Tensor) -> Tensor:
        """(..., K, J) to (channels out of all groups, J, *kernel)."""
        apart = attention.reshape(-1, self.positions, self.speakers)
        return apart.transpose(-1, -2).reshape(-1, self.speakers, *self.kernel)

    def output(self, heard: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution."""
        none = (0,) * len(self.kernel)
        return torch.convolution(heard, weight, bias, self.stride, self.padding, self.dilation, False, none, self.groups)

    def to_input(self, gradient: Tensor, weight: Tensor, heard: Tensor) -> Tensor:
        """The transposed convolution."""
        return self._backward(gradient, heard, weight, self.groups, (True, False, False))[0]  # type: ignore[return-value]

    def to_parameters(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, *, wanted: tuple[bool, bool]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Sums over samples and places."""
        if not any(wanted):
            return None, None
        _, to_weight, to_bias = self._backward(gradient, heard, weight, self.groups, (False, *wanted))
        return to_weight, to_bias

    def activity(self, heard: Tensor) -> Tensor:
        """(B, G J, *places) to (..., N, J)."""
        return self._rows(heard, self.speakers)

    def input(self, activity: Tensor, heard: Tensor) -> Tensor:
        """(..., N, J) to (B, G J, *places)."""
        apart = activity.reshape(self.groups, len(heard), -1, self.speakers)
        return apart.permute(1, 0, 3, 2).reshape(heard.shape)

    def demand(self, gradient: Tensor, heard: Tensor) -> Tensor:
        """What the outputs demand that hear a place through each position of the kernel; 0 where there is no such output."""
        channels, batch = gradient.shape[1], len(heard)
        each = torch.eye(self.positions, dtype=gradient.dtype, device=gradient.device)
        pick = each.reshape(1, self.positions, *self.kernel).repeat(channels, *(1 for _ in heard.shape[1:]))
        places = heard.new_empty(1, dtype=gradient.dtype).expand(batch, channels * self.positions, *heard.shape[2:])
        spread, _, _ = self._backward(gradient, places, pick, channels, (True, False, False))
        assert spread is not None  # it was asked for
        return self._rows(spread, self.listeners)

    def _rows(self, array: Tensor, length: int) -> Tensor:
        apart = array.reshape(len(array), self.groups, length, -1)
        return apart.permute(1, 0, 3, 2).reshape(*self.lead, -1, length)

    def _backward(
        self, gradient: Tensor, heard: Tensor, weight: Tensor, groups: int, wanted: tuple[bool, bool, bool]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        none, biases = [0] * len(self.kernel), [gradient.shape[1]]
        shape = (list(self.stride), list(self.padding), list(self.dilation), False, none, groups)
        got: tuple[Tensor | None, Tensor | None, Tensor | None] = torch.ops.aten.convolution_backward(
            gradient, heard, weight, biases, *shape, list(wanted)
        )
        return got

"""Gradient of a convolution's output as the places of its input see it, through each position of the kernel.

Such an array has one entry for each pair (output channel, position) and each pair (sample, place). It is made by copies of long
contiguous pieces, one axis of the kernel after the other, with the places as the fastest index. A transposed convolution with
kernels of a single 1 gives the same numbers at about twenty times the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class KernelAxis:
    """One axis of a convolution.

    Attributes:
        size: Positions of the kernel.
        stride: Distance in places between neighbouring outputs.
        padding: Places added at each end.
        dilation: Distance in places between neighbouring positions of the kernel.
        places: Places of the input.
    """

    size: int
    stride: int
    padding: int
    dilation: int
    places: int

    @property
    def reach(self) -> int:
        """Distance in places between the first and the last position of the kernel."""
        return (self.size - 1) * self.dilation

    @property
    def length(self) -> int:
        """Number of places at which an output may start that sees a place of the input, with those in between."""
        return self.places + self.reach

    def outputs(self, count: int) -> tuple[slice, slice]:
        """Return which of `count` outputs see a place of the input, and where they start among the `length` places."""
        shift = self.reach - self.padding
        first = -(min(shift, 0) // self.stride)
        end = min(count, -((shift - self.length) // self.stride))
        start = shift + first * self.stride
        return slice(first, end), slice(start, start + (end - first - 1) * self.stride + 1, self.stride)


def by_kernel_position(gradient: Tensor, axes: list[KernelAxis]) -> Tensor:
    """Return the output's gradient as each place of the input sees it through each position; 0 where there is no output.

    Args:
        gradient: (B, C, *outputs), gradient of the output.
        axes: Axes of the convolution, D in all.

    Returns:
        (C, *kernel, B, *places), contiguous: at position q and place x the gradient of the output at
        `(x + padding - q * dilation) / stride`, on each axis.
    """
    by_channel = gradient.transpose(0, 1)
    seen = gradient.new_zeros((*by_channel.shape[:2], *(axis.length for axis in axes)))
    parts = [axis.outputs(count) for axis, count in zip(axes, gradient.shape[2:], strict=True)]
    among_outputs, among_places = zip(*parts, strict=True)
    seen[..., *among_places] = by_channel[..., *among_outputs]
    for number in range(-1, -len(axes) - 1, -1):
        axis = axes[number]
        starts = range(axis.reach, -1, -axis.dilation)
        seen = torch.stack([seen.narrow(number, start, axis.places) for start in starts], dim=1)
    return seen

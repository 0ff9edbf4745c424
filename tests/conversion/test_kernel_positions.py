"""Gradient of a convolution's output at each position of the kernel, against its definition and a transposed convolution."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from neuronet.conversion.kernel_positions import KernelAxis, by_kernel_position

CASES = {
    "usual": ((3,), (1,), (1,), (1,), (7,)),
    "wide padding": ((3,), (1,), (4,), (1,), (6,)),
    "stride with rest": ((3,), (2,), (0,), (1,), (8,)),
    "stride, wide padding": ((2,), (3,), (5,), (2,), (4,)),
    "dilation": ((3,), (1,), (2,), (3,), (9,)),
    "one position": ((1,), (2,), (0,), (1,), (5,)),
    "two axes": ((3, 2), (2, 1), (1, 0), (1, 2), (7, 5)),
    "three axes": ((2, 1, 3), (1, 2, 2), (1, 0, 2), (1, 1, 1), (4, 5, 6)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_place_sees_the_output_that_reaches_it(case):
    kernel, stride, padding, dilation, places = CASES[case]
    axes = [KernelAxis(*axis) for axis in zip(kernel, stride, padding, dilation, places, strict=True)]
    outputs = [(axis.places + 2 * axis.padding - axis.reach - 1) // axis.stride + 1 for axis in axes]
    gradient = torch.randn(2, 3, *outputs, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    seen = by_kernel_position(gradient, axes)
    assert seen.shape == (3, *kernel, 2, *places)
    for position in itertools.product(*map(range, kernel)):
        for place in itertools.product(*map(range, places)):
            starts = [x + axis.padding - q * axis.dilation for x, q, axis in zip(place, position, axes, strict=True)]
            reached = [divmod(start, axis.stride) for start, axis in zip(starts, axes, strict=True)]
            is_output = all(not rest and 0 <= o < count for (o, rest), count in zip(reached, outputs, strict=True))
            expected = gradient[:, :, *(o for o, _ in reached)].T if is_output else torch.zeros(3, 2, dtype=torch.float64)
            assert torch.equal(seen[:, *position, :, *place], expected), (position, place)


@pytest.mark.parametrize("case", [name for name, axes in CASES.items() if len(axes[0]) == 1])
def test_times_the_kernel_it_is_the_transposed_convolution(case):
    (kernel,), (stride,), (padding,), (dilation,), (places,) = CASES[case]
    torch.manual_seed(2)
    layer = nn.Conv1d(2, 3, kernel, stride, padding, dilation, bias=False).double()
    heard = torch.randn(4, 2, places, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn_like(layer(heard))
    layer(heard).backward(gradient)
    seen = by_kernel_position(gradient, [KernelAxis(kernel, stride, padding, dilation, places)])
    torch.testing.assert_close(torch.einsum("ckbx,cjk->bjx", seen, layer.weight.detach()), heard.grad)

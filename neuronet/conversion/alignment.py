"""Alignment of a converted module's updates with the gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from neuronet.conversion.convert import revert
from neuronet.conversion.layers import PolicyLayer


def gradient_angles(converted: nn.Module, loss: Callable[[Any], Tensor]) -> dict[str, float]:
    """Return the angle in degrees between each layer's weight gradient in a converted module and torch's own, by layer name.

    0 degrees is error backpropagation; nan stands for a gradient of length 0. Both passes use copies of the module and the same
    random numbers of torch, so that nothing of the module changes, not even the statistics of a normalisation.

    Args:
        converted: Result of `convert`.
        loss: Returns the loss of a module on a fixed batch, as in `lambda net: cross_entropy(net(images), labels)`.
    """
    mine, usual = _gradients(deepcopy(converted), loss), _gradients(revert(converted), loss)
    names = [name for name, layer in converted.named_modules() if isinstance(layer, PolicyLayer)]
    pairs = {name: f"{name}.weight" if name else "weight" for name in names}
    return {name: _angle(mine[key], usual[key]) for name, key in pairs.items() if key in mine and key in usual}


def _gradients(module: nn.Module, loss: Callable[[Any], Tensor]) -> dict[str, Tensor]:
    module.zero_grad()
    with torch.random.fork_rng():
        loss(module).backward()  # type: ignore[no-untyped-call]
    return {name: part.grad.double() for name, part in module.named_parameters() if part.grad is not None}


def _angle(one: Tensor, other: Tensor) -> float:
    lengths = float(one.norm() * other.norm())
    return math.degrees(math.acos(max(-1.0, min(1.0, float((one * other).sum()) / lengths)))) if lengths > 0 else math.nan

"""LeNet of BioTorch 0.0.16 (Sanfiz and Akrout 2021, arXiv 2108.13446): its layers and weights, and policies of that size."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from neuronet.conversion.convert import convert
from neuronet.core import Policy, Purpose, generator

LENET_SIDE = 32
"""Smallest side of an image: the third convolution then has one place."""


def lenet(classes: int, size: int, seed: int) -> nn.Sequential:
    """Return the network: three convolutions of 5 x 5, two linear layers, relu and max pooling.

    Weights are uniform with Glorot's deviation, and biases 0.

    Args:
        classes: Number of outputs.
        size: Side of the images (>= 32).
        seed: Seed of the weights.
    """
    places = ((size - 4) // 2 - 4) // 2 - 4
    layers: dict[str, nn.Module] = {
        **{"conv1": nn.Conv2d(1, 6, 5), "relu1": nn.ReLU(), "pool1": nn.MaxPool2d(2)},
        **{"conv2": nn.Conv2d(6, 16, 5), "relu2": nn.ReLU(), "pool2": nn.MaxPool2d(2)},
        **{"conv3": nn.Conv2d(16, 120, 5), "relu3": nn.ReLU(), "flatten": nn.Flatten()},
        **{"linear1": nn.Linear(120 * places**2, 84), "relu4": nn.ReLU(), "linear2": nn.Linear(84, classes)},
    }
    with torch.no_grad():
        for number, layer in enumerate(weighted(layers).values()):
            shape = layer.weight.shape
            bound = (6 / ((shape[0] + shape[1]) * shape[2:].numel())) ** 0.5
            drawn = generator(seed, Purpose.WEIGHTS, number).uniform(-bound, bound, shape)
            layer.weight.copy_(torch.from_numpy(drawn))
            layer.bias.zero_()
    net: Any = nn.Sequential(OrderedDict(layers))
    return cast(nn.Sequential, net.to(memory_format=torch.channels_last))  # the backward pass is faster


def weighted(layers: dict[str, nn.Module]) -> dict[str, Any]:
    """Return the convolutions and linear layers, by name."""
    return {name: layer for name, layer in layers.items() if isinstance(layer, (nn.Conv2d, nn.Linear))}


def follow(net: nn.Sequential, policy: Policy | None, classes: int, seed: int) -> nn.Sequential:
    """Return the network with this policy at the input of each layer; unchanged without a policy."""
    if policy is None:
        return net
    policies = {
        name: glorot_scaled(policy, layer.weight, classes) for name, layer in weighted(dict(net.named_children())).items()
    }
    return convert(net, policies, seed=seed, outputs=classes)


def glorot_scaled(policy: Policy, weight: Tensor, classes: int) -> Policy:
    """Return the policy with a `scale` that is multiplied by the deviation of Glorot's weights times the root of the listeners.

    The policies divide `scale` by that root, so that a scale of 1 gives feedback weights the size of initial weights. Policies
    without `scale` stay as they are.

    Args:
        policy: Policy at the input of a layer.
        weight: The layer's weight, (outputs, inputs) or (channels out, channels in, height, width).
        classes: Number of the module's outputs, which are the listeners of a policy that hears the broadcast.
    """
    if not hasattr(policy, "scale"):
        return policy
    listeners, speakers = classes if "broadcast" in policy.needs else weight.shape[0], weight.shape[1]
    factor = (2 * listeners / (listeners + speakers)) ** 0.5
    return cast(Policy, replace(cast(Any, policy), scale=policy.scale * factor))

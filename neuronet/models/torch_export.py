"""Models as plain torch modules."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from neuronet.core import ConfigurationError, Scaling
from neuronet.models.parts import ModelParts

MODULES: dict[str, Any] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": partial(nn.GELU, approximate="tanh"),
    "identity": nn.Identity,
}
"""Torch's module for each activation."""


def to_torch(model: ModelParts) -> nn.Sequential:
    """Return a module of linear layers and activations that takes raw inputs (N, I) and gives the outputs (N, O).

    The first layer contains the scaling of the inputs. Weights of missing connections and of silent neurons are 0.

    Raises:
        ConfigurationError: Channels, or policies that fire at random, decide what neurons say.
    """
    setup, network = model.setup, model.setup.network
    if model.state is not None or any(channel.channel.active_in_eval for channel in setup.channels):
        raise ConfigurationError("a torch module has neither channels nor neurons that fire at random: use predict")
    dtype = getattr(torch, setup.dtype)
    modules: list[nn.Module] = []
    for layer, parameters in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        heard, bias = np.where(setup.is_silent(layer - 1), 0.0, parameters[0]), parameters[1]
        if layer == 1:
            heard, bias = _with_scaling(model, heard, bias)
        linear = nn.Linear(heard.shape[1], heard.shape[0], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(heard))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, MODULES[network.activations[layer - 1]]()]
    if setup.is_silent(len(network.sizes) - 1).any():
        raise ConfigurationError("an output neuron is silent: a torch module would let it speak")
    return nn.Sequential(*modules[:-1] if isinstance(modules[-1], nn.Identity) else modules)


def _with_scaling(model: ModelParts, weights: NDArray[Any], bias: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return weights and biases of the first layer for raw inputs."""
    scaling = model.encoding.scaling
    if scaling is None:
        return weights, bias
    if isinstance(scaling, Scaling):
        shift, factor = (np.asarray(part, dtype=np.float64) for part in (scaling.shift, scaling.factor))
    else:
        shift, factor = scaling.mean, 1 / scaling.deviation
    scaled = weights * factor
    return scaled, bias - scaled @ shift

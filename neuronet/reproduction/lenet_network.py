"""LeNet of BioTorch 0.0.16 (Sanfiz and Akrout 2021, arXiv 2108.13446): layers, images, weights and size of feedback weights."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuronet.conversion import convert
from neuronet.core import ConfigurationError, Environment, Policy, Purpose, Samples, generator

CHUNK = 1000
"""Number of images that are resized at a time."""

CHOICE = 101
"""Place of the random stream that chooses the training images."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images as bytes, with their standardization.

    Attributes:
        train: Training images (N, height, width) and classes (N,).
        test: Test images and classes.
        classes: Number of classes.
        mean: Mean of all pixels of the training images, in units of the largest byte.
        deviation: Their standard deviation.
    """

    train: tuple[NDArray[np.uint8], NDArray[np.int64]]
    test: tuple[NDArray[np.uint8], NDArray[np.int64]]
    classes: int
    mean: float
    deviation: float

    @classmethod
    def of(cls, environment: Environment, size: int, samples: int = 0, *, validation: bool = False) -> ImageData:
        """Return the images of an environment, resized.

        Args:
            environment: Environment with grey images of classes, in bytes.
            size: Side of the resized images.
            samples: Number of training images; 0 for all.
            validation: Whether a sixth of the training images is held out and replaces the test images.

        Raises:
            ConfigurationError: The environment has other inputs, or fewer images.
        """
        whole, shape = environment.train, environment.shape[-2:]
        is_grey = len(environment.shape) >= 2 and environment.inputs == np.prod(shape)
        if not (is_grey and environment.payoff.classes and whole.inputs.dtype == np.uint8):
            raise ConfigurationError(f"a LeNet needs grey images of classes, in bytes, got inputs of shape {environment.shape}")
        played = environment.validation_split() if validation else environment
        if samples > len(played.train):
            raise ConfigurationError(f"samples must be at most the {len(played.train):,} training images, got {samples:,}")
        chosen = np.sort(generator(0, Purpose.DATA, CHOICE).permutation(len(played.train))[: samples or None])
        some = Samples(played.train.inputs[chosen], played.train.targets[chosen])
        train, test = (_resized(part, shape, size) for part in (some, played.test))
        return cls(train, test, environment.outputs, float(whole.inputs.mean()) / 255, float(whole.inputs.std()) / 255)

    def standardize(self, images: Tensor) -> Tensor:
        """Return bytes (B, height, width) as standardized floating-point numbers, (B, 1, height, width)."""
        return (images[:, None].float() / 255 - self.mean) / self.deviation


def _resized(samples: Samples, shape: tuple[int, ...], size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = torch.from_numpy(np.ascontiguousarray(samples.inputs)).reshape(-1, *shape)
    parts = [resize(part, size) for part in torch.split(images, CHUNK)]
    return torch.cat(parts).numpy(), np.asarray(samples.targets, dtype=np.int64)


def resize(images: Tensor, size: int) -> Tensor:
    """Return bytes (B, height, width) resized to squares, (B, size, size), as Pillow's bilinear filter does it.

    Rows and columns are interpolated one after the other, and rounded each time.
    """
    grid = images[:, None].float()
    for shape in ((images.shape[1], size), (size, size)):
        grid = torch.floor(nn.functional.interpolate(grid, shape, mode="bilinear", antialias=True) + 0.5)
    return grid[:, 0].to(torch.uint8)


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

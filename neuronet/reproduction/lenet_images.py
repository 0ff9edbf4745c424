"""Images of a LeNet, as BioTorch 0.0.16 prepares them (Sanfiz and Akrout 2021, arXiv 2108.13446)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuronet.core import ConfigurationError, Environment, Purpose, Samples, generator

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

"""Exclusive or with noise: the smallest problem that needs a hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neuronet.core import Environment, Purpose, Samples, check_number, generator


@dataclass(frozen=True)
class Xor(Environment):
    """Points around (+-1, +-1); class 1 where the signs differ.

    Args:
        samples: Number of training points, and of test points; 4 or more.
        noise: Standard deviation of a point around its corner, 0 or more.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    samples: int = 200
    noise: float = 0.25

    def __post_init__(self) -> None:
        check_number("samples", self.samples, 4, whole=True)
        check_number("noise", self.noise, 0)

    def _points(self, stream: int) -> Samples:
        rng = generator(0, Purpose.DATA, stream)
        corner = np.arange(self.samples) % 4
        signs = np.stack((corner % 2, corner // 2), axis=1) * 2.0 - 1.0
        inputs = signs + self.noise * rng.standard_normal(signs.shape)
        return Samples(inputs, (signs[:, 0] != signs[:, 1]).astype(np.int64))

    @cached_property
    def train(self) -> Samples:
        """Training points, (samples, 2)."""
        return self._points(0)

    @cached_property
    def test(self) -> Samples:
        """Test points, (samples, 2)."""
        return self._points(1)

    @property
    def outputs(self) -> int:
        """Two classes."""
        return 2

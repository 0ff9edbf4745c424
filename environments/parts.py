"""Environments with samples in memory."""

from __future__ import annotations

from neuronet.core import Environment, Samples


class PartsEnvironment(Environment):
    """Environment whose training and test samples are given once.

    Args:
        train: Training samples.
        test: Test samples.
        outputs: Number of classes or values.
        shape: Shape of one input.
    """

    def __init__(self, train: Samples, test: Samples, outputs: int, shape: tuple[int, ...]) -> None:
        self._train, self._test, self._outputs, self._shape = train, test, outputs, shape

    @property
    def train(self) -> Samples:
        """Training samples."""
        return self._train

    @property
    def test(self) -> Samples:
        """Test samples."""
        return self._test

    @property
    def outputs(self) -> int:
        """Number of classes or values."""
        return self._outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self._shape

"""Environments that read their files on first use."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import final

from neuronet.core import Encoding, Environment, Samples


class LazyEnvironment(Environment):
    """Environment that loads another environment on first use of its samples, and keeps it."""

    @abstractmethod
    def load(self) -> Environment:
        """Return the environment to load; its payoff must be the same."""

    @final
    @cached_property
    def target(self) -> Environment:
        """The loaded environment."""
        return self.load()

    @property
    @final
    def train(self) -> Samples:
        """Training samples."""
        return self.target.train

    @property
    @final
    def test(self) -> Samples:
        """Test samples."""
        return self.target.test

    @property
    @final
    def outputs(self) -> int:
        """Number of classes or values."""
        return self.target.outputs

    @property
    @final
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.target.shape

    @property
    @final
    def encoding(self) -> Encoding:
        """Encoding of the loaded environment."""
        return self.target.encoding

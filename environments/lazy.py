"""Environments that are read from their files only when they are first looked at."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import final

from neuronet.core.environment import Environment, Samples


class LazyEnvironment(Environment):
    """An environment that stands for another, which it loads when it is first asked for samples, and then keeps."""

    @abstractmethod
    def load(self) -> Environment:
        """The environment that it stands for; its payoff must be this one's."""

    @final
    @cached_property
    def target(self) -> Environment:
        """The environment that it stands for."""
        return self.load()

    @property
    @final
    def train(self) -> Samples:
        """The samples to learn from."""
        return self.target.train

    @property
    @final
    def test(self) -> Samples:
        """The samples to be judged by."""
        return self.target.test

    @property
    @final
    def outputs(self) -> int:
        """Classes, or values."""
        return self.target.outputs

    @property
    @final
    def shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self.target.shape

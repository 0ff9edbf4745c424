"""Optimizers: SGD, momentum and Adam."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core.array_types import Array
from neuronet.core.errors import check_number


class Optimizer(ABC):
    """Elementwise rule that turns intended changes (per unit of learning rate) into actual changes.

    Attributes:
        state_names: Names of the state arrays, each with the shape of the intent and initially zero.
    """

    state_names: tuple[str, ...] = ()

    @abstractmethod
    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return the change and the new state.

        Args:
            intent: The intended change per unit of learning rate, any shape.
            state: State arrays with the shape of the intent; they are not written into.
            learning_rate: A number, or an array that broadcasts against the intent.
            step: The round's number, from 1.
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient step: `change = eta * intent`."""

    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return `eta * intent`."""
        return learning_rate * intent, {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Momentum: `v = mu v + intent; change = eta v` (Polyak 1964, in the form of torch.optim.SGD).

    Args:
        momentum: mu, 0 to below 1.

    Raises:
        ConfigurationError: It is out of range.
    """

    momentum: float = 0.9

    state_names = ("velocity",)

    def __post_init__(self) -> None:
        check_number("momentum", self.momentum, 0, 1, below=True)

    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return `eta * velocity` and the new velocity."""
        velocity = self.momentum * state["velocity"] + intent
        return learning_rate * velocity, {"velocity": velocity}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1).

    Args:
        beta1: Decay of the mean, 0 to below 1.
        beta2: Decay of the mean square, 0 to below 1.
        epsilon: Added to the root mean square, above 0.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    state_names = ("mean", "square")

    def __post_init__(self) -> None:
        check_number("beta1", self.beta1, 0, 1, below=True)
        check_number("beta2", self.beta2, 0, 1, below=True)
        check_number("epsilon", self.epsilon, 0, above=True)

    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return a change of about the learning rate, whatever the size of the intent, and the new moments."""
        mean = self.beta1 * state["mean"] + (1 - self.beta1) * intent
        square = self.beta2 * state["square"] + (1 - self.beta2) * intent * intent
        unbiased_mean = mean / (1 - self.beta1**step)
        unbiased_square = square / (1 - self.beta2**step)
        change = learning_rate * unbiased_mean / (unbiased_square**0.5 + self.epsilon)
        return change, {"mean": mean, "square": square}


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "momentum": Momentum, "adam": Adam}
"""All optimizers by name."""


def learning_rate_scale(optimizer: Optimizer) -> float:
    """Return the factor for learning rates of SGD that makes steps about equally long under another optimizer."""
    return 1 - optimizer.momentum if isinstance(optimizer, Momentum) else 0.01 if isinstance(optimizer, Adam) else 1.0

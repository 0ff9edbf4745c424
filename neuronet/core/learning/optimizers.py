"""Optimizers: how an intended change of attention becomes a change."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from neuronet.core.array_types import Array
from neuronet.core.errors import check_number


class Optimizer(ABC):
    """Turns what a neuron intends (per unit of learning rate) into what it does; elementwise, so that every synapse is alone.

    Attributes:
        state_names: The names of the arrays that it keeps, each shaped like the intent and zero at first.
    """

    state_names: tuple[str, ...] = ()

    @abstractmethod
    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """The change, and what is kept for the next round.

        Args:
            intent: The intended change per unit of learning rate, any shape.
            state: What was kept so far, shaped like the intent; it is not written into.
            learning_rate: A number, or an array that broadcasts against the intent.
            step: The round's number, from 1.
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """`change = eta * intent`."""

    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Do what is intended."""
        return learning_rate * intent, {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    """`v = mu v + intent; change = eta v` (Polyak 1964, in the form of torch.optim.SGD).

    Args:
        momentum: mu, 0 to below 1.

    Raises:
        NeuroNetError: It is out of range.
    """

    momentum: float = 0.9

    state_names = ("velocity",)

    def __post_init__(self) -> None:
        check_number("momentum", self.momentum, 0, 1, below=True)

    def update(
        self, intent: Array, state: Mapping[str, Array], learning_rate: float | Array, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """Go on in the direction of the past."""
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
        NeuroNetError: A parameter is out of range.
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
        """Go in steps of about the learning rate, whatever the size of the intent."""
        mean = self.beta1 * state["mean"] + (1 - self.beta1) * intent
        square = self.beta2 * state["square"] + (1 - self.beta2) * intent * intent
        unbiased_mean = mean / (1 - self.beta1**step)
        unbiased_square = square / (1 - self.beta2**step)
        change = learning_rate * unbiased_mean / (unbiased_square**0.5 + self.epsilon)
        return change, {"mean": mean, "square": square}


LR_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda part: 1.0,
    "linear": lambda part: 1.0 - part,
    "cosine": lambda part: 0.5 + 0.5 * math.cos(math.pi * part),
}
"""What part of the learning rate is left when a part (0 to below 1) of a run has been played, by the schedule's name."""


def lr_factor(schedule: str, epoch: int, epochs: int) -> float:
    """What part of the learning rate an epoch is played with, above 0 to 1.

    Args:
        schedule: One of SCHEDULES.
        epoch: Which, from 0.
        epochs: How many there are in the run.
    """
    return LR_SCHEDULES[schedule](epoch / epochs)


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "momentum": Momentum, "adam": Adam}
"""Every optimizer by its name."""

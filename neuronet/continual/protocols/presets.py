"""Schedules (length of a task, order of its samples) and presets (settings that belong together)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from neuronet.core import SGD, Adam, Optimizer, Purpose, check_number, generator, learning_rate_scale

DEFAULT_LEARNING_RATE = 0.1
"""Learning rate for SGD without tuning."""


@dataclass(frozen=True, repr=False)
class Schedule:
    """Length of a task in rounds or epochs.

    Args:
        iterations: Rounds a task (>= 0); 0 to count epochs instead.
        batch_size: Samples a round (>= 1).
        epochs: Epochs a task (>= 1), where iterations is 0.
        late_lr_factor: Factor of the learning rate in the second half of each task (> 0).

    Raises:
        ConfigurationError: A value is out of range.
    """

    iterations: int
    batch_size: int
    epochs: int = 1
    late_lr_factor: float = 1.0

    def __post_init__(self) -> None:
        check_number("iterations", self.iterations, 0, whole=True)
        check_number("batch_size", self.batch_size, 1, whole=True)
        check_number("epochs", self.epochs, 1, whole=True)
        check_number("late_lr_factor", self.late_lr_factor, 0, above=True)

    def __repr__(self) -> str:
        """Return the text that identifies the schedule in recorded studies, without values that are 1."""
        epochs = f", epochs={self.epochs}" if self.epochs > 1 else ""
        factor = f", late_lr_factor={self.late_lr_factor!r}" if self.late_lr_factor != 1 else ""
        return f"Schedule(iterations={self.iterations}, batch_size={self.batch_size}{epochs}{factor})"

    def rounds(self, samples: int) -> int:
        """Return the rounds of a task with a number of training samples; an incomplete last batch is dropped."""
        return self.iterations or max(1, self.epochs * samples // self.batch_size)

    def order(self, samples: int, seed: int, task: int) -> NDArray[np.int64]:
        """Return the sample indices of each round of a task, (rounds, batch_size): one random permutation after another.

        Args:
            samples: Number of training samples of the task.
            seed: Seed of the replica.
            task: Index of the task.
        """
        needed = self.rounds(samples) * self.batch_size
        indices = np.concatenate(list(_epoch_orders(samples, needed, seed, task)))[:needed]
        return indices.reshape(-1, self.batch_size)


def _epoch_orders(samples: int, needed: int, seed: int, task: int) -> Iterator[NDArray[np.int64]]:
    for number in count():
        if number * samples >= needed:
            return
        yield generator(seed, Purpose.BATCHES, number, task + 1).permutation(samples)


@dataclass(frozen=True)
class Preset:
    """Settings that belong together.

    Attributes:
        schedule: Length of a task.
        hidden: Neurons in each hidden layer.
        optimizer: The optimizer.
        learning_rate: Learning rate for this optimizer (> 0); None for the optimizer's default.
        source: Publication that the settings come from; "" for none.
    """

    schedule: Schedule
    hidden: tuple[int, ...] = (400, 400)
    optimizer: Optimizer = field(default_factory=SGD)
    learning_rate: float | None = None
    source: str = ""

    def with_overrides(
        self,
        iterations: int | None,
        batch_size: int | None,
        hidden: Sequence[int] | None,
        optimizer: Optimizer | None,
        late_lr_factor: float | None = None,
    ) -> Preset:
        """Return the preset with every value replaced that is not None; another optimizer drops the learning rate.

        Raises:
            ConfigurationError: A value is out of range.
        """
        schedule = self.schedule
        if late_lr_factor is not None:
            schedule = replace(schedule, late_lr_factor=late_lr_factor)
        if iterations is not None:
            schedule = replace(schedule, iterations=iterations, epochs=1)
        if batch_size is not None:
            schedule = replace(schedule, batch_size=batch_size)
        return replace(
            self,
            schedule=schedule,
            hidden=self.hidden if hidden is None else tuple(hidden),
            optimizer=self.optimizer if optimizer is None else optimizer,
            learning_rate=self.learning_rate if optimizer in (None, self.optimizer) else None,
        )

    def learning_rate_for(self, own_optimizer: Optimizer | None) -> float:
        """Return the learning rate of a method: the preset's, or the default of the method's own optimizer (None for none)."""
        if self.learning_rate is not None and own_optimizer in (None, self.optimizer):
            return self.learning_rate
        return DEFAULT_LEARNING_RATE * learning_rate_scale(own_optimizer or self.optimizer)


_VAN_DE_VEN = "van de Ven, Tuytelaars, Tolias 2022 (Nature Machine Intelligence 4)"
_HSU = "Hsu, Liu, Ramasamy, Kira 2018 (arXiv 1810.12488)"

PRESETS: dict[str, Preset] = {
    "fast": Preset(Schedule(300, 128)),
    "long": Preset(Schedule(2000, 128)),
    "online": Preset(Schedule(0, 10)),
    "vandeven-split": Preset(Schedule(2000, 128), (400, 400), Adam(), 1e-3, f"split MNIST of {_VAN_DE_VEN}"),
    "vandeven-permuted": Preset(Schedule(5000, 128), (1000, 1000), Adam(), 1e-4, f"permuted MNIST of {_VAN_DE_VEN}"),
    "hsu-split": Preset(Schedule(0, 128, epochs=4), (400, 400), Adam(), 1e-3, f"split MNIST of {_HSU}"),
    "hsu-permuted": Preset(Schedule(0, 128, epochs=10), (1000, 1000), Adam(), 1e-4, f"permuted MNIST of {_HSU}"),
}
"""Every preset by its name."""

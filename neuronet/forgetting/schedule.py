"""How long a task lasts, and which of its samples are played in which round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from neuronet.errors import check_number
from neuronet.randomness import Purpose, generator


@dataclass(frozen=True)
class Schedule:
    """How long a task lasts.

    Args:
        iterations: Rounds a task; 0 for one pass over its training samples.
        batch_size: Samples a round.

    Raises:
        NeuroNetError: One is out of range.
    """

    iterations: int
    batch_size: int

    def __post_init__(self) -> None:
        check_number("iterations", self.iterations, 0, whole=True)
        check_number("batch_size", self.batch_size, 1, whole=True)

    def rounds(self, samples: int) -> int:
        """Rounds of a task with so many training samples; in one pass a last batch that is not full is left out."""
        return self.iterations or max(1, samples // self.batch_size)

    def order(self, samples: int, seed: int, task: int) -> NDArray[np.int64]:
        """The samples of each round of a task, (rounds, batch_size): all in random order, then all in another, and so on.

        Args:
            samples: How many the task has.
            seed: Of the replica.
            task: Its number, from 0.
        """
        needed = self.rounds(samples) * self.batch_size
        found = np.concatenate(list(_passes(samples, needed, seed, task)))[:needed]
        return found.reshape(-1, self.batch_size)


def _passes(samples: int, needed: int, seed: int, task: int) -> Iterator[NDArray[np.int64]]:
    for number in count():
        if number * samples >= needed:
            return
        yield generator(seed, Purpose.BATCHES, number, task + 1).permutation(samples)


PRESETS: dict[str, Schedule] = {
    "fast": Schedule(300, 128),
    "long": Schedule(2000, 128),
    "online": Schedule(0, 10),
}
"""Every preset by its name."""

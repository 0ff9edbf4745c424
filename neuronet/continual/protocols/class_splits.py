"""Splits: the classes of a world come a few at a time, in three forms.

Van de Ven, Tuytelaars, Tolias 2022, "Three types of incremental learning" (Nature Machine Intelligence 4).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.protocols.base import Protocol, Task, View
from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import Purpose, generator


class Split(Protocol):
    """What the three forms of a split have in common: the classes in a random order, shared out evenly among the tasks."""

    def _shares(self, world: Environment, seed: int) -> NDArray[np.int64]:
        """The classes of each task, (tasks, classes of a task)."""
        if world.outputs % self.tasks or world.outputs // self.tasks < 2:
            raise NeuroNetError(f"{world.outputs} classes cannot be shared out evenly among {self.tasks} tasks, two or more each")
        return generator(seed, Purpose.TASKS).permutation(world.outputs).reshape(self.tasks, -1)

    def _sequence(self, world: Environment, seed: int) -> tuple[Task, ...]:
        found = []
        shares = self._shares(world, seed)
        for number, share in enumerate(shares):
            name = "classes " + ", ".join(map(str, share))
            found.append(Task(name, self._heads(shares, number), world, self._view(share)))
        return tuple(found)

    @abstractmethod
    def _heads(self, shares: NDArray[np.int64], number: int) -> tuple[int, ...]:
        """The outputs that may answer while this task is learned."""

    def _view(self, share: NDArray[np.int64]) -> View:
        return lambda samples: _chosen(samples, np.isin(samples.targets, share))


@dataclass(frozen=True)
class SplitTask(Split):
    """Classes come a few at a time; at the test the task is named, and its classes alone may answer (task-incremental).

    Args:
        tasks: Among which the classes are shared out evenly.
    """

    tasks: int = 5
    told = True

    def _heads(self, shares: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _ascending(shares[number])


@dataclass(frozen=True)
class SplitDomain(Split):
    """Classes come a few at a time, and the outputs say only which of its task's classes it is (domain-incremental).

    Args:
        tasks: Among which the classes are shared out evenly.
    """

    tasks: int = 5

    def outputs(self, world: Environment) -> int:
        """As many as a task has classes."""
        return world.outputs // self.tasks

    def _heads(self, shares: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return tuple(range(shares.shape[1]))

    def _view(self, share: NDArray[np.int64]) -> View:
        chosen = super()._view(share)
        place = np.full(int(share.max()) + 1, -1, dtype=np.int64)
        place[share] = np.arange(len(share))

        def view(samples: Samples) -> Samples:
            some = chosen(samples)
            return Samples(some.inputs, place[some.targets], some.scaling)

        return view


@dataclass(frozen=True)
class SplitClass(Split):
    """Classes come a few at a time; at the test every class met so far may answer (class-incremental).

    Args:
        tasks: Among which the classes are shared out evenly.
    """

    tasks: int = 5

    def _heads(self, shares: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _ascending(shares[: number + 1].ravel())


def _ascending(classes: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(int(each) for each in classes))


def _chosen(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    return Samples(samples.inputs[chosen], samples.targets[chosen], samples.scaling)

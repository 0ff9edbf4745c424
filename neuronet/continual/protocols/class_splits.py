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

    def _class_groups(self, environment: Environment, seed: int) -> NDArray[np.int64]:
        """The classes of each task, (tasks, classes of a task)."""
        if environment.outputs % self.tasks or environment.outputs // self.tasks < 2:
            raise NeuroNetError(
                f"{environment.outputs} classes cannot be shared out evenly among {self.tasks} tasks, two or more each"
            )
        return generator(seed, Purpose.TASKS).permutation(environment.outputs).reshape(self.tasks, -1)

    def _sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        found = []
        class_groups = self._class_groups(environment, seed)
        for number, group in enumerate(class_groups):
            name = "classes " + ", ".join(map(str, group))
            found.append(Task(name, self._active_classes(class_groups, number), environment, self._view(group)))
        return tuple(found)

    @abstractmethod
    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        """The outputs that may answer while this task is learned."""

    def _view(self, group: NDArray[np.int64]) -> View:
        return lambda samples: _select_samples(samples, np.isin(samples.targets, group))


@dataclass(frozen=True)
class SplitTask(Split):
    """Classes come a few at a time; at the test the task is named, and its classes alone may answer (task-incremental).

    Args:
        tasks: Among which the classes are shared out evenly.
    """

    tasks: int = 5
    task_id_given = True

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _sorted_classes(class_groups[number])


@dataclass(frozen=True)
class SplitDomain(Split):
    """Classes come a few at a time, and the outputs say only which of its task's classes it is (domain-incremental).

    Args:
        tasks: Among which the classes are shared out evenly.
    """

    tasks: int = 5

    def outputs(self, environment: Environment) -> int:
        """As many as a task has classes."""
        return environment.outputs // self.tasks

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return tuple(range(class_groups.shape[1]))

    def _view(self, group: NDArray[np.int64]) -> View:
        chosen = super()._view(group)
        place = np.full(int(group.max()) + 1, -1, dtype=np.int64)
        place[group] = np.arange(len(group))

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

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _sorted_classes(class_groups[: number + 1].ravel())


def _sorted_classes(classes: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(int(each) for each in classes))


def _select_samples(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    return Samples(samples.inputs[chosen], samples.targets[chosen], samples.scaling)

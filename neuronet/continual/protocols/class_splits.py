"""Split protocols: the classes of an environment arrive a few at a time, in three scenarios.

Van de Ven, Tuytelaars, Tolias 2022, "Three types of incremental learning" (Nature Machine Intelligence 4).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.protocols.base import Protocol, Task, View
from neuronet.core import ConfigurationError, Environment, Purpose, Samples, generator


class Split(Protocol):
    """Base of the split protocols: the classes in random order, divided evenly among the tasks."""

    def _class_groups(self, environment: Environment, seed: int) -> NDArray[np.int64]:
        """Return the classes of each task, (tasks, classes of a task)."""
        if environment.outputs % self.tasks or environment.outputs // self.tasks < 2:
            raise ConfigurationError(
                f"tasks must divide the {environment.outputs} classes evenly, two or more classes a task, got {self.tasks}"
            )
        return generator(seed, Purpose.TASKS).permutation(environment.outputs).reshape(self.tasks, -1)

    def make_tasks(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """Return a task for each group of classes."""
        class_groups = self._class_groups(environment, seed)
        names = ["classes " + ", ".join(map(str, group)) for group in class_groups]
        return tuple(
            Task(name, self._active_classes(class_groups, number), environment, self._view(class_groups[number]))
            for number, name in enumerate(names)
        )

    @abstractmethod
    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        """Return the outputs that are active while a task is learned."""

    def _view(self, group: NDArray[np.int64]) -> View:
        return lambda samples: _select_samples(samples, np.isin(samples.targets, group))


@dataclass(frozen=True)
class SplitTask(Split):
    """Task-incremental split of the classes: the task is known at test time, and only its classes are active.

    Args:
        tasks: Number of tasks, among which the classes are divided evenly.
    """

    tasks: int = 5
    task_id_given = True

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _sorted_classes(class_groups[number])


@dataclass(frozen=True)
class SplitDomain(Split):
    """Domain-incremental split of the classes: the outputs tell only which of its task's classes a sample has.

    Args:
        tasks: Number of tasks, among which the classes are divided evenly.
    """

    tasks: int = 5

    def outputs(self, environment: Environment) -> int:
        """Return the number of classes of one task."""
        return environment.outputs // self.tasks

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return tuple(range(class_groups.shape[1]))

    def _view(self, group: NDArray[np.int64]) -> View:
        select = super()._view(group)
        position = np.full(int(group.max()) + 1, -1, dtype=np.int64)
        position[group] = np.arange(len(group))

        def view(samples: Samples) -> Samples:
            selected = select(samples)
            return Samples(selected.inputs, position[selected.targets], selected.scaling)

        return view


@dataclass(frozen=True)
class SplitClass(Split):
    """Class-incremental split of the classes: at test time all classes met so far are active.

    Args:
        tasks: Number of tasks, among which the classes are divided evenly.
    """

    tasks: int = 5

    def _active_classes(self, class_groups: NDArray[np.int64], number: int) -> tuple[int, ...]:
        return _sorted_classes(class_groups[: number + 1].ravel())


def _sorted_classes(classes: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(map(int, classes)))


def _select_samples(samples: Samples, mask: NDArray[np.bool_]) -> Samples:
    return Samples(samples.inputs[mask], samples.targets[mask], samples.scaling)

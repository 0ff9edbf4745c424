"""Contract of a protocol: how an environment with classes as targets becomes a sequence of tasks.

Everything random (grouping and order of classes, permutations) depends on the seed and the number of the task only, so that
all compared methods learn the same tasks. To tune parameters, use the environment's `validation_split()`: `test` then holds the
validation samples, a sixth of the training samples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

from neuronet.core import DataError, Environment, Samples, check_number, check_seed

View = Callable[[Samples], Samples]


@dataclass(frozen=True, eq=False)
class Task:
    """One task of a sequence.

    Attributes:
        name: Short description, such as "classes 3, 7".
        classes: Outputs that are active while the task is learned, ascending.
        environment: Source of the samples.
        view: Transformation of the environment's samples into the task's; uint8 inputs stay uint8.
    """

    name: str
    classes: tuple[int, ...]
    environment: Environment
    view: View

    @property
    def train(self) -> Samples:
        """Training samples, computed at each access: those of a long sequence would not fit in memory."""
        return self.view(self.environment.train)

    @cached_property
    def test(self) -> Samples:
        """Test samples, cached: they are needed after every later task."""
        return self.view(self.environment.test)


class Protocol(ABC):
    """Rule that makes a sequence of tasks from an environment with classes as targets.

    Attributes:
        tasks: Number of tasks (2 to 1000).
        task_id_given: Whether the task is known at test time; if so, only the task's own classes are active.
        blend: Fraction of a task's length, centred at the boundary, over which one task blends into the next; 0 for a
            sharp boundary.
    """

    tasks: int
    task_id_given: ClassVar[bool] = False
    blend: float = 0.0

    def __post_init__(self) -> None:
        check_number("tasks", self.tasks, 2, 1000, whole=True)

    @final
    def sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """Return the tasks in the order in which they are learned.

        Args:
            environment: Source of the samples; its targets must be classes.
            seed: Random seed (>= 0).

        Raises:
            NeuroNetError: The environment does not fit the protocol, or the seed is not valid.
        """
        check_seed(seed)
        if not environment.payoff.classes:
            name = type(environment).__name__
            raise DataError(f"a protocol needs targets that are classes, but {name} has real-valued targets")
        return self.make_tasks(environment, seed)

    @abstractmethod
    def make_tasks(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """Return the tasks for an environment and a seed that were checked."""

    def outputs(self, environment: Environment) -> int:
        """Return the number of output neurons that the network needs."""
        return environment.outputs

    @final
    def test_classes(self, tasks: Sequence[Task], tested: int, learnt: int) -> tuple[int, ...]:
        """Return the outputs that are active while a task is tested.

        Args:
            tasks: The sequence.
            tested: Index of the tested task.
            learnt: Index of the last task learned; -1 before the first.
        """
        return tasks[tested if self.task_id_given else max(tested, learnt)].classes

"""Protocols: how one world of classes becomes a sequence of tasks, learned one after another.

Each is a wrapper of any environment whose targets are classes. What a seed decides (which classes come together, in which order,
which pixel goes where) depends on the seed and the number of the task alone, so that all who are compared meet the same tasks.
To choose parameters give the environment's `validation_split()`: then `test` is the validation samples, a sixth of the
training samples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.random_streams import check_seed

View = Callable[[Samples], Samples]


@dataclass(frozen=True, eq=False)
class Task:
    """One of the things that are learned in turn.

    Attributes:
        name: Such as "classes 3, 7".
        classes: The outputs that may answer while it is learned, ascending.
        environment: Whose samples it takes.
        view: What it makes of them; bytes stay bytes.
    """

    name: str
    classes: tuple[int, ...]
    environment: Environment
    view: View

    @property
    def train(self) -> Samples:
        """What is learned from; made anew at each call, since long sequences would fill the memory."""
        return self.view(self.environment.train)

    @cached_property
    def test(self) -> Samples:
        """What it is judged by; kept, since it is asked for after each later task."""
        return self.view(self.environment.test)


class Protocol(ABC):
    """Makes a sequence of tasks from a world of classes.

    Attributes:
        tasks: How many there are.
        task_id_given: Whether the task is named when it is tested; if so, only its own classes may answer.
        blend: Over which part of a task's length, centred at the border, one task blends into the next; 0 for a sharp border.
    """

    tasks: int
    task_id_given: ClassVar[bool] = False
    blend: float = 0.0

    def __post_init__(self) -> None:
        check_number("tasks", self.tasks, 2, 1000, whole=True)

    @final
    def sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """The tasks in their order.

        Args:
            environment: Its targets must be classes.
            seed: Of all chance.

        Raises:
            NeuroNetError: The world does not fit.
        """
        check_seed(seed)
        if not environment.payoff.classes:
            raise NeuroNetError(f"a sequence of tasks needs targets that are classes, {type(environment).__name__} has values")
        return self._sequence(environment, seed)

    @abstractmethod
    def _sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """The tasks, for a world of classes."""

    def outputs(self, environment: Environment) -> int:
        """How many output neurons the network needs."""
        return environment.outputs

    @final
    def test_classes(self, tasks: Sequence[Task], tested: int, learnt: int) -> tuple[int, ...]:
        """The outputs that may answer when a task is tested.

        Args:
            tasks: The sequence.
            tested: Which is tested, from 0.
            learnt: The last that was learned, from 0; -1 before the first.
        """
        return tasks[tested if self.task_id_given else max(tested, learnt)].classes

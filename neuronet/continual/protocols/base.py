"""Protocols: how one world of classes becomes a sequence of tasks, learned one after another.

Each is a wrapper of any environment whose targets are classes. What a seed decides (which classes come together, in which order,
which pixel goes where) depends on the seed and the number of the task alone, so that all who are compared meet the same tasks.
To choose parameters give the world's `for_tuning()`: then `test` is the validation samples, a sixth of the training samples.
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
        world: Whose samples it takes.
        view: What it makes of them; bytes stay bytes.
    """

    name: str
    classes: tuple[int, ...]
    world: Environment
    view: View

    @property
    def train(self) -> Samples:
        """What is learned from; made anew at each call, since long sequences would fill the memory."""
        return self.view(self.world.train)

    @cached_property
    def test(self) -> Samples:
        """What it is judged by; kept, since it is asked for after each later task."""
        return self.view(self.world.test)


class Protocol(ABC):
    """Makes a sequence of tasks from a world of classes.

    Attributes:
        tasks: How many there are.
        told: Whether the task is named when it is tested; if so, only its own classes may answer.
        blend: Over which part of a task's length, centred at the border, one task blends into the next; 0 for a sharp border.
    """

    tasks: int
    told: ClassVar[bool] = False
    blend: float = 0.0

    def __post_init__(self) -> None:
        check_number("tasks", self.tasks, 2, 1000, whole=True)

    @final
    def sequence(self, world: Environment, seed: int) -> tuple[Task, ...]:
        """The tasks in their order.

        Args:
            world: Its targets must be classes.
            seed: Of all chance.

        Raises:
            NeuroNetError: The world does not fit.
        """
        check_seed(seed)
        if not world.payoff.classes:
            raise NeuroNetError(f"a sequence of tasks needs targets that are classes, {type(world).__name__} has values")
        return self._sequence(world, seed)

    @abstractmethod
    def _sequence(self, world: Environment, seed: int) -> tuple[Task, ...]:
        """The tasks, for a world of classes."""

    def outputs(self, world: Environment) -> int:
        """How many output neurons the network needs."""
        return world.outputs

    @final
    def answers(self, tasks: Sequence[Task], tested: int, learnt: int) -> tuple[int, ...]:
        """The outputs that may answer when a task is tested.

        Args:
            tasks: The sequence.
            tested: Which is tested, from 0.
            learnt: The last that was learned, from 0; -1 before the first.
        """
        return tasks[tested if self.told else max(tested, learnt)].classes

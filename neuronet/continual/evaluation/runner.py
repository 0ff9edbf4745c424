"""Playing a sequence of tasks: every learner meets the same tasks, networks and batches, seed by seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import array_api_compat.torch as xp
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.continual.evaluation.masked_cross_entropy import OpenClasses
from neuronet.continual.evaluation.replicated_dataset import Deck
from neuronet.continual.evaluation.resource_costs import Clock, kept_bytes, warm_up
from neuronet.continual.methods.base import Batch, Learner, Lesson, Method, Start
from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.gradual_drift import Drift, share_of_others
from neuronet.continual.protocols.presets import Schedule
from neuronet.core.environment import Environment, Samples
from neuronet.core.learning.optimizers import rule_named
from neuronet.core.structure.network import Network, build_network


@dataclass(frozen=True, eq=False)
class Played:
    """What games of a method have come to.

    Attributes:
        accuracy: (R, tasks + 1, tasks): the share of each task's test samples that is right, before the first task and after
            each; nan where nobody judged.
        seconds: Of learning, a replica, without judging: the processor's, or the clock's where a GPU computes.
        kept: Bytes that a replica keeps from round to round beyond its network, at the end of the last task.
    """

    accuracy: NDArray[np.float64]
    seconds: float
    kept: float


@dataclass(frozen=True, eq=False)
class Course:
    """All that those who are compared have in common.

    Attributes:
        protocol: What the tasks are.
        world: Where their samples come from; its test samples judge.
        schedule: How long a task lasts.
        hidden: Neurons in each hidden layer.
        activation: Of the hidden layers.
        rule: The learning rule of those that have none of their own.
        device: Where to compute.
        dtype: "float32" or "float64".
        sparing: Whether a task is judged only right after it was learned, and all at the end: what choosing parameters reads.
    """

    protocol: Protocol
    world: Environment
    schedule: Schedule
    hidden: tuple[int, ...] = (400, 400)
    activation: str = "relu"
    rule: str = "plain"
    device: str = "cpu"
    dtype: str = "float32"
    sparing: bool = False
    _sequences: dict[int, tuple[Task, ...]] = field(default_factory=dict, repr=False)

    def check(self, seed: int) -> None:
        """Refuse what does not fit, before anything is played or written.

        Raises:
            NeuroNetError: The world does not fit the protocol, or the network or the learning rule cannot be made.
        """
        self.sequence(seed)
        self.network(seed)
        rule_named(self.rule)

    def sequence(self, seed: int) -> tuple[Task, ...]:
        """The tasks of a seed; made once."""
        if seed not in self._sequences:
            self._sequences[seed] = self.protocol.sequence(self.world, seed)
        return self._sequences[seed]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The neurons of each layer, inputs first."""
        return (self.world.inputs, *self.hidden, self.protocol.outputs(self.world))

    def network(self, seed: int) -> Network:
        """The fresh network of a seed."""
        return build_network(self.sizes, activation=self.activation, seed=seed)

    def play(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> NDArray[np.float64]:
        """Learn all tasks from every seed.

        Args:
            method: How it is learned.
            learning_rate: With which.
            seeds: (R,), at least one.

        Returns:
            (R, tasks + 1, tasks): the share of each task's test samples that is right, before the first task and after each.
        """
        return self.game(method, learning_rate, seeds).accuracy

    def game(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> Played:
        """Learn all tasks from every seed, and measure what it costs; arguments as in `play`."""
        with one_thread():
            warm_up(self.device, self.dtype)
            groups = [self._together(method, learning_rate, group) for group in self._groups(seeds)]
        return Played(
            np.concatenate([each.accuracy for each in groups]),
            float(np.mean([each.seconds for each in groups])),
            float(np.mean([each.kept for each in groups])),
        )

    def _groups(self, seeds: Sequence[int]) -> list[Sequence[int]]:
        """Those that are played at once: all, or each alone where their tasks have other numbers of rounds."""
        return [seeds] if self.schedule.iterations else [[seed] for seed in seeds]

    def _together(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> Played:
        start = Start(
            networks=[self.network(seed) for seed in seeds],
            seeds=seeds,
            rule=rule_named(method.rule or self.rule),
            learning_rate=learning_rate,
            batch_size=self.schedule.batch_size,
            device=self.device,
            dtype=self.dtype,
        )
        with closing(method.learner(start)) as learner:
            play = Play(self, learner, seeds)
            accuracy = play.accuracies()
            return Played(accuracy, play.clock.seconds / len(seeds), kept_bytes(learner) / len(seeds))


@contextmanager
def one_thread() -> Iterator[None]:
    """A single thread of the processor: how many games are played side by side changes no digit of them.

    With 784-400-400-10 and batches of 128 two threads took 1.7 times the processor's seconds of one, and far more where others
    used the cores.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Play:
    """A learner on its way through the sequences of some seeds.

    Args:
        course: What is learned.
        learner: By whom.
        seeds: One for each replica; all tasks of a number last as long.

    Attributes:
        clock: How long learning took, all replicas together.
    """

    def __init__(self, course: Course, learner: Learner, seeds: Sequence[int]) -> None:
        self._course, self._learner, self._seeds = course, learner, seeds
        self._sequences = [course.sequence(seed) for seed in seeds]
        self.clock = Clock(course.device)
        self._tests = [self._deck([task.test for task in tasks]) for tasks in zip(*self._sequences, strict=True)]

    def _deck(self, parts: Sequence[Samples]) -> Deck:
        return Deck(parts, self._course.device, self._course.dtype)

    def _open(self, classes: Sequence[Sequence[int]]) -> Tensor:
        """Which outputs may answer, (R, 1, O)."""
        found = np.zeros((len(classes), 1, self._course.protocol.outputs(self._course.world)), dtype=np.bool_)
        for replica, each in enumerate(classes):
            found[replica, 0, list(each)] = True
        return torch.tensor(found, device=self._course.device)

    def accuracies(self) -> NDArray[np.float64]:
        """Learn everything, (R, tasks + 1, tasks)."""
        rows = [self.judge(-1)]
        for number in range(len(self._tests)):
            with self.clock:
                self._learn(number)
            rows.append(self.judge(number))
        return np.stack(rows, axis=1)

    def _learn(self, number: int) -> None:
        deck = self._samples(number)
        classes = [sequence[number].classes for sequence in self._sequences]
        lesson = Lesson(number, deck, self._open(classes), self._course.protocol.told)
        self._learner.begin_task(lesson)
        for inputs, targets in self._rounds(number, deck):
            self._learner.play(Batch(inputs, targets, lesson.open))
        self._learner.end_task()

    def _rounds(self, number: int, deck: Deck) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets of each round."""
        each = zip(deck.counts, self._seeds, strict=True)
        orders = [self._course.schedule.order(count, seed, number) for count, seed in each]
        drift = self._drift(number, len(orders[0]))
        for step, places in enumerate(torch.tensor(np.stack(orders, axis=1), device=self._course.device)):
            batch = deck.at(places)
            yield batch if drift is None else drift.mixed(step, *batch)

    def _samples(self, number: int) -> Deck:
        """The training samples of a task."""
        return self._deck([sequence[number].train for sequence in self._sequences])

    def _drift(self, number: int, rounds: int) -> Drift | None:
        blend = self._course.protocol.blend
        if not blend:
            return None
        last = self._samples(number - 1) if number > 0 else None
        following = self._samples(number + 1) if number + 1 < len(self._tests) else None
        return Drift(last, following, share_of_others(rounds, blend), self._seeds, number)

    def judge(self, learnt: int) -> NDArray[np.float64]:
        """The accuracy of each task, (R, tasks), when all up to this one have been learned; -1 before the first."""
        found = np.full((len(self._seeds), len(self._tests)), np.nan)
        for number in self._judged(learnt):
            found[:, number] = self._judge(number, self._tests[number], learnt)
        return found

    def _judged(self, learnt: int) -> Sequence[int]:
        """The tasks that are tested now."""
        last = len(self._tests) - 1
        if self._course.sparing and learnt < last:
            return range(max(learnt, 0), learnt + 1)
        return range(last + 1)

    def _judge(self, number: int, deck: Deck, learnt: int) -> NDArray[np.float64]:
        protocol = self._course.protocol
        payoff = OpenClasses(self._open([protocol.answers(tasks, number, learnt) for tasks in self._sequences]))
        rights = [
            (payoff.correct(xp, self._learner.outputs(inputs), targets) & there).sum(dim=-1)
            for inputs, targets, there in deck.all()
        ]
        shares: NDArray[np.float64] = torch.stack(rights).sum(dim=0).cpu().numpy() / np.asarray(deck.counts)
        return shares

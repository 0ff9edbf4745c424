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

from neuronet.continual.evaluation.masked_cross_entropy import MaskedCrossEntropy
from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.continual.evaluation.resource_costs import Timer, memory_bytes, warm_up
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, TaskInfo
from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.gradual_drift import GradualDrift, neighbour_fraction
from neuronet.continual.protocols.presets import Schedule
from neuronet.core.environment import Environment, Samples
from neuronet.core.structure.network import Network
from neuronet.registry import build_network, parse_optimizer


@dataclass(frozen=True, eq=False)
class SequenceResult:
    """What games of a method have come to.

    Attributes:
        accuracy: (R, tasks + 1, tasks): the share of each task's test samples that is right, before the first task and after
            each; nan where nobody judged.
        seconds: Of learning, a replica, without judging: the processor's, or the clock's where a GPU computes.
        memory_bytes: Bytes that a replica keeps from round to round beyond its network, at the end of the last task.
    """

    accuracy: NDArray[np.float64]
    seconds: float
    memory_bytes: float


@dataclass(frozen=True, eq=False)
class Experiment:
    """All that those who are compared have in common.

    Attributes:
        protocol: What the tasks are.
        environment: Where their samples come from; its test samples judge.
        schedule: How long a task lasts.
        hidden: Neurons in each hidden layer.
        activation: Of the hidden layers.
        optimizer: The optimizer of those that have none of their own.
        device: Where to compute.
        dtype: "float32" or "float64".
        sparse_evaluation: Whether a task is judged only right after it was learned, and all at the end: what choosing
            parameters reads.
    """

    protocol: Protocol
    environment: Environment
    schedule: Schedule
    hidden: tuple[int, ...] = (400, 400)
    activation: str = "relu"
    optimizer: str = "sgd"
    device: str = "cpu"
    dtype: str = "float32"
    sparse_evaluation: bool = False
    _sequences: dict[int, tuple[Task, ...]] = field(default_factory=dict, repr=False)

    def check(self, seed: int) -> None:
        """Refuse what does not fit, before anything is played or written.

        Raises:
            NeuroNetError: The world does not fit the protocol, or the network or the optimizer cannot be made.
        """
        self.sequence(seed)
        self.network(seed)
        parse_optimizer(self.optimizer)

    def sequence(self, seed: int) -> tuple[Task, ...]:
        """The tasks of a seed; made once."""
        if seed not in self._sequences:
            self._sequences[seed] = self.protocol.sequence(self.environment, seed)
        return self._sequences[seed]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The neurons of each layer, inputs first."""
        return (self.environment.inputs, *self.hidden, self.protocol.outputs(self.environment))

    def network(self, seed: int) -> Network:
        """The fresh network of a seed."""
        return build_network(self.sizes, activation=self.activation, seed=seed)

    def accuracy_matrices(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> NDArray[np.float64]:
        """Learn all tasks from every seed.

        Args:
            method: How it is learned.
            learning_rate: With which.
            seeds: (R,), at least one.

        Returns:
            (R, tasks + 1, tasks): the share of each task's test samples that is right, before the first task and after each.
        """
        return self.run(method, learning_rate, seeds).accuracy

    def run(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> SequenceResult:
        """Learn all tasks from every seed, and measure what it costs; arguments as in `accuracy_matrices`."""
        with single_thread():
            warm_up(self.device, self.dtype)
            groups = [self._run_replicas(method, learning_rate, group) for group in self._replica_groups(seeds)]
        return SequenceResult(
            np.concatenate([each.accuracy for each in groups]),
            float(np.mean([each.seconds for each in groups])),
            float(np.mean([each.memory_bytes for each in groups])),
        )

    def _replica_groups(self, seeds: Sequence[int]) -> list[Sequence[int]]:
        """Those that are played at once: all, or each alone where their tasks have other numbers of rounds."""
        return [seeds] if self.schedule.iterations else [[seed] for seed in seeds]

    def _run_replicas(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> SequenceResult:
        config = LearnerConfig(
            networks=[self.network(seed) for seed in seeds],
            seeds=seeds,
            optimizer=parse_optimizer(method.optimizer or self.optimizer),
            learning_rate=learning_rate,
            batch_size=self.schedule.batch_size,
            device=self.device,
            dtype=self.dtype,
        )
        with closing(method.learner(config)) as learner:
            run = SequenceRun(self, learner, seeds)
            accuracy = run.accuracies()
            return SequenceResult(accuracy, run.timer.seconds / len(seeds), memory_bytes(learner) / len(seeds))


@contextmanager
def single_thread() -> Iterator[None]:
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


class SequenceRun:
    """A learner on its way through the sequences of some seeds.

    Args:
        experiment: What is learned.
        learner: By whom.
        seeds: One for each replica; all tasks of a number last as long.

    Attributes:
        timer: How long learning took, all replicas together.
    """

    def __init__(self, experiment: Experiment, learner: Learner, seeds: Sequence[int]) -> None:
        self._experiment, self._learner, self._seeds = experiment, learner, seeds
        self._sequences = [experiment.sequence(seed) for seed in seeds]
        self.timer = Timer(experiment.device)
        self._tests = [self._make_dataset([task.test for task in tasks]) for tasks in zip(*self._sequences, strict=True)]

    def _make_dataset(self, parts: Sequence[Samples]) -> ReplicatedDataset:
        return ReplicatedDataset(parts, self._experiment.device, self._experiment.dtype)

    def _active_classes(self, classes: Sequence[Sequence[int]]) -> Tensor:
        """Which outputs may answer, (R, 1, O)."""
        found = np.zeros((len(classes), 1, self._experiment.protocol.outputs(self._experiment.environment)), dtype=np.bool_)
        for replica, each in enumerate(classes):
            found[replica, 0, list(each)] = True
        return torch.tensor(found, device=self._experiment.device)

    def accuracies(self) -> NDArray[np.float64]:
        """Learn everything, (R, tasks + 1, tasks)."""
        rows = [self.evaluate(-1)]
        for number in range(len(self._tests)):
            with self.timer:
                self._learn(number)
            rows.append(self.evaluate(number))
        return np.stack(rows, axis=1)

    def _learn(self, number: int) -> None:
        dataset = self._samples(number)
        classes = [sequence[number].classes for sequence in self._sequences]
        task_info = TaskInfo(number, dataset, self._active_classes(classes), self._experiment.protocol.task_id_given)
        self._learner.begin_task(task_info)
        for inputs, targets in self._rounds(number, dataset):
            self._learner.train_batch(Batch(inputs, targets, task_info.active_classes))
        self._learner.end_task()

    def _rounds(self, number: int, dataset: ReplicatedDataset) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets of each round."""
        each = zip(dataset.counts, self._seeds, strict=True)
        orders = [self._experiment.schedule.order(count, seed, number) for count, seed in each]
        drift = self._drift(number, len(orders[0]))
        for step, places in enumerate(torch.tensor(np.stack(orders, axis=1), device=self._experiment.device)):
            batch = dataset.take(places)
            yield batch if drift is None else drift.mix(step, *batch)

    def _samples(self, number: int) -> ReplicatedDataset:
        """The training samples of a task."""
        return self._make_dataset([sequence[number].train for sequence in self._sequences])

    def _drift(self, number: int, rounds: int) -> GradualDrift | None:
        blend = self._experiment.protocol.blend
        if not blend:
            return None
        last = self._samples(number - 1) if number > 0 else None
        following = self._samples(number + 1) if number + 1 < len(self._tests) else None
        return GradualDrift(last, following, neighbour_fraction(rounds, blend), self._seeds, number)

    def evaluate(self, learnt: int) -> NDArray[np.float64]:
        """The accuracy of each task, (R, tasks), when all up to this one have been learned; -1 before the first."""
        found = np.full((len(self._seeds), len(self._tests)), np.nan)
        for number in self._evaluated_tasks(learnt):
            found[:, number] = self._task_accuracy(number, self._tests[number], learnt)
        return found

    def _evaluated_tasks(self, learnt: int) -> Sequence[int]:
        """The tasks that are tested now."""
        last = len(self._tests) - 1
        if self._experiment.sparse_evaluation and learnt < last:
            return range(max(learnt, 0), learnt + 1)
        return range(last + 1)

    def _task_accuracy(self, number: int, dataset: ReplicatedDataset, learnt: int) -> NDArray[np.float64]:
        protocol = self._experiment.protocol
        payoff = MaskedCrossEntropy(
            self._active_classes([protocol.test_classes(tasks, number, learnt) for tasks in self._sequences])
        )
        correct = [
            (payoff.correct(xp, self._learner.outputs(inputs), targets) & valid).sum(dim=-1)
            for inputs, targets, valid in dataset.chunks()
        ]
        shares: NDArray[np.float64] = torch.stack(correct).sum(dim=0).cpu().numpy() / np.asarray(dataset.counts)
        return shares

"""Runs of task sequences: every learner gets the same tasks, networks and batches for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import array_api_compat.torch as xp
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.benchmarking import threads
from neuronet.continual.evaluation.resource_costs import Timer, warm_up
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, TaskInfo
from neuronet.continual.methods.masked_cross_entropy import MaskedCrossEntropy
from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.gradual_drift import GradualDrift, neighbour_fraction
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset
from neuronet.core import SGD, Environment, Network, Optimizer, Samples
from neuronet.engines.base import Setup
from neuronet.registry import build_network


@dataclass(frozen=True, eq=False)
class SequenceResult:
    """Result of one method's run through a sequence of tasks.

    Attributes:
        accuracy: (R, tasks + 1, tasks), fraction of each task's test samples that is correct, before the first task and after
            each; nan where it was not evaluated.
        seconds: Seconds of learning per replica, without evaluation: processor time, or wall time on a GPU.
        memory_bytes: Bytes that a replica keeps between rounds beyond its network, at the end of the last task.
    """

    accuracy: NDArray[np.float64]
    seconds: float
    memory_bytes: float


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that the compared methods have in common.

    Attributes:
        protocol: Rule that makes the tasks.
        environment: Source of the samples; its test samples are used for evaluation.
        schedule: Length of a task.
        hidden: Neurons in each hidden layer.
        activation: Activation of the hidden layers.
        optimizer: Optimizer of the methods without one of their own.
        device: Device that computes.
        dtype: "float32" or "float64".
        sparse_evaluation: Whether to evaluate a task only right after it was learned, and all tasks at the end: the values
            that tuning reads.
        watch: As in LearnerConfig.
    """

    protocol: Protocol
    environment: Environment
    schedule: Schedule
    hidden: tuple[int, ...] = (400, 400)
    activation: str = "relu"
    optimizer: Optimizer = field(default_factory=SGD)
    device: str = "cpu"
    dtype: str = "float32"
    sparse_evaluation: bool = False
    watch: Callable[[Setup], Setup] | None = None
    _sequences: dict[int, tuple[Task, ...]] = field(default_factory=dict, init=False, repr=False)

    def check(self, seed: int) -> None:
        """Check that everything fits, before anything is run or written.

        Raises:
            NeuroNetError: The environment does not fit the protocol, or the network is not valid.
        """
        self.sequence(seed)
        self.network(seed)

    def sequence(self, seed: int) -> tuple[Task, ...]:
        """Return the tasks of a seed, cached."""
        if seed not in self._sequences:
            self._sequences[seed] = self.protocol.sequence(self.environment, seed)
        return self._sequences[seed]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, inputs first."""
        return (self.environment.inputs, *self.hidden, self.protocol.outputs(self.environment))

    def network(self, seed: int) -> Network:
        """Return the fresh network of a seed."""
        return build_network(self.sizes, activation=self.activation, seed=seed)

    def accuracy_matrices(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> NDArray[np.float64]:
        """Return the accuracies (R, tasks + 1, tasks) of a method; arguments as in `run`."""
        return self.run(method, learning_rate, seeds).accuracy

    def run(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> SequenceResult:
        """Learn all tasks by one method for every seed.

        Args:
            method: The learning method.
            learning_rate: Learning rate (> 0).
            seeds: Seed of each replica, (R,), at least one.
        """
        # One thread gives the same digits in every process. With 784-400-400-10 and batches of 128, two threads took 1.7 times
        # the processor time of one, and far more where other processes used the cores.
        with threads(1):
            warm_up(self.device, self.dtype)
            # without a fixed number of rounds, replicas may differ in it
            groups = [seeds] if self.schedule.iterations else [[seed] for seed in seeds]
            results = [self._run_replicas(method, learning_rate, group) for group in groups]
        return SequenceResult(
            np.concatenate([result.accuracy for result in results]),
            float(np.mean([result.seconds for result in results])),
            float(np.mean([result.memory_bytes for result in results])),
        )

    def _run_replicas(self, method: Method, learning_rate: float, seeds: Sequence[int]) -> SequenceResult:
        config = LearnerConfig(
            networks=[self.network(seed) for seed in seeds],
            seeds=seeds,
            optimizer=method.own_optimizer or self.optimizer,
            learning_rate=learning_rate,
            batch_size=self.schedule.batch_size,
            device=self.device,
            dtype=self.dtype,
            watch=self.watch,
            shape=self.environment.shape,
        )
        with closing(method.learner(config)) as learner:
            run = SequenceRun(self, learner, seeds)
            accuracy = run.accuracies()
            return SequenceResult(accuracy, run.timer.seconds / len(seeds), learner.kept_bytes() / len(seeds))


class SequenceRun:
    """Run of one learner through the task sequences of some seeds.

    Args:
        experiment: Tasks, networks and schedule.
        learner: The learner, with a replica for each seed.
        seeds: Seed of each replica, (R,); tasks of the same index have the same number of rounds.

    Attributes:
        timer: Time of learning, of all replicas together.
    """

    def __init__(self, experiment: Experiment, learner: Learner, seeds: Sequence[int]) -> None:
        self._experiment, self._learner, self._seeds = experiment, learner, seeds
        self._sequences = [experiment.sequence(seed) for seed in seeds]
        self.timer = Timer(experiment.device)
        self._tests = [self._make_dataset([task.test for task in tasks]) for tasks in zip(*self._sequences, strict=True)]

    def _make_dataset(self, parts: Sequence[Samples]) -> ReplicatedDataset:
        return ReplicatedDataset(parts, self._experiment.device, self._experiment.dtype)

    def _active_classes(self, classes: Sequence[Sequence[int]]) -> Tensor:
        """Return which outputs are active, (R, 1, O), for the classes of each replica."""
        active = np.zeros((len(classes), 1, self._experiment.protocol.outputs(self._experiment.environment)), dtype=np.bool_)
        for replica, indices in enumerate(classes):
            active[replica, 0, list(indices)] = True
        return torch.tensor(active, device=self._experiment.device)

    def accuracies(self) -> NDArray[np.float64]:
        """Learn all tasks and return the accuracies, (R, tasks + 1, tasks)."""
        rows = [self.evaluate(-1)]
        for number in range(len(self._tests)):
            with self.timer:
                self._learn(number)
            rows.append(self.evaluate(number))
        return np.stack(rows, axis=1)

    def _learn(self, number: int) -> None:
        dataset = self.training_samples(number)
        classes = [sequence[number].classes for sequence in self._sequences]
        task_info = TaskInfo(number, dataset, self._active_classes(classes), self._experiment.protocol.task_id_given)
        self._learner.begin_task(task_info)
        schedule = self._experiment.schedule
        factors = {0: 1.0, schedule.rounds(int(dataset.counts[0])) // 2: schedule.late_lr_factor}
        for step, (inputs, targets) in enumerate(self.rounds(number, dataset)):
            if schedule.late_lr_factor != 1 and step in factors:
                self._learner.set_lr_factor(factors[step])
            self._learner.train_batch(Batch(inputs, targets, task_info.active_classes))
        self._learner.end_task()

    def training_samples(self, number: int) -> ReplicatedDataset:
        """Return the training samples of a task."""
        return self._make_dataset([sequence[number].train for sequence in self._sequences])

    def rounds(self, number: int, dataset: ReplicatedDataset) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the inputs (R, B, I) and targets (R, B) of each round of a task with its training samples."""
        schedule = self._experiment.schedule
        orders = [schedule.order(count, seed, number) for count, seed in zip(dataset.counts, self._seeds, strict=True)]
        drift = self._drift(number, len(orders[0]))
        for step, indices in enumerate(torch.tensor(np.stack(orders, axis=1), device=self._experiment.device)):
            batch = dataset.take(indices)
            yield batch if drift is None else drift.mix(step, *batch)

    def _drift(self, number: int, rounds: int) -> GradualDrift | None:
        blend = self._experiment.protocol.blend
        if not blend:
            return None
        last = self.training_samples(number - 1) if number > 0 else None
        following = self.training_samples(number + 1) if number + 1 < len(self._tests) else None
        return GradualDrift(last, following, neighbour_fraction(rounds, blend), self._seeds, number)

    def evaluate(self, learnt: int) -> NDArray[np.float64]:
        """Return the accuracy on each task, (R, tasks), nan where it is not evaluated.

        Args:
            learnt: Index of the last task learned; -1 before the first.
        """
        accuracy = np.full((len(self._seeds), len(self._tests)), np.nan)
        for number in self._evaluated_tasks(learnt):
            accuracy[:, number] = self._task_accuracy(number, self._tests[number], learnt)
        return accuracy

    def _evaluated_tasks(self, learnt: int) -> Sequence[int]:
        last = len(self._tests) - 1
        if self._experiment.sparse_evaluation and learnt < last:
            return range(max(learnt, 0), learnt + 1)
        return range(last + 1)

    def _task_accuracy(self, number: int, dataset: ReplicatedDataset, learnt: int) -> NDArray[np.float64]:
        protocol = self._experiment.protocol
        classes = [protocol.test_classes(tasks, number, learnt) for tasks in self._sequences]
        payoff = MaskedCrossEntropy(self._active_classes(classes))
        correct = [
            (payoff.correct(xp, self._learner.outputs(inputs), targets) & valid).sum(dim=-1)
            for inputs, targets, valid in dataset.chunks()
        ]
        return np.asarray(torch.stack(correct).sum(dim=0).cpu().numpy() / np.asarray(dataset.counts))

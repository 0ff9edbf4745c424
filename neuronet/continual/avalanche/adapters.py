"""The same tasks, first weights and batches in Avalanche as in a course of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from neuronet.baselines.backprop import TORCH_ACTIVATIONS
from neuronet.continual.avalanche.imports import benchmarks, data, plugins
from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.continual.evaluation.runner import Experiment, SequenceRun
from neuronet.continual.methods.base import Batch, Learner
from neuronet.continual.methods.finetuning import mask_outputs
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network


def benchmark(experiment: Experiment, seed: int) -> Any:
    """The tasks of a seed as an Avalanche benchmark: an experience for each task, in `train_stream` and in `test_stream`.

    Inputs are scaled. Where the task is named at the test, its number is the task label; elsewhere all labels are 0.

    Args:
        experiment: What is learned.
        seed: Decides the tasks.

    Raises:
        NeuroNetError: The course's tasks blend into each other.
    """
    _check_sharp_borders(experiment)
    tasks = experiment.sequence(seed)
    labels = [number if experiment.protocol.task_id_given else 0 for number in range(len(tasks))]
    streams = {
        "train": [_dataset(experiment, task.train, label) for task, label in zip(tasks, labels, strict=True)],
        "test": [_dataset(experiment, task.test, label) for task, label in zip(tasks, labels, strict=True)],
    }
    made = benchmarks.benchmark_from_datasets(**streams)
    return benchmarks.with_task_labels(benchmarks.with_classes_timeline(made))


def _check_sharp_borders(experiment: Experiment) -> None:
    if experiment.protocol.blend:
        name = type(experiment.protocol).__name__
        raise NeuroNetError(f"experiences in Avalanche have sharp borders: {name} cannot be played there, use Permuted")


def _dataset(experiment: Experiment, samples: Samples, label: int) -> Any:
    (inputs, targets, _), *more = ReplicatedDataset([samples], "cpu", experiment.dtype).chunks()
    whole = torch.cat([inputs[0], *(part[0][0] for part in more)])
    classes = torch.cat([targets[0], *(part[1][0] for part in more)])
    named = [("targets", classes.tolist(), False), ("targets_task_labels", [label] * len(classes), True)]
    attributes = [data.DataAttribute(values, name, use_in_getitem=shown) for name, values, shown in named]
    return data.TaskAwareSupervisedClassificationDataset([TensorDataset(whole, classes)], data_attributes=attributes)


class Feedforward(nn.Module):
    """A network of ours as an ordinary module of torch.

    Args:
        network: Its weights, biases and activations; everybody is connected.
        dtype: "float32" or "float64".
    """

    def __init__(self, network: Network, dtype: str) -> None:
        super().__init__()
        self._functions: list[Callable[[Tensor], Tensor]] = [TORCH_ACTIVATIONS[name] for name in network.activations]
        self.layers = nn.ModuleList()
        for weights, bias in zip(network.weights, network.biases, strict=True):
            layer = nn.Linear(weights.shape[1], weights.shape[0], dtype=getattr(torch, dtype))
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(weights))
                layer.bias.copy_(torch.tensor(bias))
            self.layers.append(layer)

    def forward(self, inputs: Tensor) -> Tensor:
        """What the output neurons say, (B, O), to inputs (B, I)."""
        outputs = inputs
        for layer, function in zip(self.layers, self._functions, strict=True):
            outputs = function(layer(outputs))
        return outputs


def to_module(network: Network, dtype: str = "float32") -> Feedforward:
    """A network of ours as an ordinary module of torch, with `torch.nn.Linear` layers.

    Raises:
        NeuroNetError: Not everybody is connected.
    """
    if any(mask is not None for mask in network.masks):
        raise NeuroNetError("torch.nn.Linear connects everybody: the network must have dense wiring")
    return Feedforward(network, dtype)


class MatchedBatches(plugins.SupervisedPlugin):  # type: ignore[misc]
    """A plug-in and criterion for any Avalanche strategy: it learns from the batches that our harness plays, in their order.

    As the criterion (`criterion=rounds`; Avalanche then makes it a plug-in by itself) it is the cross-entropy among the outputs
    that may answer while the present task is learned. With `train_epochs=1`. It hands out the samples of the experience alone, so
    a plug-in that mixes others in, such as replay, is not heard.

    Args:
        experiment: What is learned.
        seed: Decides the batches.

    Raises:
        NeuroNetError: The course's tasks blend into each other.
    """

    def __init__(self, experiment: Experiment, seed: int) -> None:
        super().__init__()
        _check_sharp_borders(experiment)
        self._experiment, self._seed = experiment, seed
        self._active_classes = torch.zeros(0, dtype=torch.bool)

    def before_training_exp(self, strategy: Any, **options: Any) -> None:
        """Put our batches in the place of Avalanche's.

        Raises:
            NeuroNetError: The strategy has several epochs.
        """
        if strategy.train_epochs != 1:
            raise NeuroNetError(
                f"MatchedBatches holds all rounds of a task: the strategy must have train_epochs=1, got {strategy.train_epochs}"
            )
        number = strategy.experience.current_experience
        task = self._experiment.sequence(self._seed)[number]
        self._active_classes = torch.zeros(
            self._experiment.protocol.outputs(self._experiment.environment), dtype=torch.bool, device=strategy.device
        )
        self._active_classes[list(task.classes)] = True
        dataset = ReplicatedDataset([task.train], "cpu", self._experiment.dtype)
        order = self._experiment.schedule.order(dataset.counts[0], self._seed, number)
        strategy.dataloader = _Batches(dataset, order, number if self._experiment.protocol.task_id_given else 0)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each sample, (B,)."""
        return functional.cross_entropy(mask_outputs(outputs, self._active_classes), targets, reduction="none")

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss."""
        return self.losses(outputs, targets).mean()


class _Batches:
    """Inputs, targets and task labels of each round.

    Args:
        dataset: The samples of one replica.
        order: (rounds, B), their places.
        label: Of the task.
    """

    def __init__(self, dataset: ReplicatedDataset, order: NDArray[np.int64], label: int) -> None:
        self._samples, self._order, self._label = dataset, order, label

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for places in self._order:
            inputs, targets = self._samples.take([places])
            yield [inputs[0], targets[0], torch.full_like(targets[0], self._label)]


def accuracies(experiment: Experiment, seed: int, strategy: Any) -> NDArray[np.float64]:
    """Let an Avalanche strategy learn all tasks of a seed, tested as our harness tests.

    Args:
        experiment: What is learned.
        seed: Decides the tasks.
        strategy: With `MatchedBatches` for the batches of the seed, or without for its own.

    Returns:
        (tasks + 1, tasks): the share of each task's test samples that is right, before the first task and after each.
    """
    run = SequenceRun(experiment, _EvaluatedStrategy(strategy), [seed])
    rows = [run.evaluate(-1)]
    for number, experience in enumerate(benchmark(experiment, seed).train_stream):
        strategy.train(experience, eval_streams=[])
        rows.append(run.evaluate(number))
    return np.concatenate(rows)


class _EvaluatedStrategy(Learner):
    """A strategy, for the judge alone.

    Args:
        strategy: Of Avalanche.
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def train_batch(self, batch: Batch) -> None:
        raise AssertionError("Avalanche does the training")

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the model says."""
        with torch.no_grad():
            outputs: Tensor = self._strategy.model.eval()(inputs[0].to(self._strategy.device))
        return outputs[None].to(inputs.device)

    def networks(self) -> list[Network]:
        raise AssertionError("the judge asks for outputs alone")

    def close(self) -> None:
        """Nothing is kept."""

"""Tasks, initial weights and batches of an experiment for Avalanche."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from neuronet.baselines import TORCH_ACTIVATIONS
from neuronet.continual.avalanche.imports import benchmarks, data, plugins
from neuronet.continual.evaluation import Experiment, SequenceRun
from neuronet.continual.methods import Batch, Learner, mask_outputs
from neuronet.continual.protocols import ReplicatedDataset
from neuronet.core import ConfigurationError, Network, NeuroNetError, Samples


def benchmark(experiment: Experiment, seed: int) -> Any:
    """Return the tasks of a seed as an Avalanche benchmark: an experience for each task, in `train_stream` and `test_stream`.

    Inputs are scaled. The task label is the index of the task where it is known at test time, and 0 elsewhere.

    Args:
        experiment: Tasks, networks and schedule.
        seed: Random seed (>= 0) of the tasks.

    Raises:
        ConfigurationError: The protocol's tasks blend into each other.
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
        raise ConfigurationError(f"{name} has no sharp task boundaries, which Avalanche needs: use Permuted")


def _dataset(experiment: Experiment, samples: Samples, label: int) -> Any:
    chunks = list(ReplicatedDataset([samples], "cpu", experiment.dtype).chunks())
    inputs, targets = (torch.cat([chunk[index][0] for chunk in chunks]) for index in range(2))
    attributes = [
        data.DataAttribute(targets.tolist(), "targets", use_in_getitem=False),
        data.DataAttribute([label] * len(targets), "targets_task_labels", use_in_getitem=True),
    ]
    return data.TaskAwareSupervisedClassificationDataset([TensorDataset(inputs, targets)], data_attributes=attributes)


class Feedforward(nn.Module):
    """Network as an ordinary module of torch.

    Args:
        network: Weights, biases and activations, with dense wiring.
        dtype: "float32" or "float64".
    """

    def __init__(self, network: Network, dtype: str) -> None:
        super().__init__()
        self._activations: list[Callable[[Tensor], Tensor]] = [TORCH_ACTIVATIONS[name] for name in network.activations]
        self.layers = nn.ModuleList()
        for weights, bias in zip(network.weights, network.biases, strict=True):
            layer = nn.Linear(weights.shape[1], weights.shape[0], dtype=getattr(torch, dtype))
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(weights))
                layer.bias.copy_(torch.tensor(bias))
            self.layers.append(layer)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs (B, O) for inputs (B, I)."""
        outputs = inputs
        for layer, activation in zip(self.layers, self._activations, strict=True):
            outputs = activation(layer(outputs))
        return outputs


def to_module(network: Network, dtype: str = "float32") -> Feedforward:
    """Return a network as an ordinary module of torch, with `torch.nn.Linear` layers.

    Raises:
        NeuroNetError: The wiring is not dense.
    """
    if any(mask is not None for mask in network.masks):
        raise NeuroNetError("torch.nn.Linear needs dense wiring, but the network is sparse")
    return Feedforward(network, dtype)


class MatchedBatches(plugins.SupervisedPlugin):  # type: ignore[misc]
    """Plug-in and criterion for any Avalanche strategy that trains on the batches of an experiment, in their order.

    As the criterion (`criterion=MatchedBatches(...)`, which Avalanche also uses as a plug-in) it is the cross-entropy among the
    active outputs of the present task. Needs `train_epochs=1`. Batches hold only samples of the present experience, so that
    plug-ins that mix in other samples, such as replay, have no effect.

    Args:
        experiment: Tasks, networks and schedule.
        seed: Random seed (>= 0) of the batches.

    Raises:
        ConfigurationError: The protocol's tasks blend into each other.
    """

    def __init__(self, experiment: Experiment, seed: int) -> None:
        super().__init__()
        _check_sharp_borders(experiment)
        self._experiment, self._seed = experiment, seed
        self._active_classes = torch.zeros(0, dtype=torch.bool)

    def before_training_exp(self, strategy: Any, **options: Any) -> None:
        """Replace Avalanche's batches by those of the experiment.

        Raises:
            ConfigurationError: The strategy has several epochs.
        """
        if strategy.train_epochs != 1:
            raise ConfigurationError(
                f"MatchedBatches has all rounds of a task: the strategy must have train_epochs=1, got {strategy.train_epochs}"
            )
        experiment, number = self._experiment, strategy.experience.current_experience
        task = experiment.sequence(self._seed)[number]
        outputs = experiment.protocol.outputs(experiment.environment)
        self._active_classes = torch.zeros(outputs, dtype=torch.bool, device=strategy.device)
        self._active_classes[list(task.classes)] = True
        dataset = ReplicatedDataset([task.train], "cpu", experiment.dtype)
        order = experiment.schedule.order(dataset.counts[0], self._seed, number)
        strategy.dataloader = _Batches(dataset, order, number if experiment.protocol.task_id_given else 0)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each sample, (B,)."""
        return functional.cross_entropy(mask_outputs(outputs, self._active_classes), targets, reduction="none")

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss."""
        return self.losses(outputs, targets).mean()


class _Batches:
    """Iterable of the inputs, targets and task labels of each round.

    Args:
        dataset: Samples of one replica.
        order: (rounds, B), indices of the samples.
        label: Task label.
    """

    def __init__(self, dataset: ReplicatedDataset, order: NDArray[np.int64], label: int) -> None:
        self._samples, self._order, self._label = dataset, order, label

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for indices in self._order:
            inputs, targets = self._samples.take([indices])
            yield [inputs[0], targets[0], torch.full_like(targets[0], self._label)]


def accuracies(experiment: Experiment, seed: int, strategy: Any) -> NDArray[np.float64]:
    """Train an Avalanche strategy on all tasks of a seed and return its accuracies, evaluated as in a study.

    Args:
        experiment: Tasks, networks and schedule.
        seed: Random seed (>= 0) of the tasks.
        strategy: The strategy, with `MatchedBatches` for the batches of the seed, or with its own batches.

    Returns:
        (tasks + 1, tasks), fraction of each task's test samples that is correct, before the first task and after each.
    """
    run = SequenceRun(experiment, _EvaluatedStrategy(strategy), [seed])
    rows = [run.evaluate(-1)]
    for number, experience in enumerate(benchmark(experiment, seed).train_stream):
        strategy.train(experience, eval_streams=[])
        rows.append(run.evaluate(number))
    return np.concatenate(rows)


class _EvaluatedStrategy(Learner):
    """Adapter of an Avalanche strategy for evaluation only.

    Args:
        strategy: The strategy.
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def train_batch(self, batch: Batch) -> None:
        raise AssertionError("Avalanche does the training")

    def outputs(self, inputs: Tensor) -> Tensor:
        with torch.no_grad():
            outputs: Tensor = self._strategy.model.eval()(inputs[0].to(self._strategy.device))
        return outputs[None].to(inputs.device)

    def networks(self) -> list[Network]:
        raise AssertionError("evaluation uses the outputs only")

    def close(self) -> None:
        pass

"""Ridge regression on random features of a trunk that is trained on the first task and then frozen.

McDonnell et al. 2023, "RanPAC: random projections and pre-trained models for continual learning" (arXiv 2307.02251), with the
first task in place of pre-training.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from neuronet.continual.methods.analytic.ridge import Ridge, RidgeLearner
from neuronet.continual.methods.analytic.streaming import StreamingMethod
from neuronet.continual.methods.base import Batch, LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.core import Network
from neuronet.registry import build_network


@dataclass(frozen=True)
class RanPAC(Ridge):
    """Ridge regression on random relus of a trunk's last hidden layer; backpropagation trains the trunk on the first task only.

    Args:
        features: Number of random relus (>= 1).
        memory: Bytes that the sums may take in single precision, which then decide the number of features; 0 for `features`.
        penalty: Weight of the squared norm of the output weights, biases included (> 0).
    """

    @property
    def uses_learning_rate(self) -> bool:
        """Always True: the trunk is trained."""
        return True

    def learner(self, config: LearnerConfig) -> RanPACLearner:
        """Return networks with a trunk."""
        return RanPACLearner(config, self, self.penalty)


class RanPACLearner(RidgeLearner):
    """Learner that trains a trunk on the first task, and from its end on the output weights alone.

    Args:
        config: Initial values.
        method: The method with its parameters.
        penalty: Weight of the squared norm (> 0).
    """

    def __init__(self, config: LearnerConfig, method: StreamingMethod, penalty: float) -> None:
        super().__init__(config, method, penalty)
        self._trunk: BackpropLearner | None = BackpropLearner(config)

    def _network(self, network: Network, features: int, seed: int) -> Network:
        """Return the trunk's layers with random relus on top."""
        built = build_network([*network.sizes[:-1], features, network.sizes[-1]], seed=seed)
        trunk = len(network.sizes) - 2
        return replace(
            built,
            weights=(*network.weights[:trunk], *built.weights[trunk:]),
            activations=(*network.activations[:trunk], *built.activations[trunk:]),
        )

    def begin_task(self, task_info: TaskInfo) -> None:
        """Tell the trunk, in the first task."""
        if self._trunk is not None:
            self._trunk.begin_task(task_info)

    def train_batch(self, batch: Batch) -> None:
        """Train the trunk, or add the samples to the sums."""
        if self._trunk is None:
            super().train_batch(batch)
        else:
            self._trunk.train_batch(batch)

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the trunk's learning rate by a factor."""
        if self._trunk is not None:
            self._trunk.set_lr_factor(factor)

    def end_task(self) -> None:
        """Freeze the trunk at the end of the first task, and add its samples to the sums."""
        if self._trunk is None:
            return
        depth = len(self._trunk.weights) - 1
        for layer in range(depth):
            self.hidden_weights[layer] = self._trunk.weights[layer].detach().clone()
            self.hidden_biases[layer] = self._trunk.biases[layer].detach().clone()
        task, self._trunk = self._trunk.current_task, None
        for inputs, targets, valid in task.dataset.chunks():
            self.add(inputs, targets, valid)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I)."""
        return super().outputs(inputs) if self._trunk is None else self._trunk.outputs(inputs)

    def networks(self) -> list[Network]:
        """Return the network of each replica."""
        return super().networks() if self._trunk is None else self._trunk.networks()

    def network_tensors(self) -> list[Tensor]:
        """Return the trunk's parameters while it is trained."""
        return [] if self._trunk is None else self._trunk.network_tensors()

"""Fine-tuning by error backpropagation: the baseline, and the base class of the published methods.

Uses torch.autograd and torch.optim only, none of NeuroNet's engines, policies or payoffs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neuronet.baselines import TORCH_ACTIVATIONS, torch_optimizer
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, TaskInfo
from neuronet.core import Network, NeuroNetError, Optimizer, Purpose, generator
from neuronet.registry import parse_optimizer

STORAGE_STREAM, REPLAY_STREAM, FISHER_STREAM, RESERVOIR_STREAM = 1, 2, 4, 5
"""Keys of the random streams, within a task, that select the stored, the replayed, the Fisher information's and the reservoir's
samples."""


@dataclass(frozen=True)
class BackpropMethod(Method):
    """Base of the methods on torch.autograd and torch.optim.

    Args:
        optimizer: "sgd", "momentum(0.9)" or "adam"; "" for the study's optimizer.
    """

    optimizer: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        _ = self.own_optimizer  # checks the spec

    @cached_property
    def own_optimizer(self) -> Optimizer | None:
        """The optimizer as an object; None for the study's."""
        return parse_optimizer(self.optimizer) if self.optimizer else None


@dataclass(frozen=True)
class Backprop(BackpropMethod):
    """Fine-tuning by error backpropagation, without protection against forgetting (torch.autograd and torch.optim).

    Args:
        optimizer: "sgd", "momentum(0.9)" or "adam"; "" for the study's optimizer.
    """

    def learner(self, config: LearnerConfig) -> BackpropLearner:
        """Return networks trained by torch."""
        return BackpropLearner(config)


class BackpropLearner(Learner):
    """R networks trained by torch.autograd and torch.optim.

    A subclass may change the loss (`loss`), change its gradients (`adjusted`), add a step of its own after the optimizer's
    (`implicit_step`), freeze parameters (`frozen_parameters`), or observe each step (`after_step`, with `needs_after_step`).

    Args:
        config: Initial values.

    Attributes:
        weights: (R, J, I) of each listening layer, leaf tensors.
        biases: (R, J) of each listening layer, leaf tensors.
        activations: Activation function of each listening layer.
        seeds: Seed of each replica, (R,).
        device: Device of the parameters.
        dtype: Type of the parameters.
        task_info: The present task, or the last one; None before the first.
        needs_after_step: Whether `after_step` is called.
    """

    needs_after_step = False

    def __init__(self, config: LearnerConfig) -> None:
        self.device: str = config.device
        self.dtype: torch.dtype = getattr(torch, config.dtype)
        self._initial_networks = list(config.networks)
        self.activations: list[Callable[[Tensor], Tensor]] = [
            TORCH_ACTIVATIONS[name] for name in self._initial_networks[0].activations
        ]
        self.weights = [self._make_leaf(arrays) for arrays in zip(*(net.weights for net in config.networks), strict=True)]
        self.biases = [self._make_leaf(arrays) for arrays in zip(*(net.biases for net in config.networks), strict=True)]
        self.seeds = tuple(config.seeds)
        self.task_info: TaskInfo | None = None
        self._learning_rate = config.learning_rate
        self._torch_optimizer = torch_optimizer(config.optimizer, [{"params": self.parameters, "lr": config.learning_rate}])

    def _make_leaf(self, arrays: Sequence[NDArray[np.float64]]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=self.dtype, device=self.device, requires_grad=True)

    @property
    def parameters(self) -> list[Tensor]:
        """All weights, then all biases."""
        return [*self.weights, *self.biases]

    @property
    def current_task(self) -> TaskInfo:
        """The present task, or the last one.

        Raises:
            NeuroNetError: `begin_task` was not called yet.
        """
        if self.task_info is None:
            raise NeuroNetError("end_task() was called before begin_task()")
        return self.task_info

    def task_rngs(self, stream: int) -> list[np.random.Generator]:
        """Return a generator of random numbers for each replica, by the present task and a key within it."""
        return [generator(seed, Purpose.TASKS, self.current_task.number, stream) for seed in self.seeds]

    def shuffled_samples(self, stream: int) -> list[NDArray[np.int64]]:
        """Return the indices of all training samples of the present task for each replica, in the random order of a key."""
        counts = self.current_task.dataset.counts
        return [rng.permutation(count) for rng, count in zip(self.task_rngs(stream), counts, strict=True)]

    def begin_task(self, task_info: TaskInfo) -> None:
        """Store the information about the new task."""
        self.task_info = task_info

    def train_batch(self, batch: Batch) -> None:
        """Make one step of the optimizer."""
        parameters = self.parameters
        gradients = self.adjusted(torch.autograd.grad(self.loss(batch).sum(), parameters))
        frozen = self.frozen_parameters()
        before = [parameter.detach().clone() for parameter in parameters] if self.needs_after_step else []
        for index, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            parameter.grad = None if frozen[index] else gradient
        self._torch_optimizer.step()
        self.implicit_step()
        if self.needs_after_step:
            self.after_step(gradients, [new.detach() - old for new, old in zip(parameters, before, strict=True)])

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the initial learning rate by a factor from the next round on."""
        for group in self._torch_optimizer.param_groups:
            group["lr"] = self._learning_rate * factor

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss of each replica, (R,)."""
        return self.loss_of(self.forward(batch.inputs)[-1], batch)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of each replica, (R,), for outputs (R, B, O)."""
        return cross_entropy(outputs, batch).mean(dim=-1)

    def adjusted(self, gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the gradients that the optimizer gets, for those of the loss."""
        return gradients

    def implicit_step(self) -> None:
        """Make a step of the method's own after each step of the optimizer."""

    def step_size(self, index: int) -> Tensor:
        """Return how far a constant gradient of 1 moves a parameter in a round, in the end: a number, or one for each element.

        It is `eta` under SGD, `eta / (1 - mu)` with momentum, and `eta / (sqrt(v) + epsilon)` under Adam, with the corrected mean
        square `v` of the gradients so far. With it, an implicit step rests where the gradients of loss and penalty cancel.

        Args:
            index: Place of the parameter in `parameters`.
        """
        parameter, group = self.parameters[index], self._torch_optimizer.param_groups[0]
        rate = torch.as_tensor(group["lr"], dtype=parameter.dtype, device=parameter.device)
        if "betas" not in group:
            return torch.div(rate, 1.0 - group["momentum"])
        state = self._torch_optimizer.state[parameter]
        square: Tensor = state["exp_avg_sq"] / (1.0 - group["betas"][1] ** float(state["step"]))
        return torch.div(rate, square.sqrt() + group["eps"])

    def frozen_parameters(self) -> list[bool]:
        """Return for each parameter whether it is frozen."""
        return [False] * len(self.parameters)

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Observe a step: the gradients of the loss, without the penalty's, and the changes of the parameters."""

    def forward(self, inputs: Tensor, parameters: Sequence[Tensor] | None = None) -> list[Tensor]:
        """Return the potentials (R, B, J) of every listening layer; the last ones are the outputs.

        Args:
            inputs: (R, B, I).
            parameters: Weights and biases to use; None for the present ones.
        """
        depth = len(self.activations)
        chosen = self.parameters if parameters is None else parameters
        potentials: list[Tensor] = []
        layer_inputs = inputs
        for weights, bias, activation in zip(chosen[:depth], chosen[depth:], self.activations, strict=True):
            potentials.append(torch.baddbmm(bias[:, None], layer_inputs, weights.mT))
            layer_inputs = activation(potentials[-1])
        return potentials

    def hidden_inputs(self, potentials: Sequence[Tensor]) -> list[Tensor]:
        """Return the inputs of every listening layer but the first, for the potentials from `forward`."""
        return [activation(potential) for activation, potential in zip(self.activations, potentials[:-1], strict=False)]

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I)."""
        with torch.no_grad():
            return self.forward(inputs)[-1]

    def networks(self) -> list[Network]:
        """Return the present network of each replica."""
        networks = []
        for replica, network in enumerate(self._initial_networks):
            weights, biases = (
                tuple(tensor[replica].detach().cpu().numpy().astype(np.float64) for tensor in tensors)
                for tensors in (self.weights, self.biases)
            )
            networks.append(replace(network, weights=weights, biases=biases))
        return networks

    def close(self) -> None:
        """Release every tensor."""
        self.weights, self.biases, self.task_info = [], [], None

    def network_tensors(self) -> list[Tensor]:
        """Return all parameters."""
        return self.parameters


def mask_outputs(outputs: Tensor, active_classes: Tensor) -> Tensor:
    """Return the outputs with the inactive ones at minus infinity."""
    return outputs.masked_fill(~active_classes, -torch.inf)


def cross_entropy(outputs: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy of each sample, (R, B), among the active classes."""
    active_outputs = mask_outputs(outputs, batch.active_classes)
    return functional.cross_entropy(active_outputs.flatten(0, 1), batch.targets.flatten(), reduction="none").view(
        batch.targets.shape
    )

"""Error backpropagation by torch's autograd and torch.optim: the baseline, and what the methods of others are built on.

Nothing here uses NeuroNet's engines, policies or payoffs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuronet.baselines.backprop import TORCH_ACTIVATIONS, torch_optimizer
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, TaskInfo
from neuronet.core.structure.network import Network
from neuronet.registry import parse_optimizer


@dataclass(frozen=True)
class Backprop(Method):
    """Error backpropagation, with nothing against forgetting.

    Args:
        optimizer: "sgd" (SGD), "momentum(0.9)" or "adam"; "" for the study's optimizer.
    """

    optimizer: str = ""

    def __post_init__(self) -> None:
        if self.optimizer:
            parse_optimizer(self.optimizer)

    def learner(self, config: LearnerConfig) -> BackpropLearner:
        """Networks that are trained by torch."""
        return BackpropLearner(config)


class BackpropLearner(Learner):
    """R networks trained by autograd and torch.optim.

    A subclass may add to the loss (`loss`), pull parameters (`penalty_gradient`), hold some still (`frozen_parameters`), and
    look at each step (`after_step`).

    Args:
        config: What all learners begin with.

    Attributes:
        weights: (R, J, I) of each listening layer, leaves.
        biases: (R, J) of each.
        task_info: The task that began last; None before the first.
    """

    def __init__(self, config: LearnerConfig) -> None:
        self._device, self._dtype = config.device, getattr(torch, config.dtype)
        self._initial_networks = list(config.networks)
        self._functions = [TORCH_ACTIVATIONS[name] for name in self._initial_networks[0].activations]
        self.weights = [
            self._make_leaf(each) for each in zip(*(network.weights for network in self._initial_networks), strict=True)
        ]
        self.biases = [
            self._make_leaf(each) for each in zip(*(network.biases for network in self._initial_networks), strict=True)
        ]
        self.seeds = tuple(config.seeds)
        self.task_info: TaskInfo | None = None
        self._torch_optimizer = torch_optimizer(config.optimizer, [{"params": self.parameters, "lr": config.learning_rate}])

    def _make_leaf(self, arrays: Sequence[object]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=self._dtype, device=self._device, requires_grad=True)  # type: ignore[arg-type]

    @property
    def parameters(self) -> list[Tensor]:
        """All weights, then all biases."""
        return [*self.weights, *self.biases]

    def begin_task(self, task_info: TaskInfo) -> None:
        """Remember which task it is."""
        self.task_info = task_info

    def train_batch(self, batch: Batch) -> None:
        """Forward, backward, step."""
        parameters = self.parameters
        gradients = torch.autograd.grad(self.loss(batch).sum(), parameters)
        penalty_gradients = self.penalty_gradient()
        frozen_parameters = self.frozen_parameters()
        before = [each.detach().clone() for each in parameters] if self.needs_after_step else []
        for place, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            total = gradient if penalty_gradients is None else gradient + penalty_gradients[place]
            parameter.grad = None if frozen_parameters[place] else total
        self._torch_optimizer.step()
        if self.needs_after_step:
            self.after_step(gradients, [now.detach() - old for now, old in zip(parameters, before, strict=True)])

    needs_after_step = False
    """Whether `after_step` wants to be called."""

    def loss(self, batch: Batch) -> Tensor:
        """The loss of each replica, (R,): the mean over its samples."""
        return self.loss_of(self.forward(batch.inputs)[-1], batch)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean cross-entropy of these outputs, (R,)."""
        return cross_entropy(outputs, batch).mean(dim=-1)

    def penalty_gradient(self) -> list[Tensor] | None:
        """The gradient of what is added to the loss in closed form, by parameter; None for nothing."""
        return None

    def frozen_parameters(self) -> list[bool]:
        """For each parameter, whether it is held still."""
        return [False] * len(self.parameters)

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Called after each step with the gradients of the loss, without the pull, and with how the parameters changed."""

    def forward(self, inputs: Tensor, parameters: Sequence[Tensor] | None = None) -> list[Tensor]:
        """The potentials of every listening layer, (R, B, J) each; those of the last are the outputs.

        Args:
            inputs: (R, B, I).
            parameters: Instead of the present ones.
        """
        depth = len(self._functions)
        chosen = self.parameters if parameters is None else parameters
        potentials: list[Tensor] = []
        layer_inputs = inputs
        for weights, bias, function in zip(chosen[:depth], chosen[depth:], self._functions, strict=True):
            potentials.append(torch.baddbmm(bias[:, None], layer_inputs, weights.mT))
            layer_inputs = function(potentials[-1])
        return potentials

    def hidden_inputs(self, potentials: Sequence[Tensor]) -> list[Tensor]:
        """What every listening layer but the first hears, for the potentials that `forward` gave."""
        return [function(each) for function, each in zip(self._functions, potentials[:-1], strict=False)]

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the networks say."""
        with torch.no_grad():
            return self.forward(inputs)[-1]

    def networks(self) -> list[Network]:
        """As they are now."""
        found = []
        for replica, network in enumerate(self._initial_networks):
            weights, biases = (
                tuple(each[replica].detach().cpu().numpy().astype(np.float64) for each in part)
                for part in (self.weights, self.biases)
            )
            found.append(replace(network, weights=weights, biases=biases))
        return found

    def close(self) -> None:
        """Let go of every tensor."""
        self.weights, self.biases, self.task_info = [], [], None


def mask_outputs(outputs: Tensor, active_classes: Tensor) -> Tensor:
    """The outputs, with those that may not answer at minus infinity."""
    return outputs.masked_fill(~active_classes, -torch.inf)


def cross_entropy(outputs: Tensor, batch: Batch) -> Tensor:
    """Of each sample, (R, B), among the classes that may answer."""
    active_outputs = mask_outputs(outputs, batch.active_classes)
    return functional.cross_entropy(active_outputs.flatten(0, 1), batch.targets.flatten(), reduction="none").view(
        batch.targets.shape
    )

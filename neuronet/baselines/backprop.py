"""Error backpropagation by torch's autograd and torch.optim: the baseline of comparisons, and the reference of alignment.

It uses none of NeuroNet's engines, policies, optimizers or slopes, so that an error in them shows as a difference. The continual
baselines use its table of activations and its optimizers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuronet.core import (
    SGD,
    Adam,
    Array,
    ConfigurationError,
    CrossEntropy,
    Momentum,
    Optimizer,
    Payoff,
    Samples,
    Scaling,
    SquaredError,
)
from neuronet.engines.base import Setup


def _identity(z: Tensor) -> Tensor:
    return z


TORCH_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "leaky-relu": partial(functional.leaky_relu, negative_slope=0.01),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": partial(functional.gelu, approximate="tanh"),
    "identity": _identity,
}
"""Torch's own function for each activation."""

Layer = tuple[Tensor, Tensor, Tensor | None, str]
"""Listening layer of R replicas: weights (R, J, I), bias (R, J), mask (R, J, I) or None, and name of the activation."""


def activities(layers: Sequence[Layer], inputs: Tensor) -> list[Tensor]:
    """Return the activity of every listening layer, (R, B, J) each, for inputs (B, I) or (R, B, I)."""
    activity = inputs.expand(layers[0][0].shape[0], *inputs.shape[-2:])
    found = []
    for weights, bias, mask, name in layers:
        connected = weights if mask is None else weights * mask
        activity = TORCH_ACTIVATIONS[name](torch.baddbmm(bias[:, None], activity, connected.mT))
        found.append(activity)
    return found


def losses(payoff: Payoff, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each sample, (R, B), for outputs (R, B, O)."""
    if isinstance(payoff, CrossEntropy):
        classes = targets.expand(outputs.shape[:-1])
        flat = functional.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), classes.reshape(-1), reduction="none")
        return flat.reshape(classes.shape)
    if isinstance(payoff, SquaredError):
        return 0.5 * functional.mse_loss(outputs, targets.expand(outputs.shape), reduction="none").sum(dim=-1)
    custom: Tensor = payoff.loss(xp, outputs, targets)
    return custom


def negative_gradient(layers: Sequence[Layer], payoff: Payoff, samples: Samples) -> list[Tensor]:
    """Return the update of error backpropagation per unit of learning rate: `-dL/dw` and, last, `-dL/db`, (R, J, S) each.

    Args:
        layers: Listening layers of the networks.
        payoff: Payoff of the outputs; the loss of a batch is the mean over its samples.
        samples: The batch, as tensors.
    """
    leaves = [part.detach().clone().requires_grad_() for weights, bias, _, _ in layers for part in (weights, bias)]
    free: list[Layer] = [(leaves[2 * n], leaves[2 * n + 1], mask, name) for n, (_, _, mask, name) in enumerate(layers)]
    loss = losses(payoff, activities(free, samples.inputs)[-1], samples.targets).mean(dim=-1).sum()
    gradients = torch.autograd.grad(loss, leaves)
    return [-torch.cat((gradients[2 * n], gradients[2 * n + 1][..., None]), dim=-1) for n in range(len(layers))]


class Backprop:
    """Networks trained by autograd and torch.optim, all replicas in one batched computation.

    Args:
        setups: Setup of each replica; the policies play no part.
        device: Device to compute on.

    Attributes:
        round_number: Number of rounds played so far.

    Raises:
        ConfigurationError: torch.optim has no counterpart of the optimizer.
    """

    def __init__(self, setups: Sequence[Setup], *, device: str = "cpu") -> None:
        first = setups[0]
        self.device, self.dtype = device, getattr(torch, first.dtype)
        self.payoff = first.payoff
        self.round_number = 0
        self._has_replica_axis = len(setups) > 1
        self._activations = first.network.activations
        self._masks = [self._mask([setup.network.masks[n] for setup in setups]) for n in range(len(self._activations))]
        groups, self._parameters = [], []
        for rate, group in groupby(setups, key=lambda setup: setup.learning_rate):  # torch.optim has one rate for each leaf
            networks = [setup.network for setup in group]
            pairs = zip(*((network.weights, network.biases) for network in networks), strict=True)
            leaves = [self._leaf(arrays) for kind in pairs for arrays in zip(*kind, strict=True)]
            groups.append({"params": leaves, "lr": float(rate)})
            self._parameters.append(leaves)
        self._optimizer = torch_optimizer(first.optimizer, groups)
        self._rates = [float(group["lr"]) for group in self._optimizer.param_groups]

    def _leaf(self, arrays: Sequence[Any]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=self.dtype, device=self.device, requires_grad=True)

    def _mask(self, masks: Sequence[Any]) -> Tensor | None:
        if all(mask is None for mask in masks):
            return None
        shape = next(mask.shape for mask in masks if mask is not None)
        stacked = np.stack([np.ones(shape) if mask is None else mask for mask in masks])
        return torch.tensor(stacked, dtype=self.dtype, device=self.device)

    def set_lr_factor(self, factor: float) -> None:
        """Scale the learning rates of the following rounds, relative to those of the setups."""
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def layers(self) -> list[Layer]:
        """Return the listening layers as they are now."""
        joined = [torch.cat(leaves) if len(leaves) > 1 else leaves[0] for leaves in zip(*self._parameters, strict=True)]
        depth = len(self._activations)
        return list(zip(joined[:depth], joined[depth:], self._masks, self._activations, strict=True))

    def prepare(self, samples: Samples) -> Samples:
        """Return the samples as tensors on the device; inputs with a scaling are scaled when they are played."""
        targets = torch.tensor(samples.targets, device=self.device)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        if samples.scaling is None:
            return Samples(self._to_device(samples.inputs), targets)
        scaling = Scaling(self._to_device(samples.scaling.shift), self._to_device(samples.scaling.factor))
        return Samples(torch.tensor(samples.inputs, device=self.device), targets, scaling)

    def _to_device(self, array: Array) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play rounds of zero_grad, forward, backward, step.

        Args:
            samples: Samples as `prepare` returned them.
            order: (N,) or (R, N), indices of the samples in the order in which they are played.
            batch_size: Samples of a round; the last round may have fewer.

        Returns:
            Summed loss of the samples of each round, (rounds,) or (R, rounds).
        """
        indices = torch.as_tensor(order, device=self.device)
        sums = []
        for start in range(0, indices.shape[-1], batch_size):
            batch = samples.at(indices[..., start : start + batch_size])
            self._optimizer.zero_grad()
            loss = losses(self.payoff, activities(self.layers(), batch.inputs)[-1], batch.targets)
            torch.autograd.backward(loss.mean(dim=-1).sum())
            self._optimizer.step()
            self.round_number += 1
            sums.append(loss.detach().sum(dim=-1))
        stacked = torch.stack(sums, dim=-1)
        return stacked if self._has_replica_axis else stacked[0]

    def outputs(self, inputs: Array) -> Array:
        """Return the outputs for inputs (B, I): (B, O), or (R, B, O) of R > 1 replicas."""
        with torch.no_grad():
            activity = activities(self.layers(), inputs)[-1]
        return activity if self._has_replica_axis else activity[0]

    def close(self) -> None:
        """Release every tensor."""
        self._parameters = []


def torch_optimizer(optimizer: Optimizer, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """Return torch.optim's counterpart of an optimizer.

    Args:
        optimizer: An optimizer of NeuroNet.
        groups: Parameter groups as torch.optim takes them.

    Raises:
        ConfigurationError: torch.optim has no counterpart.
    """
    if type(optimizer) is SGD:
        return torch.optim.SGD(groups)
    if type(optimizer) is Momentum:
        return torch.optim.SGD(groups, momentum=optimizer.momentum)
    if type(optimizer) is Adam:
        return torch.optim.Adam(groups, betas=(optimizer.beta1, optimizer.beta2), eps=optimizer.epsilon)
    raise ConfigurationError(f"the baseline backprop supports the optimizers sgd, momentum and adam, got {optimizer!r}")

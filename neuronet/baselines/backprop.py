"""Error backpropagation by torch's autograd: the baseline of every comparison, and what updates are aligned with.

Nothing here uses NeuroNet's engines, policies, optimizers or slopes.
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

from neuronet.core.array_types import Array
from neuronet.core.environment import Samples, Scaling
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum, Optimizer
from neuronet.core.payoff import CrossEntropy, Payoff, SquaredError
from neuronet.engines.base.engine import Setup


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
"""Torch's own activation for each of ours."""

Layer = tuple[Tensor, Tensor, Tensor | None, str]
"""Of R replicas: weights (R, J, I), bias (R, J), mask (R, J, I) or None, and the activation's name."""


def activities(layers: Sequence[Layer], inputs: Tensor) -> list[Tensor]:
    """What every listening layer says, (R, B, J) each, to inputs (B, I) or (R, B, I)."""
    activity = inputs.expand(layers[0][0].shape[0], *inputs.shape[-2:])
    found = []
    for weights, bias, mask, name in layers:
        connected = weights if mask is None else weights * mask
        activity = TORCH_ACTIVATIONS[name](torch.baddbmm(bias[:, None], activity, connected.mT))
        found.append(activity)
    return found


def losses(payoff: Payoff, outputs: Tensor, targets: Tensor) -> Tensor:
    """The loss of each sample, (R, B), of outputs (R, B, O)."""
    if isinstance(payoff, CrossEntropy):
        whole = targets.expand(outputs.shape[:-1])
        flat = functional.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), whole.reshape(-1), reduction="none")
        return flat.reshape(whole.shape)
    if isinstance(payoff, SquaredError):
        return 0.5 * functional.mse_loss(outputs, targets.expand(outputs.shape), reduction="none").sum(dim=-1)
    own: Tensor = payoff.loss(xp, outputs, targets)
    return own


def negative_gradient(layers: Sequence[Layer], payoff: Payoff, samples: Samples) -> list[Tensor]:
    """The update that error backpropagation intends, per unit of learning rate: `-dL/dw` and, last, `-dL/db`, (R, J, S) each.

    Args:
        layers: The networks.
        payoff: What outputs are worth; the loss of a batch is the mean over its samples.
        samples: The batch, as tensors.
    """
    parameters = [part.detach().clone().requires_grad_() for weights, bias, _, _ in layers for part in (weights, bias)]
    free: list[Layer] = [(parameters[2 * n], parameters[2 * n + 1], mask, name) for n, (_, _, mask, name) in enumerate(layers)]
    loss = losses(payoff, activities(free, samples.inputs)[-1], samples.targets).mean(dim=-1).sum()
    found = torch.autograd.grad(loss, parameters)
    return [-torch.cat((found[2 * n], found[2 * n + 1][..., None]), dim=-1) for n in range(len(layers))]


class Backprop:
    """Trains networks by autograd and torch.optim, all replicas at once.

    Args:
        setups: The games; their policies play no part.
        device: Where to compute.

    Attributes:
        round_number: How many rounds have been played.

    Raises:
        NeuroNetError: Torch has no optimiser for the optimizer.
    """

    def __init__(self, setups: Sequence[Setup], *, device: str = "cpu") -> None:
        first = setups[0]
        self.device, self.dtype = device, getattr(torch, first.dtype)
        self.payoff = first.payoff
        self.round_number = 0
        self._has_replica_axis = len(setups) > 1
        self._functions = first.network.activations
        self._masks = [self._mask([each.network.masks[n] for each in setups]) for n in range(len(self._functions))]
        rates, self._parameters = [], []
        for rate, several in groupby(setups, key=lambda setup: setup.learning_rate):  # torch.optim has a rate for each leaf
            networks = [setup.network for setup in several]
            pairs = zip(*((each.weights, each.biases) for each in networks), strict=True)
            policies_by_layer = [self._leaf(arrays) for kind in pairs for arrays in zip(*kind, strict=True)]
            rates.append({"params": policies_by_layer, "lr": float(rate)})
            self._parameters.append(policies_by_layer)
        self._torch_optimizer = torch_optimizer(first.optimizer, rates)
        self._rates = [float(group["lr"]) for group in self._torch_optimizer.param_groups]

    def _leaf(self, arrays: Sequence[Any]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=self.dtype, device=self.device, requires_grad=True)

    def _mask(self, masks: Sequence[Any]) -> Tensor | None:
        if all(mask is None for mask in masks):
            return None
        shape = next(mask.shape for mask in masks if mask is not None)
        whole = np.stack([np.ones(shape) if mask is None else mask for mask in masks])
        return torch.tensor(whole, dtype=self.dtype, device=self.device)

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        for group, rate in zip(self._torch_optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def layers(self) -> list[Layer]:
        """The networks as they are now: weights, bias, mask and activation of each listening layer."""
        joined = [torch.cat(leaves) if len(leaves) > 1 else leaves[0] for leaves in zip(*self._parameters, strict=True)]
        depth = len(self._functions)
        return list(zip(joined[:depth], joined[depth:], self._masks, self._functions, strict=True))

    def prepare(self, samples: Samples) -> Samples:
        """The samples as tensors on the device; inputs that have a scaling stay as they are until they are played."""
        targets = torch.tensor(samples.targets, device=self.device)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        if samples.scaling is None:
            return Samples(self._to_device(samples.inputs), targets)
        scaling = Scaling(self._to_device(samples.scaling.shift), self._to_device(samples.scaling.factor))
        return Samples(torch.tensor(samples.inputs, device=self.device), targets, scaling)

    def _to_device(self, array: Array) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds: zero_grad, forward, backward, step.

        Args:
            samples: What `prepare` gave.
            order: (N,) or (R, N), which samples are played, in this order.
            batch_size: Samples a round; the last may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round.
        """
        chosen = torch.as_tensor(order, device=self.device)
        sums = []
        for start in range(0, chosen.shape[-1], batch_size):
            batch = samples.at(chosen[..., start : start + batch_size])
            self._torch_optimizer.zero_grad()
            each = losses(self.payoff, activities(self.layers(), batch.inputs)[-1], batch.targets)
            each.mean(dim=-1).sum().backward()  # type: ignore[no-untyped-call]
            self._torch_optimizer.step()
            self.round_number += 1
            sums.append(each.detach().sum(dim=-1))
        whole = torch.stack(sums, dim=-1)
        return whole if self._has_replica_axis else whole[0]

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O)."""
        with torch.no_grad():
            activity = activities(self.layers(), inputs)[-1]
        return activity if self._has_replica_axis else activity[0]

    def close(self) -> None:
        """Let go of every tensor."""
        self._parameters = []


def torch_optimizer(optimizer: Optimizer, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """Torch's own optimiser for a optimizer.

    Raises:
        NeuroNetError: There is none.
    """
    if type(optimizer) is SGD:
        return torch.optim.SGD(groups)
    if type(optimizer) is Momentum:
        return torch.optim.SGD(groups, momentum=optimizer.momentum)
    if type(optimizer) is Adam:
        return torch.optim.Adam(groups, betas=(optimizer.beta1, optimizer.beta2), eps=optimizer.epsilon)
    raise NeuroNetError(f"the baseline backprop has sgd, momentum and adam as torch does, but not {optimizer!r}")

"""The same round written a second time, with torch's own functions and autograd: the oracle of the checks.

Nothing here uses NeuroNet's activations, payoffs, policies or engines; a mistake in them shows as a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuronet.core.payoff import CrossEntropy
from neuronet.theory.comparison import Layers
from neuronet.theory.test_case import GameCase


def _identity(z: Tensor) -> Tensor:
    return z


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "leaky-relu": partial(functional.leaky_relu, negative_slope=0.01),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": partial(functional.gelu, approximate="tanh"),
    "identity": _identity,
}
"""Torch's own activation for each of ours."""


def mean_loss(case: GameCase, outputs: Tensor) -> Tensor:
    """The loss of a batch: the mean over its samples."""
    targets = torch.as_tensor(case.targets)
    if isinstance(case.setup.payoff, CrossEntropy):
        return functional.cross_entropy(outputs, targets)
    return 0.5 * functional.mse_loss(outputs, targets, reduction="sum") / len(outputs)


def descent(case: GameCase) -> Layers:
    """Error backpropagation by autograd: `-dL/dw` and, last, `-dL/db`, (J, S) for each listening layer."""
    network = case.setup.network
    pairs = zip(network.weights, network.biases, strict=True)
    synapses = [torch.tensor(np.column_stack(pair), requires_grad=True) for pair in pairs]
    said = torch.as_tensor(case.inputs)
    for layer, mask, name in zip(synapses, network.masks, network.activations, strict=True):
        weights = layer[:, :-1] if mask is None else layer[:, :-1] * torch.as_tensor(mask)
        said = FUNCTIONS[name](functional.linear(said, weights, layer[:, -1]))
    gradients = torch.autograd.grad(mean_loss(case, said), synapses)
    return [-gradient.numpy() for gradient in gradients]


def sweep(case: GameCase, feedback_weights: Callable[[Tensor, Tensor], Tensor]) -> Layers:
    """A backward sweep of its own: (J, S) intended changes for each listening layer, per unit of learning rate.

    Args:
        case: A position with every connection there.
        feedback_weights: `feedback_weights(w, c)` is what stands in for the weights (K, J) on the way back, where c (K, J) is
            the change of these weights that is intended per unit of learning rate. `lambda w, c: w` is error backpropagation.
    """
    network = case.setup.network
    said, heard, potentials, activations = torch.as_tensor(case.inputs), [], [], []
    for weights, bias, name in zip(network.weights, network.biases, network.activations, strict=True):
        heard.append(said)
        potentials.append((said @ torch.as_tensor(weights).T + torch.as_tensor(bias)).requires_grad_())
        activations.append(FUNCTIONS[name](potentials[-1]))
        said = activations[-1].detach()
    outputs = said.requires_grad_()
    (output_feedback,) = torch.autograd.grad(-len(outputs) * mean_loss(case, outputs), outputs)
    intents = []
    for layer in reversed(range(len(potentials))):
        (demand,) = torch.autograd.grad(activations[layer], potentials[layer], output_feedback)
        response = torch.einsum("bk,bj->kj", demand, heard[layer].detach()) / len(demand)
        intents.append(torch.column_stack((response, demand.mean(dim=0))).numpy())
        output_feedback = torch.einsum("bk,kj->bj", demand, feedback_weights(torch.as_tensor(network.weights[layer]), response))
    return intents[::-1]

"""Oracle of the checks: the same round written a second time, with torch's own functions and autograd.

It shares no code with what it checks, on purpose: none of NeuroNet's activations, payoffs, policies and engines, nor the baseline
by autograd. The table of functions and the losses are therefore written again; do not merge them with `baselines.backprop`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuronet.core import BalancedCrossEntropy, CrossEntropy
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
"""Torch's own function for each activation."""


def mean_loss(case: GameCase, outputs: Tensor) -> Tensor:
    """Return the loss of a batch, the mean over its samples."""
    targets = torch.as_tensor(case.targets)
    if isinstance(case.setup.payoff, (CrossEntropy, BalancedCrossEntropy)):
        weights = torch.tensor(getattr(case.setup.payoff, "weights", ()) or [1.0] * outputs.shape[-1], dtype=outputs.dtype)
        return functional.cross_entropy(outputs, targets, weights, reduction="sum") / len(outputs)
    return 0.5 * functional.mse_loss(outputs, targets, reduction="sum") / len(outputs)


def descent(case: GameCase) -> Layers:
    """Return the negative gradient by autograd: `-dL/dw` and, last, `-dL/db`, (J, S) for each listening layer."""
    network = case.setup.network
    pairs = zip(network.weights, network.biases, strict=True)
    synapses = [torch.tensor(np.column_stack(pair), requires_grad=True) for pair in pairs]
    activity = torch.as_tensor(case.inputs)
    for layer, mask, name in zip(synapses, network.masks, network.activations, strict=True):
        weights = layer[:, :-1] if mask is None else layer[:, :-1] * torch.as_tensor(mask)
        activity = FUNCTIONS[name](functional.linear(activity, weights, layer[:, -1]))
    gradients = torch.autograd.grad(mean_loss(case, activity), synapses)
    return [-gradient.numpy() for gradient in gradients]


def sweep(case: GameCase, feedback_weights: Callable[[Tensor, Tensor], Tensor]) -> Layers:
    """Return the intended changes of a backward sweep per unit of learning rate, (J, S) for each listening layer.

    Args:
        case: Test case with a dense network.
        feedback_weights: `feedback_weights(w, c)` returns the weights (K, J) that replace the forward weights w on the way back,
            where c (K, J) is their intended change per unit of learning rate. `lambda w, c: w` is error backpropagation.
    """
    network = case.setup.network
    activity, speaker_activities, potentials, activations = torch.as_tensor(case.inputs), [], [], []
    for weights, bias, name in zip(network.weights, network.biases, network.activations, strict=True):
        speaker_activities.append(activity)
        potentials.append((activity @ torch.as_tensor(weights).T + torch.as_tensor(bias)).requires_grad_())
        activations.append(FUNCTIONS[name](potentials[-1]))
        activity = activations[-1].detach()
    outputs = activity.requires_grad_()
    (output_feedback,) = torch.autograd.grad(-len(outputs) * mean_loss(case, outputs), outputs)
    intents = []
    for layer in reversed(range(len(potentials))):
        (demand,) = torch.autograd.grad(activations[layer], potentials[layer], output_feedback)
        response = torch.einsum("bk,bj->kj", demand, speaker_activities[layer].detach()) / len(demand)
        intents.append(torch.column_stack((response, demand.mean(dim=0))).numpy())
        output_feedback = torch.einsum("bk,kj->bj", demand, feedback_weights(torch.as_tensor(network.weights[layer]), response))
    return intents[::-1]

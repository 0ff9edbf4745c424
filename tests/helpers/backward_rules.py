"""Feedback alignment, direct feedback alignment and sign-symmetric feedback written a second time, for torch's autograd.

Nothing here is NeuroNet's: a linear map whose way back is another matrix than its way forth, and gradient descent around it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional


class Asymmetric(torch.autograd.Function):
    """`x W^T`, but errors come back through another matrix than W."""

    @staticmethod
    def forward(ctx, x, weight, back):
        ctx.save_for_backward(x, back)
        return x @ weight.T

    @staticmethod
    def backward(ctx, error):
        x, back = ctx.saved_tensors
        return error @ back, error.T @ x, None


def descend(network, batches, learning_rate, back):
    """Train a tanh network with softmax cross-entropy, errors coming back by `back(layer, weight)`; gives weights and biases."""
    weights = [torch.tensor(w, requires_grad=True) for w in network.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in network.biases]
    optimiser = torch.optim.SGD([*weights, *biases], lr=learning_rate)
    for inputs, targets in batches:
        said = torch.as_tensor(inputs)
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            potential = Asymmetric.apply(said, weight, back(layer, weight.detach())) + bias
            said = torch.tanh(potential) if layer < len(weights) - 1 else potential
        optimiser.zero_grad()
        functional.cross_entropy(said, torch.as_tensor(targets)).backward()
        optimiser.step()
    return [w.detach().numpy() for w in weights], [b.detach().numpy() for b in biases]


def descend_directly(network, batches, learning_rate, direct):
    """The same, but hidden layer l gets the outputs' error through `direct[l]`, (J, O), and no layer hears the next one."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    for inputs, targets in batches:
        said = [np.asarray(inputs)]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            said.append(np.tanh(said[-1] @ weight.T + bias))
        outputs = torch.tensor(said[-1] @ weights[-1].T + biases[-1], requires_grad=True)
        functional.cross_entropy(outputs, torch.as_tensor(targets), reduction="sum").backward()
        error = outputs.grad.numpy()
        deltas = [error @ back.T * (1 - voice**2) for back, voice in zip(direct, said[1:], strict=True)] + [error]
        for layer, delta in enumerate(deltas):
            weights[layer] -= learning_rate * delta.T @ said[layer] / len(delta)
            biases[layer] -= learning_rate * delta.mean(axis=0)
    return weights, biases

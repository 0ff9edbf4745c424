"""Frugal attention-seeking against autograd of the loss plus a price on squared activity."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core import ConfigurationError
from neuronet.policies import AttentionSeeking, Frugal
from neuronet.theory.test_case import ENGINES, make_case


def descent_with_price(case, price):
    """Return the negative gradient of the mean loss plus half the price of the hidden layers' squared activity."""
    network = case.setup.network
    pairs = zip(network.weights, network.biases, strict=True)
    synapses = [torch.tensor(np.column_stack(pair), requires_grad=True) for pair in pairs]
    activity, cost = torch.as_tensor(case.inputs), torch.zeros((), dtype=torch.float64)
    for number, layer in enumerate(synapses, start=1):
        activity = activity @ layer[:, :-1].T + layer[:, -1]
        if number < len(synapses):
            activity = torch.tanh(activity)
            cost = cost + price / 2 * (activity**2).sum() / len(activity)
    loss = torch.nn.functional.cross_entropy(activity, torch.as_tensor(case.targets))
    return [-gradient.numpy() for gradient in torch.autograd.grad(loss + cost, synapses)]


@pytest.mark.parametrize("engine", ENGINES)
def test_price_adds_its_gradient(engine):
    case = make_case([7, 6, 5, 4], activation="tanh", policy=Frugal(price=0.3), learning_rate=2.0**20)
    for ours, gradient in zip(case.intents(engine), descent_with_price(case, 0.3), strict=True):
        np.testing.assert_allclose(ours, gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


def test_speech_without_a_price_is_free():
    case = make_case([7, 6, 4], policy=Frugal(price=0.0))
    plain = case.with_policy(AttentionSeeking())
    for ours, theirs in zip(case.intents("tensors"), plain.intents("tensors"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("price", [-1.0, float("nan"), "dear"])
def test_other_prices_are_refused(price):
    with pytest.raises(ConfigurationError, match="price"):
        Frugal(price=price)

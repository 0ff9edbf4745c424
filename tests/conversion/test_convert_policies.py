"""Every policy at the input of a torch layer, or why it is refused; and the same rounds as the tensor engine plays."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pytest
import torch
from torch import nn

import neuronet
from neuronet import SGD, AttentionSeeking, Greedy, Momentum, NeuroNetError, Noisy, Setup, TensorEngine, build_network
from neuronet.core.observation import Birth, Observation
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.core.structure.population import Group
from neuronet.policies import POLICIES, RandomSignSymmetric, TremblingHand

ADAPTS = "it adapts, which is the optimizer's part"
REFUSED = {
    "copycat": "it needs the attention paid to speakers, and a module does not know the layer before",
    "diminishing-returns": ADAPTS,
    "free-rider": ADAPTS,
    "hebbian": ADAPTS,
    "imprinting": ADAPTS,
    "income-protecting": ADAPTS,
    "keeping-promises": ADAPTS,
    "least-squares": ADAPTS,
    "least-squares-by-context": ADAPTS,
    "node-perturbation": "it explores: it says what it draws",
    "reinforce": "it explores: it says what it draws",
    "stubborn": ADAPTS,
    "weight-maximization": "it explores: it says what it draws",
}
"""Policies that convert refuses, with reasons."""

CONVERTED = {name: cls() for name, cls in POLICIES.items() if name not in REFUSED}
SETTINGS = (
    AttentionSeeking(p=1),
    AttentionSeeking(p=3, foresight=1),
    Greedy(top=2),
    TremblingHand(Noisy(sigma=0.3), tremble=0.2),
    TremblingHand(Noisy(Greedy(), sigma=0.1), tremble=0.5),
    Noisy(AttentionSeeking(p=3, foresight=1)),
    RandomSignSymmetric(scale=0.5, fixed=True),
)
BATCH, NEURONS, LISTENERS, RATE, SEED = 6, 5, 4, 0.1, 11


def test_excluded_policies_exist():
    assert REFUSED.keys() < POLICIES.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_policies_that_are_more_than_feedback_are_refused(name):
    with pytest.raises(NeuroNetError, match="cannot be converted"):
        neuronet.convert(nn.Linear(5, 4), POLICIES[name](), learning_rate=RATE)


def feedback_by_numpy(policy, weight, activity, demand, number):
    """What the policy answers to what a layer of an engine would see."""
    sizes = {"J": NEURONS, "K": LISTENERS, "O": LISTENERS}  # a layer whose listeners are the outputs
    rng = LayerRandom(SEED, 0, sizes)
    draws = RandomStream(rng.draw)
    memory = policy.initial_memory(Birth(draws, lambda axes: np.zeros([sizes[letter] for letter in axes])))
    rng.open(number, BATCH)
    obs = Observation(
        xp=xp,
        activity=activity,
        attention=weight,
        listener_mask=np.ones_like(weight),
        demand=demand,
        broadcast=demand,
        draws=draws,
        learning=True,
        learning_rate=RATE,
    )
    response = demand.T @ activity / BATCH
    if "scales" in policy.hooks:  # the listeners follow the policy, too
        scale = policy.scales(np.column_stack((response, demand.mean(axis=0))), obs, memory).demand
        obs.demand, response = demand * scale, response * scale[:, None]
    if "response" in policy.needs:
        obs.response = response
    return policy.feedback(obs, memory)


@pytest.mark.parametrize("policy", [*CONVERTED.values(), *SETTINGS], ids=repr)
def test_the_gradient_of_the_input_is_the_policys_feedback(policy):
    torch.manual_seed(1)
    layer = neuronet.convert(nn.Linear(NEURONS, LISTENERS).double(), policy, seed=SEED, learning_rate=RATE, outputs=LISTENERS)
    for number in range(3):
        activity = torch.randn(BATCH, NEURONS, dtype=torch.float64, requires_grad=True)
        demand = torch.randn(BATCH, LISTENERS, dtype=torch.float64)
        (-layer(activity) * demand).sum(1).mean().backward()
        weight = layer.weight.detach().numpy()
        expected = feedback_by_numpy(policy, weight, activity.detach().numpy(), demand.numpy(), number)
        np.testing.assert_allclose(-BATCH * activity.grad.numpy(), expected, rtol=1e-9, atol=1e-12)


def as_module(network):
    """The network of an engine as a torch module: relu between layers."""
    layers = []
    for weights, bias in zip(network.weights, network.biases, strict=True):
        layer = nn.Linear(weights.shape[1], weights.shape[0]).double()
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def play_both(policies, converted, neuron_optimizer=None, rounds=8):
    """The largest difference of weights and biases between the tensor engine and the converted module."""
    setup = Setup(build_network([6, 9, 7, 3], seed=2), policies, neuron_optimizer or SGD(), RATE, seed=SEED)
    engine = TensorEngine(setup, device="cpu")
    net = neuronet.convert(as_module(setup.network), converted, seed=SEED, learning_rate=RATE, outputs=3)
    optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=getattr(neuron_optimizer, "momentum", 0.0))
    rng = np.random.default_rng(4)
    for _ in range(rounds):
        inputs, classes = rng.standard_normal((5, 6)), rng.integers(0, 3, 5)
        engine.play(inputs, classes)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(torch.from_numpy(inputs)), torch.from_numpy(classes)).backward()
        optimizer.step()
    found = [parameter.detach().numpy() for parameter in net.parameters()]
    network = engine.network()
    expected = [array for pair in zip(network.weights, network.biases, strict=True) for array in pair]
    start = [array for pair in zip(setup.network.weights, setup.network.biases, strict=True) for array in pair]
    assert all(np.abs(ours - before).max() > 1e-3 for ours, before in zip(found, start, strict=True))
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in zip(found, expected, strict=True))


@pytest.mark.parametrize("policy", [*CONVERTED.values(), *SETTINGS], ids=repr)
def test_the_tensor_engine_plays_the_same_rounds(policy):
    assert play_both(policy, policy) < 1e-10


def test_the_same_with_momentum():
    assert play_both(AttentionSeeking(p=1), AttentionSeeking(p=1), Momentum(0.9)) < 1e-10


def test_the_same_with_mixed_policies():
    """The policies of an engine's layer sit at the input of the torch layer that follows it."""
    some, others = (0, 3, 4, 8), (1, 2, 5, 6, 7)
    mixed = [Group(AttentionSeeking(p=1), some), Group(Noisy(), others)]
    policies = [mixed, Greedy(), AttentionSeeking()]
    assert play_both(policies, {"2": mixed, "4": Greedy()}) < 1e-10

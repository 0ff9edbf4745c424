"""Income protection: its accounts against synaptic intelligence, written separately with autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.policies import Greedy, IncomeProtecting
from neuronet.testing import example_observation
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, game

LAYERS = (1, 2, 3)


def parameters(state):
    """Weights and bias of each layer as torch tensors that autograd follows."""
    return {
        f"{layer}.{name}": torch.tensor(getattr(state.layer(layer), name)).requires_grad_()
        for layer in LAYERS
        for name in ("weights", "bias")
    }


def gradient_of_loss(state, batch):
    """Of the mean cross-entropy, by every parameter's name."""
    held = parameters(state)
    said = torch.tensor(batch.inputs)
    for layer in LAYERS:
        said = said @ held[f"{layer}.weights"].T + held[f"{layer}.bias"]
        said = torch.tanh(said) if layer < max(LAYERS) else said
    loss = torch.nn.functional.cross_entropy(said, torch.tensor(batch.targets))
    return dict(zip(held, (part.numpy() for part in torch.autograd.grad(loss, held.values())), strict=True)), loss.item()


def synaptic_intelligence(engine, rounds):
    """The running path integral of minus gradient times step (Zenke, Poole, Ganguli 2017, equation 3), without boundaries."""
    importance, first, last = {}, None, None
    for _ in range(rounds):
        batch = SAMPLES.at(BATCHES.indices(engine.round_number))
        before = engine.state()
        gradient, _ = gradient_of_loss(before, batch)
        engine.play(batch.inputs, batch.targets)
        after = engine.state()
        for name, slope in gradient.items():
            step = after.to_arrays()[name] - before.to_arrays()[name]
            importance[name] = importance.get(name, 0.0) - slope * step
        first, last = first or before, after
    return importance, first, last


def account(state, layer):
    """What the policy of a layer keeps, wherever the engine stores it."""
    (importance,) = (array for name, array in state.layer(layer).memories[0].items() if name.endswith("importance"))
    return importance


@pytest.mark.parametrize("optimizer", [SGD(), Momentum(0.9), Adam()], ids=repr)
@pytest.mark.parametrize("kappa", [0.0, 50.0])
@pytest.mark.parametrize("engine", ENGINES)
def test_accounts_equal_synaptic_intelligence(engine, kappa, optimizer):
    player = ENGINES[engine](game(IncomeProtecting(kappa=kappa), optimizer=optimizer))
    importance, _, last = synaptic_intelligence(player, 12)
    for layer in LAYERS:
        expected = np.concatenate((importance[f"{layer}.weights"], importance[f"{layer}.bias"][:, None]), axis=1)
        np.testing.assert_allclose(account(last, layer), expected, rtol=1e-7, atol=1e-12)
        assert np.abs(expected).max() > 1e-6


def test_neuron_account_is_the_sum_over_its_synapses():
    by_synapse, by_neuron = (
        ENGINES["tensors"](game(IncomeProtecting(kappa=0.0, account=which))) for which in ("synapse", "neuron")
    )
    for player in (by_synapse, by_neuron):
        synaptic_intelligence(player, 5)
    for layer in LAYERS:
        np.testing.assert_allclose(account(by_neuron.state(), layer), account(by_synapse.state(), layer).sum(axis=1), atol=1e-14)


def test_income_equals_the_decrease_of_the_loss():
    """Steps are small, and every batch is all there is: the accounts of all synapses add up to the loss that has gone."""
    everything = SAMPLES.at(np.arange(len(SAMPLES)))
    for rate, rounds in ((0.01, 40), (0.04, 10)):
        player = ENGINES["tensors"](game(IncomeProtecting(kappa=0.0), learning_rate=rate))
        start = gradient_of_loss(player.state(), everything)[1]
        for _ in range(rounds):
            player.play(everything.inputs, everything.targets)
        fall = start - gradient_of_loss(player.state(), everything)[1]
        assert sum(account(player.state(), layer).sum() for layer in LAYERS) == pytest.approx(fall, rel=0.05)
        assert fall > 0.01


@pytest.mark.parametrize("which", ["synapse", "neuron"])
def test_plasticity_by_hand(which):
    policy, obs = IncomeProtecting(Greedy(), kappa=3.0, account=which), example_observation()
    rng = np.random.default_rng(2)
    response = rng.standard_normal((4, 7))
    importance = rng.standard_normal((4, 7) if which == "synapse" else 4)
    changed = policy.adapt(response, obs, {"importance": importance})
    for j in range(4):
        for s in range(7):
            own = importance[j, s] if which == "synapse" else importance[j]
            expected = response[j, s] / (1 + 3.0 * own) if own > 0 else response[j, s]
            assert changed[j, s] == pytest.approx(expected)


@pytest.mark.parametrize("decay", [0.0, 0.25])
def test_accounts_accumulate_and_decay(decay):
    policy, memory, expected = IncomeProtecting(decay=decay), {"importance": np.zeros((4, 7))}, np.zeros((4, 7))
    rng = np.random.default_rng(3)
    for number in range(4):
        change, response = rng.standard_normal((2, 4, 7))
        memory = policy.remember(change, response, example_observation(number=number), memory)
        expected = (1 - decay) * expected + change * response
    np.testing.assert_allclose(memory["importance"], expected)
    assert expected.min() < 0 < expected.max()


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": "attention"}, "wraps a policy, got 'attention'"),
        ({"kappa": -1}, "kappa must be a finite number of 0 or more, got -1"),
        ({"account": "layer"}, "account must be 'synapse' or 'neuron', got 'layer'"),
        ({"decay": 1}, "decay must be a number from 0 to below 1, got 1"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        IncomeProtecting(**parameters)

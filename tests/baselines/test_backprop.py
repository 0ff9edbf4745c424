"""The baseline: torch's own backpropagation plays the same game as neurons that seek attention."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.baselines.backprop import TORCH_ACTIVATIONS, Backprop, activities, losses, negative_gradient
from neuronet.core.batches import Batches
from neuronet.core.environment import Samples, Scaling
from neuronet.core.errors import ConfigurationError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum, Optimizer
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network

CHANCE = np.random.default_rng(1)
CLASSES = Samples(CHANCE.standard_normal((50, 5)), np.arange(50) % 3)
VALUES = Samples(CHANCE.standard_normal((50, 5)), CHANCE.standard_normal((50, 3)))
BYTES = Samples(
    CHANCE.integers(0, 256, (50, 5)).astype(np.uint8),
    np.arange(50) % 3,
    Scaling(np.full(5, 128.0, dtype=np.float32), np.full(5, 1 / 64, dtype=np.float32)),
)
OPTIMIZERS = {"sgd": (SGD(), 0.1), "momentum": (Momentum(0.8), 0.05), "adam": (Adam(), 0.01)}


def setups_of(optimizer, payoff, activation="tanh", connectivity="dense", rates=(1.0, 0.5), seeds=(3, 4)):
    law, rate = OPTIMIZERS[optimizer]
    return [
        Setup(
            build_network((5, 6, 4, 3), activation=activation, connectivity=connectivity, seed=seed),
            AttentionSeeking(),
            law,
            rate * times,
            payoff,
            seed,
        )
        for times in rates
        for seed in seeds
    ]


@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("samples", "payoff"), [(CLASSES, CrossEntropy()), (VALUES, SquaredError()), (BYTES, CrossEntropy())])
def test_it_is_attention_seeking(optimizer, samples, payoff, connectivity):
    """Two programs that share no line of the backward pass."""
    setups = setups_of(optimizer, payoff, connectivity=connectivity)
    theirs, ours = Backprop(setups), TensorEngine(setups, device="cpu")
    batches = Batches(50, 16, tuple(setup.seed for setup in setups))
    for epoch, factor in enumerate((1.0, 0.5)):
        for each in (theirs, ours):
            each.set_lr_factor(factor)
        sums = [each.play_rounds(each.prepare(samples), batches.order(epoch), 16) for each in (theirs, ours)]
        assert (sums[0] - sums[1]).abs().max() < 1e-9
    for number, (weights, bias, _, _) in enumerate(theirs.layers()):
        for replica in range(4):
            network = ours.network(replica)
            assert np.abs(weights[replica].detach().numpy() - network.weights[number]).max() < 1e-9
            assert np.abs(bias[replica].detach().numpy() - network.biases[number]).max() < 1e-9
    held = ours.prepare(samples).scaled()
    assert (theirs.outputs(held.inputs) - ours.outputs(held.inputs)).abs().max() < 1e-9


@pytest.mark.parametrize("activation", TORCH_ACTIVATIONS)
def test_its_descent_is_the_slope_of_the_loss(activation):
    (setup,) = setups_of("sgd", CrossEntropy(), activation, rates=(1.0,), seeds=(3,))
    engine = Backprop([setup])
    held = engine.prepare(CLASSES)
    layers = [(w.detach(), b.detach(), mask, name) for w, b, mask, name in engine.layers()]
    slopes = negative_gradient(layers, setup.payoff, held)
    step = 1e-6

    def loss(layer, place, sign):
        changed = [(w.clone(), b.clone(), mask, name) for w, b, mask, name in layers]
        weights, bias = changed[layer][:2]
        if place[1] < weights.shape[-1]:
            weights[0, place[0], place[1]] += sign * step
        else:
            bias[0, place[0]] += sign * step
        return float(losses(setup.payoff, activities(changed, held.inputs)[-1], held.targets).mean())

    for layer, place in ((0, (1, 2)), (0, (3, 5)), (1, (2, 4)), (2, (0, 1)), (2, (2, 4))):
        slope = (loss(layer, place, 1) - loss(layer, place, -1)) / (2 * step)
        assert float(slopes[layer][0][place]) == pytest.approx(-slope, abs=1e-8)


def test_one_game_has_no_axis_of_replicas():
    setups = setups_of("momentum", CrossEntropy(), rates=(1.0,), seeds=(3,))
    engine = Backprop(setups)
    held = engine.prepare(CLASSES)
    assert engine.play_rounds(held, np.arange(50), 16).shape == (4,)
    assert engine.outputs(held.inputs).shape == (50, 3)
    assert engine.round_number == 4


def test_connections_that_are_not_there_stay_away():
    setups = setups_of("adam", CrossEntropy(), connectivity="sparse(0.5)")
    engine = Backprop(setups)
    batches = Batches(50, 16, tuple(setup.seed for setup in setups))
    engine.play_rounds(engine.prepare(CLASSES), batches.order(0), 16)
    for number, (weights, _, mask, _) in enumerate(engine.layers()):
        assert mask is not None
        for replica, setup in enumerate(setups):
            there = torch.as_tensor(setup.network.masks[number])
            assert not weights[replica][~there].detach().any()


def test_custom_optimizer_has_no_baseline():
    class Own(Optimizer):
        def update(self, intent, state, learning_rate, step):
            return learning_rate * intent, {}

    setup = Setup(build_network((5, 3)), AttentionSeeking(), Own())
    with pytest.raises(ConfigurationError, match="Own"):
        Backprop([setup])

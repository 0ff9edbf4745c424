"""The baseline by autograd equals attention-seeking neurons on the tensor engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.baselines.backprop import TORCH_ACTIVATIONS, Backprop, activities, losses, negative_gradient
from neuronet.core.data.batches import Batches
from neuronet.core.data.encoding import Scaling
from neuronet.core.environment import Samples
from neuronet.core.errors import ConfigurationError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum, Optimizer
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network

RNG = np.random.default_rng(1)
CLASSES = Samples(RNG.standard_normal((50, 5)), np.arange(50) % 3)
VALUES = Samples(RNG.standard_normal((50, 5)), RNG.standard_normal((50, 3)))
BYTES = Samples(
    RNG.integers(0, 256, (50, 5)).astype(np.uint8),
    np.arange(50) % 3,
    Scaling(np.full(5, 128.0, dtype=np.float32), np.full(5, 1 / 64, dtype=np.float32)),
)
OPTIMIZERS = {"sgd": (SGD(), 0.1), "momentum": (Momentum(0.8), 0.05), "adam": (Adam(), 0.01)}


def setups_of(optimizer, payoff, activation="tanh", connectivity="dense", rates=(1.0, 0.5), seeds=(3, 4)):
    instance, rate = OPTIMIZERS[optimizer]
    return [
        Setup(
            build_network((5, 6, 4, 3), activation=activation, connectivity=connectivity, seed=seed),
            AttentionSeeking(),
            instance,
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
def test_backprop_equals_attention_seeking(optimizer, samples, payoff, connectivity):
    """The two implementations share no code of the backward pass."""
    setups = setups_of(optimizer, payoff, connectivity=connectivity)
    baseline, engine = Backprop(setups), TensorEngine(setups, device="cpu")
    batches = Batches(50, 16, tuple(setup.seed for setup in setups))
    for epoch, factor in enumerate((1.0, 0.5)):
        for player in (baseline, engine):
            player.set_lr_factor(factor)
        sums = [player.play_rounds(player.prepare(samples), batches.order(epoch), 16) for player in (baseline, engine)]
        assert (sums[0] - sums[1]).abs().max() < 1e-9
    for number, (weights, bias, _, _) in enumerate(baseline.layers()):
        for replica in range(4):
            network = engine.network(replica)
            assert np.abs(weights[replica].detach().numpy() - network.weights[number]).max() < 1e-9
            assert np.abs(bias[replica].detach().numpy() - network.biases[number]).max() < 1e-9
    prepared = engine.prepare(samples).scaled()
    assert (baseline.outputs(prepared.inputs) - engine.outputs(prepared.inputs)).abs().max() < 1e-9


@pytest.mark.parametrize("activation", TORCH_ACTIVATIONS)
def test_negative_gradient_equals_the_slope_of_the_loss(activation):
    (setup,) = setups_of("sgd", CrossEntropy(), activation, rates=(1.0,), seeds=(3,))
    engine = Backprop([setup])
    prepared = engine.prepare(CLASSES)
    layers = [(w.detach(), b.detach(), mask, name) for w, b, mask, name in engine.layers()]
    slopes = negative_gradient(layers, setup.payoff, prepared)
    step = 1e-6

    def loss(layer, position, sign):
        changed = [(w.clone(), b.clone(), mask, name) for w, b, mask, name in layers]
        weights, bias = changed[layer][:2]
        if position[1] < weights.shape[-1]:
            weights[0, position[0], position[1]] += sign * step
        else:
            bias[0, position[0]] += sign * step
        return float(losses(setup.payoff, activities(changed, prepared.inputs)[-1], prepared.targets).mean())

    for layer, position in ((0, (1, 2)), (0, (3, 5)), (1, (2, 4)), (2, (0, 1)), (2, (2, 4))):
        slope = (loss(layer, position, 1) - loss(layer, position, -1)) / (2 * step)
        assert float(slopes[layer][0][position]) == pytest.approx(-slope, abs=1e-8)


def test_single_replica_has_no_replica_axis():
    setups = setups_of("momentum", CrossEntropy(), rates=(1.0,), seeds=(3,))
    engine = Backprop(setups)
    prepared = engine.prepare(CLASSES)
    assert engine.play_rounds(prepared, np.arange(50), 16).shape == (4,)
    assert engine.outputs(prepared.inputs).shape == (50, 3)
    assert engine.round_number == 4


def test_missing_connections_keep_zero_weights():
    setups = setups_of("adam", CrossEntropy(), connectivity="sparse(0.5)")
    engine = Backprop(setups)
    batches = Batches(50, 16, tuple(setup.seed for setup in setups))
    engine.play_rounds(engine.prepare(CLASSES), batches.order(0), 16)
    for number, (weights, _, mask, _) in enumerate(engine.layers()):
        assert mask is not None
        for replica, setup in enumerate(setups):
            connected = torch.as_tensor(setup.network.masks[number])
            assert not weights[replica][~connected].detach().any()


def test_custom_optimizer_has_no_baseline():
    class Custom(Optimizer):
        def update(self, intent, state, learning_rate, step):
            return learning_rate * intent, {}

    setup = Setup(build_network((5, 3)), AttentionSeeking(), Custom())
    with pytest.raises(ConfigurationError, match="Custom"):
        Backprop([setup])

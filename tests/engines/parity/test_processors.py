"""A quick part of the parity tests, which `.ci/run` plays under six settings of the processor and its libraries."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

import neuronet
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import OPTIMIZERS
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.policies import AttentionSeeking, Copycat, Greedy
from neuronet.registry import as_channels, build_network
from tests.engines.parity.test_matrix import setup_of
from tests.helpers import toys
from tests.helpers.engine_fixtures import SAMPLES, SIZES, game

ACTIVATIONS = cycle(["tanh", "relu", "sigmoid"])
CASES = list(zip(toys.SHIPPED, cycle(OPTIMIZERS), ACTIVATIONS, cycle(["dense", "sparse(0.3)"]), strict=False))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_policies_play_equally(case, digits):
    assert compare(setup_of(*case), digits, rounds=3).largest <= 1e-9


def opposite(setup):
    """Return the game with attention of equal size from all outputs, but for the last bit."""
    rng = np.random.default_rng(2)
    weights = setup.network.weights[-1]
    signs = np.where(np.arange(len(weights)) % 2, -1.0, 1.0)[:, None]
    tied = signs * np.abs(weights[0]) * (1 + rng.integers(-1, 2, weights.shape) * np.finfo(np.float64).eps)
    return replace(setup, network=replace(setup.network, weights=(*setup.network.weights[:-1], tied)))


@pytest.mark.parametrize("channel", ["", "demand:k-winners(0.1)", "demand:k-winners(0.5)", "demand:quantize(2)"])
@pytest.mark.parametrize("outputs", [2, 3])
@pytest.mark.parametrize("policy", [AttentionSeeking(), Greedy(), Greedy(top=2), Copycat()], ids=repr)
def test_ties_are_decided_equally(policy, outputs, channel):
    network = build_network((*SIZES[:-1], outputs), activation="tanh", seed=1)
    samples = Samples(SAMPLES.inputs, np.arange(len(SAMPLES)) % outputs)
    setup = opposite(Setup(network, policy, learning_rate=0.05, seed=4, channels=as_channels([channel] if channel else [])))
    assert compare(setup, samples, batch_size=6, rounds=20).largest <= 1e-9


def test_last_bits_of_tied_weights_change_nothing():
    """The same game, once with and once without the last bits."""
    for policy in (Greedy(), Greedy(top=2), Copycat()):
        setup = opposite(game(policy))
        weights = setup.network.weights
        row = np.where(np.arange(3) % 2, -1.0, 1.0)[:, None] * np.abs(weights[-1][0])
        exact = replace(setup, network=replace(setup.network, weights=(*weights[:-1], row)))
        first, second = (NeuronModel(each) for each in (setup, exact))
        for model in (first, second):
            model.play(SAMPLES.inputs, SAMPLES.targets)
        for ours, theirs in zip(first.network().weights, second.network().weights, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-13)


def test_two_classes_with_few_winners_learn_equally():
    options = {"channels": "demand:k-winners(0.1)", "epochs": 2, "dtype": "float64", "seed": 1}
    losses = [neuronet.train("breast-cancer", engine=engine, **options).loss for engine in ("agents", "tensors")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_large_layers_play_equally():
    """Large enough for several threads, where the processor has them."""
    rng = np.random.default_rng(3)
    samples = Samples(rng.standard_normal((256, 400)), rng.integers(0, 10, 256))
    setup = Setup(build_network((400, 300, 10), seed=1), Greedy(top=2), learning_rate=0.01, seed=1)
    assert compare(setup, samples, batch_size=256, rounds=2).largest <= 1e-9

"""Small games to interventions with, on every engine."""

from __future__ import annotations

import numpy as np

from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.structure.population import Group
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import as_channels, build_network
from tests.helpers import toys

SAMPLES = Samples(np.random.default_rng(1).standard_normal((40, 6)), np.arange(40) % 3)

POPULATION = (
    (Group(toys.Saver(), (0, 2, 5, 6)), Group(toys.Random(), (1, 3, 4))),
    (Group(toys.Backprop(), (0, 1, 4)), Group(toys.Jealous(), (2, 3))),
    toys.Critic(),
)
"""Memory along listeners and speakers, sights that must be asked for, and draws."""


def game(policies=POPULATION, seed=3, connectivity="sparse(0.6)", optimizer=None, activation="tanh", **options):
    network = build_network((6, 7, 5, 3), connectivity=connectivity, activation=activation, seed=seed)
    options["channels"] = as_channels(options.get("channels", ()))
    return Setup(network, policies, optimizer=optimizer or Momentum(), learning_rate=0.05, seed=seed, **options)


def engines(setup):
    return NeuronModel(setup), TensorEngine(setup, device="cpu")


def play(engine, rounds=5):
    for number in range(engine.round_number, engine.round_number + rounds):
        part = slice(8 * (number % 5), 8 * (number % 5) + 8)
        engine.play(SAMPLES.inputs[part], SAMPLES.targets[part])


def gap(one, other):
    first, second = one.to_arrays(), other.to_arrays()
    assert first.keys() == second.keys()
    return max(float(np.abs(first[name] - second[name]).max(initial=0.0)) for name in first)


def weights_gap(one, other):
    ours, theirs = one.network(), other.network()
    assert ours.sizes == theirs.sizes
    pairs = [*zip(ours.weights, theirs.weights, strict=True), *zip(ours.biases, theirs.biases, strict=True)]
    return max(float(np.abs(a - b).max()) for a, b in pairs)

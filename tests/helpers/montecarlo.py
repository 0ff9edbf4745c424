"""What stochastic neurons demand on average, with error bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import build_network

TINY_LEARNING_RATE = 1e-9
"""A learning rate at which nothing changes, and yet every change is known to eight digits."""


def small_network(hidden, activation):
    """Three inputs, some hidden neurons, two outputs; weights are large enough for the game to be far from linear."""
    network = build_network((3, hidden, 2), activation=activation, seed=5)
    rng = np.random.default_rng(6)
    return replace(network, biases=tuple(0.5 * rng.standard_normal(bias.shape) for bias in network.biases))


def hidden_demands(policy, network, sample, target, payoff, *, replicas=100, copies=500, rounds=2):
    """The mean demand of each hidden neuron on one sample, and its standard error, both (J,).

    Replicas are independent, and so are the copies of the sample in a batch. In the second round there is memory of the first.
    """
    setup = Setup(network, policy, learning_rate=TINY_LEARNING_RATE, payoff=payoff)
    engine = TensorEngine([replace(setup, seed=seed) for seed in range(replicas)], device="cpu")
    for _ in range(rounds):
        before = engine.state().to_arrays()["1.bias"]
        engine.play(np.tile(sample, (copies, 1)), np.tile(target, (copies, 1)) if np.ndim(target) else np.full(copies, target))
    demands = (engine.state().to_arrays()["1.bias"] - before) / TINY_LEARNING_RATE
    return demands.mean(axis=0), demands.std(axis=0, ddof=1) / np.sqrt(replicas)


def assert_expected(measured, errors, expected, *, sharp):
    """Every mean is within 4.5 standard errors of what is expected, and these are small enough to tell.

    Args:
        measured: (J,).
        errors: (J,), standard errors.
        expected: (J,).
        sharp: The most that the errors may be, in units of the largest expected value.
    """
    assert errors.max() < sharp * np.abs(expected).max()
    assert np.abs((measured - expected) / errors).max() < 4.5

"""Imprinting: what the weights become, and that they stay."""

import numpy as np
import pytest

from neuronet import Population, build_network
from neuronet.core import ConfigurationError
from neuronet.engines.base import Setup
from neuronet.policies import AttentionSeeking, Imprinting
from tests.helpers.engine_fixtures import ENGINES


def weights_by_round(engine, policy, rounds=4, seed=0, rate=0.2):
    rng = np.random.default_rng(2)
    network = build_network([6, 40, 3], seed=7)
    population = Population.per_layer([policy, AttentionSeeking()])
    player = ENGINES[engine](Setup(network, population.groups(network, 0), learning_rate=rate, seed=seed))
    inputs = [5.0 + rng.standard_normal((8, 2)) @ rng.standard_normal((2, 6)) for _ in range(rounds)]
    found = [network]
    for part in inputs:
        player.play(part, rng.integers(0, 3, 8))
        found.append(player.network())
    return found, inputs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [0.01, 2.0])
def test_weights_become_directions_of_the_first_inputs_and_stay(engine, rate):
    found, inputs = weights_by_round(engine, Imprinting(length=3.0), rate=rate)
    weights = found[1].weights[0]
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 3.0, atol=1e-9)
    plane = np.linalg.svd(inputs[0] - inputs[0].mean(axis=0))[2][:2]  # the inputs vary in two directions
    np.testing.assert_allclose(weights @ plane.T @ plane, weights, atol=1e-9)
    assert np.linalg.matrix_rank(weights, tol=1e-6) == 2
    np.testing.assert_array_equal(found[1].weights[0], found[4].weights[0])
    np.testing.assert_array_equal(found[0].biases[0], found[4].biases[0])
    assert not np.array_equal(found[0].weights[1], found[4].weights[1])  # outputs adapt


def test_directions_have_the_covariance_of_the_inputs():
    """Of many neurons, the directions vary as the inputs do: in the ratio of the variances of two independent inputs."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 2)) * [3.0, 1.0]
    network = build_network([2, 4000, 2], seed=1)
    policies = Population.per_layer([Imprinting(), AttentionSeeking()])
    player = ENGINES["tensors"](Setup(network, policies.groups(network, 0), learning_rate=0.1, seed=0))
    player.play(inputs, np.arange(200) % 2)
    angles = np.arctan2(*player.network().weights[0].T[::-1])
    covariance = np.cov(inputs.T, bias=True)
    drawn = np.arctan2(*(np.linalg.cholesky(covariance) @ rng.standard_normal((2, 100_000)))[::-1])
    shares, expected = (np.histogram(np.abs(part), bins=6, range=(0, np.pi))[0] / len(part) for part in (angles, drawn))
    np.testing.assert_allclose(shares, expected, atol=0.03)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("inputs", [np.full((4, 6), 0.1), np.full((1, 6), 0.7)])
def test_inputs_that_do_not_vary_leave_no_imprint(engine, inputs):
    network = build_network([6, 5, 3], seed=7)
    population = Population.per_layer([Imprinting(), AttentionSeeking()])
    player = ENGINES[engine](Setup(network, population.groups(network, 0), learning_rate=0.1, seed=0))
    player.play(inputs, np.zeros(len(inputs), dtype=np.int64))
    np.testing.assert_array_equal(player.network().weights[0], network.weights[0])


def test_seeds_decide_the_directions():
    first, again, other = (weights_by_round("tensors", Imprinting(), 1, seed)[0][1].weights[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("length", [0.0, -1.0])
def test_a_length_out_of_range_is_refused(length):
    with pytest.raises(ConfigurationError, match="length"):
        Imprinting(length=length)

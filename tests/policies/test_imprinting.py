"""Imprinting: what is added to the weights, and that nothing is later."""

import numpy as np
import pytest

from neuronet import Population, build_network
from neuronet.core import ConfigurationError
from neuronet.engines.base import Setup
from neuronet.policies import AttentionSeeking, FreeRider, Imprinting
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
def test_weights_grow_by_directions_of_the_first_inputs_and_stay(engine, rate):
    found, inputs = weights_by_round(engine, Imprinting(strength=3.0, rounds=2), rate=rate)
    for number in (0, 1):
        added = found[number + 1].weights[0] - found[number].weights[0]
        np.testing.assert_allclose(np.linalg.norm(added, axis=1), 1.5, atol=1e-9)
        plane = np.linalg.svd(inputs[number] - inputs[number].mean(axis=0))[2][:2]  # the inputs vary in two directions
        np.testing.assert_allclose(added @ plane.T @ plane, added, atol=1e-9)
        assert np.linalg.matrix_rank(added, tol=1e-6) == 2
    np.testing.assert_array_equal(found[2].weights[0], found[4].weights[0])
    np.testing.assert_array_equal(found[0].biases[0], found[4].biases[0])
    assert not np.array_equal(found[0].weights[1], found[4].weights[1])  # outputs adapt


def test_seeds_decide_the_directions():
    first, again, other = (weights_by_round("tensors", Imprinting(), 1, seed)[0][1].weights[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_strength_it_is_a_free_rider(engine):
    found, rider = weights_by_round(engine, Imprinting(strength=0.0))[0], weights_by_round(engine, FreeRider())[0]
    for layer in (0, 1):
        np.testing.assert_allclose(found[-1].weights[layer], rider[-1].weights[layer], atol=1e-12)


@pytest.mark.parametrize("parameters", [{"strength": -1.0}, {"rounds": 0}])
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ConfigurationError, match=next(iter(parameters))):
        Imprinting(**parameters)

"""Weight maximization: the growth of the weights, shared out; and how near its expectation is to the gradient."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.payoff import SquaredError
from neuronet.policies import Reinforce, WeightMaximization
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.montecarlo import assert_expected, hidden_demands, small_network

SAMPLE, TARGET = np.array([0.5, -1.0, 2.0]), np.array([1.0, -0.5])


@given(st.integers(0, 2**20), st.booleans())
def test_rewards_of_the_samples_sum_to_the_weight_growth(seed, sparse):
    """What the listeners' weights grow in half their squared norm by a round, neuron by neuron."""
    obs = example_observation(SyntheticLayer((seed,), lengths={"B": 6, "J": 4, "K": 5}, sparse=sparse))
    policy = WeightMaximization()
    firing = 1 / (1 + np.exp(-obs.potential))
    obs.activity = policy.speak(obs.activity, obs, {})
    obs.response = obs.demand.T @ obs.activity / 6 * obs.listener_mask
    reward = policy.feedback(obs, {}) / (obs.activity - firing)
    after = obs.attention + obs.learning_rate * obs.response
    growth = 0.5 * np.sum(after**2, axis=0) - 0.5 * np.sum(obs.attention**2, axis=0)
    np.testing.assert_allclose(obs.learning_rate * reward.mean(axis=0), growth, rtol=1e-9, atol=1e-12)


def expectations(network):
    """By counting out all states of four neurons, for squared error: what it should demand on average, and the gradient."""
    (below, above), (bias, last) = network.weights, network.biases
    firing = 1 / (1 + np.exp(-(below @ SAMPLE + bias)))
    probabilities, states = [], [np.array(state) for state in product((0.0, 1.0), repeat=4)]
    probabilities = [np.prod(np.where(state == 1, firing, 1 - firing)) for state in states]
    demand, gradient = np.zeros(4), np.zeros(4)
    for probability, state in zip(probabilities, states, strict=True):
        outputs = above @ state + last
        demand += probability * (above.T @ (TARGET - outputs)) * state * (state - firing)
        reward = -0.5 * np.sum((TARGET - outputs) ** 2)
        gradient += probability * reward * (state - firing)  # the score function's identity
    return demand, gradient, firing


def test_mean_feedback_equals_the_enumerated_expectation():
    network = small_network(4, "tanh")
    measured, errors = hidden_demands(WeightMaximization(), network, SAMPLE, TARGET, SquaredError())
    demand, _, _ = expectations(network)
    assert_expected(measured, errors, demand, sharp=0.05)


def test_feedback_differs_from_the_gradient_by_the_squared_weights():
    """By `p (1 - p) sum_k w_k^2 / 2` for squared error: the demands that a firing neuron sees are what its own part has left."""
    network = small_network(4, "tanh")
    demand, gradient, firing = expectations(network)
    bias = firing * (1 - firing) * 0.5 * np.sum(network.weights[1] ** 2, axis=0)
    np.testing.assert_allclose(gradient - demand, bias, rtol=1e-9)
    measured, errors = hidden_demands(WeightMaximization(), network, SAMPLE, TARGET, SquaredError())
    assert_expected(measured + bias, errors, gradient, sharp=0.05)


@pytest.mark.parametrize("number", range(3))
def test_zero_learning_rate_equals_selfish_reinforce_without_baseline(number):
    obs = example_observation(number=number)
    obs.learning_rate = 0.0
    obs.activity = WeightMaximization().speak(obs.activity, obs, {})
    nothing = {"baseline": np.full(obs.activity.shape[1], 1e-300)}  # 0 would be unknown
    np.testing.assert_allclose(WeightMaximization().feedback(obs, {}), Reinforce().feedback(obs, nothing), atol=1e-200)


def test_speak_equals_reinforce():
    for learning in (True, False):
        obs = example_observation()
        obs.learning = learning
        expected = Reinforce().speak(obs.activity, obs, {})
        np.testing.assert_array_equal(WeightMaximization().speak(obs.activity, obs, {}), expected)
    feedback = np.ones_like(obs.activity)
    np.testing.assert_array_equal(WeightMaximization().demand(feedback, obs, {}), feedback)

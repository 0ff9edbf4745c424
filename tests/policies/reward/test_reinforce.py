"""REINFORCE: its expectation by counting out every state of the neurons, and steady where it should be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy
from neuronet.engines.agents import NeuronModel
from neuronet.policies import Reinforce
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, game, play
from tests.helpers.montecarlo import assert_expected, hidden_demands, small_network

SAMPLE, TARGET = np.array([0.5, -1.0, 2.0]), 1
STATES = torch.tensor(list(product((0.0, 1.0), repeat=4)), dtype=torch.float64)
"""Every way in which four neurons can fire, (16, 4)."""


def stochastic_game():
    """The network, the potentials of its hidden neurons, and the outputs and the reward in every state."""
    network = small_network(4, "tanh")
    (below, above), (bias, last) = network.weights, network.biases
    potential = torch.tensor(below @ SAMPLE + bias, requires_grad=True)
    outputs = STATES @ torch.tensor(above).T + torch.tensor(last)
    return network, potential, outputs, outputs[:, TARGET] - torch.logsumexp(outputs, dim=-1)


def probability(potential):
    """Of each state, (16,)."""
    firing = torch.sigmoid(potential)
    return torch.prod(STATES * firing + (1 - STATES) * (1 - firing), dim=-1)


@pytest.mark.parametrize("rounds", [2, 4])
def test_team_feedback_is_the_expected_reward_gradient_on_average(rounds):
    network, potential, _, reward = stochastic_game()
    (expected,) = torch.autograd.grad(probability(potential) @ reward, potential)
    measured, errors = hidden_demands(Reinforce(team=True), network, SAMPLE, TARGET, CrossEntropy(), rounds=rounds)
    assert_expected(measured, errors, expected.numpy(), sharp=0.1)


@pytest.mark.parametrize("rounds", [2, 4])
def test_selfish_feedback_is_the_attention_gradient_on_average(rounds):
    """Neuron j's own gradient, all others' states and the demands being what they are: `sum_k w_kj E[s_k | fires] p (1 - p)`."""
    network, potential, outputs, _ = stochastic_game()
    demand = torch.eye(2, dtype=torch.float64)[TARGET] - torch.softmax(outputs, dim=-1)
    chances, firing = probability(potential).detach(), torch.sigmoid(potential).detach()
    earned = demand @ torch.tensor(network.weights[1])  # by a neuron that fires, in each state
    expected = (chances[:, None] * STATES * earned).sum(dim=0) * (1 - firing)
    measured, errors = hidden_demands(Reinforce(), network, SAMPLE, TARGET, CrossEntropy(), rounds=rounds)
    assert_expected(measured, errors, expected.numpy(), sharp=0.1)


@pytest.mark.parametrize("squared", [False, True])
def test_selfish_feedback_is_not_the_gradient_of_the_expected_reward(squared):
    """For squared error the difference is `-p (1 - p) sum_k w_k^2 / 2`, since demands include the effect of firing."""
    network, potential, outputs, reward = stochastic_game()
    weights, target = torch.tensor(network.weights[1]), torch.eye(2, dtype=torch.float64)[TARGET]
    demand = target - (outputs if squared else torch.softmax(outputs, dim=-1))
    if squared:
        reward = -((target - outputs) ** 2).sum(dim=-1) / 2
    firing = torch.sigmoid(potential).detach()
    selfish = (probability(potential).detach()[:, None] * STATES * (demand @ weights)).sum(dim=0) * (1 - firing)
    (gradient,) = torch.autograd.grad(probability(potential) @ reward, potential)
    if squared:
        torch.testing.assert_close(selfish - gradient, -firing * (1 - firing) * (weights**2).sum(dim=0) / 2)
    distance = torch.linalg.vector_norm(selfish - gradient) / torch.linalg.vector_norm(gradient)
    assert distance > (1.1 if squared else 0.05)
    assert torch.cosine_similarity(selfish, gradient, dim=0) > 0.9


@pytest.mark.parametrize("team", [False, True])
def test_advantage_and_memory_by_hand(team):
    policy, memory, baseline = Reinforce(team=team, baseline=0.6), {"baseline": np.zeros(4)}, np.zeros(4)
    for number in range(3):
        obs = example_observation(SyntheticLayer(), number=number)
        obs.activity = policy.speak(obs.activity, obs, memory)
        samples, neurons = obs.activity.shape
        pay, feedback = np.zeros((samples, neurons)), np.zeros((samples, neurons))
        for x in range(samples):
            for j in range(neurons):
                earned = sum(obs.attention[k, j] * obs.demand[x, k] for k in range(len(obs.attention))) * obs.activity[x, j]
                pay[x, j] = obs.reward[x] if team else earned
                firing = 1 / (1 + np.exp(-obs.potential[x, j]))
                feedback[x, j] = (pay[x, j] - baseline[j]) * (obs.activity[x, j] - firing) if number else 0.0
        np.testing.assert_allclose(policy.feedback(obs, memory), feedback)
        np.testing.assert_array_equal(policy.demand(feedback, obs, memory), feedback)
        memory = policy.remember(None, None, obs, memory)
        baseline = 0.6 * baseline + 0.4 * pay.mean(axis=0) if number else pay.mean(axis=0)
        np.testing.assert_allclose(memory["baseline"], baseline)


def test_firing_rate_equals_the_sigmoid_of_the_potential():
    obs = example_observation(SyntheticLayer(lengths={"B": 4000}))
    said = Reinforce().speak(obs.activity, obs, {})
    assert set(np.unique(said)) == {0.0, 1.0}
    firing = 1 / (1 + np.exp(-obs.potential))
    z = np.sum(said - firing, axis=0) / np.sqrt(np.sum(firing * (1 - firing), axis=0))
    assert np.abs(z).max() < 4
    loud = obs.potential > 1
    assert said[loud].mean() == pytest.approx(firing[loud].mean(), abs=0.05)


def test_activity_in_evaluation_is_the_firing_probability():
    obs = example_observation()
    obs.learning = False
    np.testing.assert_allclose(Reinforce().speak(obs.activity, obs, {}), 1 / (1 + np.exp(-obs.potential)))


def test_neurons_without_listeners_do_not_fire():
    obs = example_observation()
    obs.listener_mask = np.array([[1.0, 0.0, 0.0, 0.0]] * 3)
    said = Reinforce().speak(obs.activity, obs, {})
    np.testing.assert_array_equal(said[:, 1:], obs.activity[:, 1:])
    assert set(np.unique(said[:, 0])) <= {0.0, 1.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_output_neurons_and_evaluation_are_deterministic(engine):
    player = ENGINES[engine](game(Reinforce(), activation="relu"))
    network = player.setup.network
    said = SAMPLES.inputs
    for weights, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        said = 1 / (1 + np.exp(-(said @ weights.T + bias)))
    expected = said @ network.weights[-1].T + network.biases[-1]
    np.testing.assert_allclose(player.outputs(SAMPLES.inputs), expected, rtol=1e-9)


def test_hidden_agents_fire_in_play():
    model = play(NeuronModel(game(Reinforce(), activation="relu")), 1)
    assert set(np.unique(model.boards[1].activity)) == {0.0, 1.0}


def test_only_a_team_needs_the_reward():
    assert Reinforce().needs == frozenset()
    assert Reinforce(team=True).needs == {"reward"}


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"team": 1}, "team must be true or false, got 1"),
        ({"team": "loss"}, "team must be true or false, got 'loss'"),
        ({"baseline": 1}, "baseline must be a number from 0 to below 1, got 1"),
        ({"baseline": float("nan")}, "baseline must be a number from 0 to below 1, got nan"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        Reinforce(**parameters)

"""Node perturbation: unbiased by Monte Carlo, and steady where it should be."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pytest
import torch

from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.policies import NodePerturbation
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, game, play
from tests.helpers.montecarlo import assert_expected, hidden_demands, small_network

SAMPLE, TARGET = np.array([0.5, -1.0, 2.0]), np.array([1.0, -0.5])


def gradient(network, loss):
    """Minus the derivative of the loss by the hidden potentials, by autograd, (J,)."""
    weights, biases = ([torch.tensor(each) for each in arrays] for arrays in (network.weights, network.biases))
    potential = (torch.tensor(SAMPLE) @ weights[0].T + biases[0]).requires_grad_()
    (derivative,) = torch.autograd.grad(loss(potential, weights[1], biases[1]), potential)
    return -derivative.numpy()


@pytest.mark.parametrize("sigma", [0.1, 2.0])
@pytest.mark.parametrize("rounds", [2, 4])
def test_mean_feedback_is_the_gradient_of_a_quadratic_loss(sigma, rounds):
    network = small_network(4, "identity")
    measured, errors = hidden_demands(NodePerturbation(sigma), network, SAMPLE, TARGET, SquaredError(), rounds=rounds)
    expected = gradient(network, lambda z, w, b: 0.5 * ((torch.tensor(TARGET) - z @ w.T - b) ** 2).sum())
    assert_expected(measured, errors, expected, sharp=0.1)


def test_mean_feedback_is_the_gradient_of_the_expected_loss():
    """The expectation over the noise of four neurons, by Gauss-Hermite quadrature."""
    network, sigma = small_network(4, "tanh"), 0.5
    nodes, parts = np.polynomial.hermite_e.hermegauss(9)
    noise = torch.tensor(np.stack(np.meshgrid(*[nodes] * 4), axis=-1).reshape(-1, 4))
    part = torch.tensor(np.prod(np.meshgrid(*[parts / parts.sum()] * 4), axis=0).ravel())

    def loss(potential, weights, bias):
        outputs = (torch.tanh(potential) + sigma * noise) @ weights.T + bias
        return part @ (torch.logsumexp(outputs, dim=-1) - outputs[:, 1])

    measured, errors = hidden_demands(NodePerturbation(sigma), network, SAMPLE, 1, CrossEntropy())
    assert_expected(measured, errors, gradient(network, loss), sharp=0.1)


def look(learning, usual_reward=-1.0):
    rng = LayerRandom(0, 1, {"J": 3, "K": 2})
    rng.open(0, 5)
    reward = usual_reward + np.arange(5.0)
    connected = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    activity = np.zeros((5, 3))
    return Observation(
        xp=xp, activity=activity, listener_mask=connected, reward=reward, learning=learning, draws=RandomStream(rng.draw)
    )


def test_feedback_follows_the_noise_of_the_forward_pass():
    policy, obs, memory = NodePerturbation(sigma=0.3), look(learning=True), {"baseline": np.array([-1.0, 2.0, -1.0])}
    noise = policy.speak(obs.activity, obs, memory) / 0.3
    expected = (obs.reward[:, None] - memory["baseline"]) * noise / 0.3
    np.testing.assert_allclose(policy.feedback(obs, memory), expected)
    assert np.abs(noise[:, :2]).min() > 0
    assert not noise[:, 2].any()  # it has no listeners


def test_first_round_has_noise_and_zero_feedback():
    policy, obs, memory = NodePerturbation(), look(learning=True), {"baseline": np.zeros(3)}
    assert policy.speak(obs.activity, obs, memory).any()
    assert not policy.feedback(obs, memory).any()


def test_evaluation_is_deterministic():
    activity = np.random.default_rng(1).standard_normal((5, 3))
    np.testing.assert_array_equal(NodePerturbation().speak(activity, look(learning=False), {}), activity)


@pytest.mark.parametrize("engine", ENGINES)
def test_output_neurons_and_evaluation_are_deterministic(engine):
    perturbed = ENGINES[engine](game(NodePerturbation(sigma=5.0)))
    steady = ENGINES[engine](game(NodePerturbation(sigma=1e-12)))
    np.testing.assert_allclose(perturbed.outputs(SAMPLES.inputs), steady.outputs(SAMPLES.inputs), rtol=1e-9)
    play(perturbed, 1)
    np.testing.assert_array_equal(perturbed.outputs(SAMPLES.inputs), perturbed.outputs(SAMPLES.inputs))


def test_baseline_is_a_running_mean_of_rewards():
    policy, memory, expected = NodePerturbation(baseline=0.75), {"baseline": np.zeros(4)}, None
    for number in range(5):
        obs = example_observation(SyntheticLayer(), number=number)
        memory = policy.remember(None, None, obs, memory)
        mean = sum(obs.reward) / len(obs.reward)
        expected = mean if expected is None else 0.75 * expected + 0.25 * mean
        np.testing.assert_allclose(memory["baseline"], expected)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"sigma": 0}, "sigma must be a finite number above 0, got 0"),
        ({"sigma": -1.0}, "sigma must be a finite number above 0, got -1.0"),
        ({"baseline": 1}, "baseline must be a number from 0 to below 1, got 1"),
        ({"baseline": -0.1}, "baseline must be a number from 0 to below 1, got -0.1"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        NodePerturbation(**parameters)

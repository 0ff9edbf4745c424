from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from neuronet.control.environments import CategoricalActions, GaussianActions, VectorEnv, policy_gradient_feedback
from neuronet.core.errors import MissingExtraError, NeuroNetError
from tests.control.fixtures import ScriptedEnv, SignalEnv, TargetEnv, UnsupportedEnv

OUTPUTS = np.array([[0.3, -1.0, 2.0], [0.0, 0.0, -700.0]])
LINE = Box(-1.0, 1.0, (1,))


def test_categorical_actions_follow_the_softmax():
    output_values = np.repeat(OUTPUTS[:1], 20_000, axis=0)
    drawn = CategoricalActions(3).sample(output_values, np.random.default_rng(0))
    expected = np.exp(OUTPUTS[0]) / np.exp(OUTPUTS[0]).sum()
    assert np.abs(np.bincount(drawn, minlength=3) / len(drawn) - expected).max() < 4 * 0.5 / np.sqrt(len(drawn))


def test_most_likely_categorical_action():
    actions = CategoricalActions(3, first=5)
    assert actions.most_likely(OUTPUTS).tolist() == [2, 0]
    assert [actions.to_env(target) for target in actions.most_likely(OUTPUTS)] == [7, 5]


def test_gaussian_actions_are_scaled_and_clipped_to_their_bounds():
    actions = GaussianActions(np.array([0.0, -np.inf], dtype=np.float32), np.array([10.0, 3.0], dtype=np.float32))
    assert actions.outputs == 2
    assert actions.to_env(np.array([0.0, 0.5])).tolist() == [5.0, 0.5]  # the second value has no lower bound
    assert actions.to_env(np.array([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert actions.to_env(np.array([7.0, 7.0])).tolist() == [10.0, 3.0]
    assert actions.to_env(np.array([7.0, 7.0])).dtype == np.float32


def test_gaussian_actions_are_centred_on_the_outputs():
    actions = GaussianActions(np.zeros((2, 1)), np.ones((2, 1)), action_std=0.2)
    drawn = actions.sample(np.tile([[0.3, -0.8]], (20_000, 1)), np.random.default_rng(0))
    assert np.abs(drawn.mean(axis=0) - [0.3, -0.8]).max() < 4 * 0.2 / np.sqrt(len(drawn))
    assert np.abs(drawn.std(axis=0) / 0.2 - 1).max() < 4 / np.sqrt(2 * len(drawn))
    assert actions.to_env(drawn[0]).shape == (2, 1)


def test_feedback_is_the_gradient_of_the_log_probability():
    rng = np.random.default_rng(0)
    output_values, advantage = rng.standard_normal((6, 3)), rng.standard_normal(6)
    gaussian = GaussianActions(-np.ones(3), np.ones(3), action_std=0.7)
    outputs = torch.tensor(output_values, requires_grad=True)
    for actions, distribution in (
        (CategoricalActions(3), torch.distributions.Categorical(logits=outputs)),
        (gaussian, torch.distributions.Independent(torch.distributions.Normal(outputs, 0.7), 1)),
    ):
        done = actions.sample(output_values, rng)
        feedback, cost = policy_gradient_feedback(actions, output_values, done, advantage)
        log_probability = distribution.log_prob(torch.as_tensor(done))
        (expected,) = torch.autograd.grad((torch.as_tensor(advantage) * log_probability).sum(), outputs)
        np.testing.assert_allclose(feedback, expected.numpy(), rtol=1e-12, atol=1e-12)
        apart = cost / advantage + log_probability.detach().numpy()  # a constant of the distribution
        np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-12)


def test_observations_are_encoded_as_inputs():
    assert VectorEnv(lambda: ScriptedEnv([1]), 1, 0.5).encode(np.array([[1, 2], [3, 4]])).tolist() == [1, 2, 3, 4]
    signal = VectorEnv(SignalEnv, 1, 0.5)
    assert (signal.inputs, signal.actions.outputs) == (3, 3)
    assert signal.encode(1).tolist() == [1, 0, 0]
    assert signal.encode(3).tolist() == [0, 0, 1]


def test_vector_env_describes_its_environment():
    vector_env = VectorEnv("CartPole-v1", 2, 0.5)
    assert (vector_env.name, vector_env.threshold, vector_env.inputs) == ("CartPole-v1", 475.0, 4)
    assert isinstance(vector_env.actions, CategoricalActions)
    own = VectorEnv(TargetEnv, 3, 0.3)
    assert (own.name, own.threshold, len(own.envs), own.actions.precision) == ("TargetEnv", None, 3, pytest.approx(1 / 0.09))


@pytest.mark.parametrize(
    "environment, fragment",
    [
        ("CartPol-v1", "cannot make the Gymnasium environment 'CartPol-v1': .*CartPole"),
        ("no_such_module:Env-v0", "cannot make the Gymnasium environment 'no_such_module:Env-v0'"),
        (7, "environment must .* got 7"),
        (lambda: 7, "gymnasium.Env, got 7"),
        (
            lambda: UnsupportedEnv(Dict(a=LINE), Discrete(2)),
            "the observations of 'UnsupportedEnv' must be a Box or Discrete, got Dict.*FlattenObs",
        ),
        (
            lambda: UnsupportedEnv(MultiBinary(3), Discrete(2)),
            "the observations of 'UnsupportedEnv' must be a Box or Discrete, got MultiBinary",
        ),
        (
            lambda: UnsupportedEnv(LINE, MultiDiscrete([2, 2])),
            "the actions of 'UnsupportedEnv' must be Discrete or a Box of floating point, got Mul",
        ),
        (
            lambda: UnsupportedEnv(LINE, Box(0, 9, (2,), dtype=np.int64)),
            "the actions of 'UnsupportedEnv' must be Discrete or a Box of floating point",
        ),
    ],
)
def test_unsupported_environments_are_refused(environment, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        VectorEnv(environment, 1, 0.5)


def test_missing_gymnasium_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(MissingExtraError, match=r"gymnasium: pip install 'neuronet\[rl\]'"):
        VectorEnv("CartPole-v1", 1, 0.5)

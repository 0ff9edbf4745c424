from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from neuronet.control.environments import CategoricalActions, GaussianActions, VectorEnv, policy_gradient_feedback
from neuronet.core.errors import NeuroNetError
from tests.control.fixtures import ScriptedEnv, SignalEnv, TargetEnv, UnsupportedEnv

OUTPUTS = np.array([[0.3, -1.0, 2.0], [0.0, 0.0, -700.0]])
LINE = Box(-1.0, 1.0, (1,))


def test_choices_are_drawn_as_often_as_softmax_says():
    output_values = np.repeat(OUTPUTS[:1], 20_000, axis=0)
    drawn = CategoricalActions(3).sample(output_values, np.random.default_rng(0))
    expected = np.exp(OUTPUTS[0]) / np.exp(OUTPUTS[0]).sum()
    assert np.abs(np.bincount(drawn, minlength=3) / len(drawn) - expected).max() < 4 * 0.5 / np.sqrt(len(drawn))


def test_the_best_choice_and_its_number():
    choices = CategoricalActions(3, first=5)
    assert choices.most_likely(OUTPUTS).tolist() == [2, 0]
    assert [choices.to_env(each) for each in choices.most_likely(OUTPUTS)] == [7, 5]


def test_moves_span_their_bounds_and_stay_within():
    moves = GaussianActions(np.array([0.0, -np.inf], dtype=np.float32), np.array([10.0, 3.0], dtype=np.float32))
    assert moves.outputs == 2
    assert moves.to_env(np.array([0.0, 0.5])).tolist() == [5.0, 0.5]  # the second has no lower bound, so it stands for itself
    assert moves.to_env(np.array([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert moves.to_env(np.array([7.0, 7.0])).tolist() == [10.0, 3.0]
    assert moves.to_env(np.array([7.0, 7.0])).dtype == np.float32


def test_moves_are_drawn_about_the_outputs():
    moves = GaussianActions(np.zeros((2, 1)), np.ones((2, 1)), action_std=0.2)
    drawn = moves.sample(np.tile([[0.3, -0.8]], (20_000, 1)), np.random.default_rng(0))
    assert np.abs(drawn.mean(axis=0) - [0.3, -0.8]).max() < 4 * 0.2 / np.sqrt(len(drawn))
    assert np.abs(drawn.std(axis=0) / 0.2 - 1).max() < 4 / np.sqrt(2 * len(drawn))
    assert moves.to_env(drawn[0]).shape == (2, 1)


def test_the_wish_is_the_gradient_of_the_log_probability():
    rng = np.random.default_rng(0)
    output_values, advantage = rng.standard_normal((6, 3)), rng.standard_normal(6)
    moves = GaussianActions(-np.ones(3), np.ones(3), action_std=0.7)
    outputs = torch.tensor(output_values, requires_grad=True)
    for actions, distribution in (
        (CategoricalActions(3), torch.distributions.Categorical(logits=outputs)),
        (moves, torch.distributions.Independent(torch.distributions.Normal(outputs, 0.7), 1)),
    ):
        done = actions.sample(output_values, rng)
        feedback, cost = policy_gradient_feedback(actions, output_values, done, advantage)
        log_probability = distribution.log_prob(torch.as_tensor(done))
        (expected,) = torch.autograd.grad((torch.as_tensor(advantage) * log_probability).sum(), outputs)
        np.testing.assert_allclose(feedback, expected.numpy(), rtol=1e-12, atol=1e-12)
        apart = cost / advantage + log_probability.detach().numpy()  # the same for every step: a constant of the distribution
        np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-12)


def test_observations_become_inputs():
    assert VectorEnv(lambda: ScriptedEnv([1]), 1, 0.5).encoder.encode(np.array([[1, 2], [3, 4]])).tolist() == [1, 2, 3, 4]
    signal = VectorEnv(SignalEnv, 1, 0.5)
    assert (signal.encoder.inputs, signal.actions.outputs) == (3, 3)
    assert signal.encoder.encode(1).tolist() == [1, 0, 0]
    assert signal.encoder.encode(3).tolist() == [0, 0, 1]


def test_worlds_know_their_environment():
    vector_env = VectorEnv("CartPole-v1", 2, 0.5)
    assert (vector_env.name, vector_env.threshold, vector_env.encoder.inputs) == ("CartPole-v1", 475.0, 4)
    assert isinstance(vector_env.actions, CategoricalActions)
    own = VectorEnv(TargetEnv, 3, 0.3)
    assert (own.name, own.threshold, len(own.envs), own.actions.precision) == ("TargetEnv", None, 3, pytest.approx(1 / 0.09))


@pytest.mark.parametrize(
    "environment, sentence",
    [
        ("CartPol-v1", "cannot make the Gymnasium environment 'CartPol-v1': .*CartPole"),
        ("no_such_module:Env-v0", "cannot make the Gymnasium environment 'no_such_module:Env-v0'"),
        (7, "environment must be a Gymnasium id such as 'CartPole-v1', or a function, got 7"),
        (lambda: 7, "the function must make a gymnasium.Env, got 7"),
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
def test_what_cannot_be_used_is_refused(environment, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        VectorEnv(environment, 1, 0.5)


def test_without_gymnasium_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(NeuroNetError, match=r"control needs gymnasium: pip install 'neuronet\[rl\]'"):
        VectorEnv("CartPole-v1", 1, 0.5)

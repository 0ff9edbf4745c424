"""Environments that break Gymnasium's contract are refused in one sentence, which says what was wrong."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import TimeLimit

from neuronet import control
from neuronet.control.environments import VectorEnv
from neuronet.control.rollouts import play_episodes
from neuronet.core.errors import ConfigurationError, DataError, PlugInError
from tests.control.fixtures import AnswerEnv, ScriptedEnv, UnsupportedEnv

ZEROS = np.zeros(3, dtype=np.float32)
DONE = (ZEROS, 1.0, True, False, {})


def play(env):
    """Return the first reward and the first two observations of an episode."""
    vector_env = VectorEnv(lambda: env, 1, 0.5)
    outputs = vector_env.actions.outputs
    return play_episodes(vector_env, lambda inputs: np.zeros((len(inputs), outputs)), seeds=[0], rng=None, max_steps=2)


BROKEN = {
    "step of four": (AnswerEnv((ZEROS, 1.0, True, {})), r"step of 'AnswerEnv' must return .* got a tuple of 4 values"),
    "reset without info": (AnswerEnv(DONE, reset=ZEROS), r"reset of .* got ndarray of shape \(3,\)"),
    "reset of None": (AnswerEnv(DONE, reset=(None, None)), "reset of"),
    "first observation of None": (AnswerEnv(DONE, reset=(None, {})), r"observations .* of shape \(3,\), got None"),
    "reward array": (AnswerEnv((ZEROS, np.ones(1), True, False, {})), r"a reward .* got ndarray of shape \(1,\)"),
    "reward None": (AnswerEnv((ZEROS, None, True, False, {})), "must be one real number, got None"),
    "reward masked": (AnswerEnv((ZEROS, np.ma.masked, True, False, {})), "must be one real number, got masked"),
    "reward text": (AnswerEnv((ZEROS, "1.0", True, False, {})), "must be one real number, got '1.0'"),
    "reward complex": (AnswerEnv((ZEROS, np.complex128(1 + 1j), True, False, {})), "must be one real number"),
    "reward too large": (AnswerEnv((ZEROS, 10**400, True, False, {})), "must be one real number, got 1000"),
    "terminated None": (AnswerEnv((ZEROS, 1.0, None, False, {})), "terminated of 'AnswerEnv' must be true or false, got None"),
    "truncated text": (AnswerEnv((ZEROS, 1.0, True, "False", {})), "truncated of 'AnswerEnv' must be true or false"),
    "terminated array": (AnswerEnv((ZEROS, 1.0, np.array([True]), False, {})), "terminated"),
    "longer observation": (AnswerEnv((np.zeros(4), 1.0, False, False, {})), r"of shape \(3,\), got ndarray of shape \(4,\)"),
    "column": (AnswerEnv((np.zeros((3, 1)), 1.0, False, False, {})), r"got ndarray of shape \(3, 1\)"),
    "complex": (AnswerEnv((np.zeros(3, dtype=complex), 1.0, False, False, {})), "must be real numbers"),
    "text": (AnswerEnv((np.array(["1", "2", "3"]), 1.0, False, False, {})), "must be real numbers"),
    "ragged": (AnswerEnv(([0.0, [1.0], 2.0], 1.0, False, False, {})), "cannot be read as an array"),
    "masked": (AnswerEnv((np.ma.array(ZEROS, mask=[0, 1, 0]), 1.0, False, False, {})), "no masked values"),
    "gradient": (AnswerEnv((torch.zeros(3, requires_grad=True), 1.0, False, False, {})), "cannot be read as an array"),
    "large integers": (AnswerEnv((np.full(3, 2**53 + 1), 1.0, False, False, {})), "exact in double precision"),
    "above a Discrete": (AnswerEnv((4, 1.0, False, False, {}), (1, {}), Discrete(3, start=1)), "integers from 1 to 3, got 4"),
    "below a Discrete": (AnswerEnv((0, 1.0, False, False, {}), (1, {}), Discrete(3, start=1)), "integers from 1 to 3, got 0"),
    "fraction of a Discrete": (AnswerEnv((1.7, 1.0, False, False, {}), (1, {}), Discrete(3)), "integers from 0 to 2, got 1.7"),
    "array of a Discrete": (AnswerEnv((np.ones(2), 1.0, False, False, {}), (1, {}), Discrete(3)), "integers from 0 to 2"),
}


@pytest.mark.parametrize(("env", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_contract_is_refused(env, message):
    with pytest.raises(DataError, match=message) as caught:
        play(env)
    assert len(str(caught.value)) < 300


WHOLE = {
    "numpy scalars": ((ZEROS, np.float32(0.5), np.bool_(True), np.bool_(False), {}), 0.5),
    "arrays without axes": ((ZEROS, np.array(2), np.array(True), np.array(False), {}), 2.0),
    "tensors": ((torch.zeros(3), torch.tensor(0.25), torch.tensor(True), torch.tensor(False), {}), 0.25),
    "flags of 0 and 1": (([0, 0, 0], True, 1, 0, None), 1.0),
}


@pytest.mark.parametrize(("answer", "reward"), WHOLE.values(), ids=WHOLE)
def test_numbers_of_any_library_are_taken_over(answer, reward):
    episodes = play(AnswerEnv(answer))
    assert episodes.returns.tolist() == [reward]
    assert episodes.steps.tolist() == [1]


def test_copies_that_share_a_state_are_refused():
    one = ScriptedEnv([1.0] * 5)
    for make in (lambda: one, lambda: TimeLimit(one, 3)):
        with pytest.raises(ConfigurationError, match=r"'ScriptedEnv.*' must be a new environment, but .* the same one twice"):
            control.train(make, rounds=1, episodes=3, eval_episodes=3, hidden=[2])
    assert control.train(lambda: ScriptedEnv([1.0] * 5), rounds=1, episodes=3, eval_episodes=3, hidden=[2]).mean_return == 5
    assert control.train(lambda: one, rounds=1, episodes=1, eval_episodes=3, hidden=[2], baseline="none").mean_return == 5


def test_copies_with_different_spaces_are_refused():
    spaces = iter([Box(-1.0, 1.0, (3,)), Box(-2.0, 1.0, (3,))])
    with pytest.raises(ConfigurationError, match="the same observation_space"):
        VectorEnv(lambda: AnswerEnv(DONE, space=next(spaces)), 2, 0.5)


def test_environment_without_spaces_is_refused():
    with pytest.raises(DataError, match="must be a Box or Discrete, got None"):
        VectorEnv(gymnasium.Env, 1, 0.5)


class NoSeedEnv(AnswerEnv):
    """Environment whose reset takes no seed."""

    def reset(self):
        return ZEROS, {}


def with_method(name, method):
    env = AnswerEnv(DONE)
    setattr(env, name, method)
    return env


FAILING = {
    "reset without seed": (lambda: NoSeedEnv(DONE), r"environment 'NoSeedEnv' failed in reset: TypeError: .*unexpected keyword"),
    "function as step": (lambda: with_method("step", lambda action: 1 / 0), "environment .* failed in step: ZeroDivisionError"),
    "function that fails": (lambda: {}["no"], "failed in the function that makes it: KeyError: 'no'"),
    "function of an argument": (
        lambda size: AnswerEnv(DONE),
        "failed in the function that makes it: TypeError: .*'size'",
    ),
}


@pytest.mark.parametrize(("make", "message"), FAILING.values(), ids=FAILING)
def test_exceptions_of_environments_get_a_sentence(make, message):
    with pytest.raises(PlugInError, match=message) as caught:
        control.train(make, rounds=1, episodes=2, eval_episodes=2, hidden=[2])
    assert isinstance(caught.value.__cause__, Exception)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("space", [Discrete(10**9), Discrete(2**20 + 1), Box(-1.0, 1.0, (2**11, 2**10), np.float16)], ids=str)
def test_spaces_of_more_values_than_any_network_has_neurons_are_refused(space):
    with pytest.raises(DataError, match="the observations of 'AnswerEnv' must have at most 1048576 values"):
        VectorEnv(lambda: AnswerEnv(DONE, space=space), 1, 0.5)
    with pytest.raises(DataError, match="the actions of 'UnsupportedEnv' must have at most 1048576 values"):
        VectorEnv(lambda: UnsupportedEnv(Discrete(2), space), 1, 0.5)

from __future__ import annotations

import numpy as np
import pytest

from neuronet.control.environments import VectorEnv
from neuronet.control.rollouts import Episodes, play_episodes
from neuronet.core.errors import DivergedError
from tests.control.fixtures import ScriptedEnv

SCRIPTS = [[1, 2, 4], [8]]


def vector_env_of(scripts, **options):
    remaining = iter(scripts)
    return VectorEnv(lambda: ScriptedEnv(next(remaining), **options), len(scripts), 0.5)


def play(vector_env, *, seeds=(3, 4), rng=1, outputs=lambda inputs: np.zeros((len(inputs), 3)), **options):
    drawn = None if rng is None else np.random.default_rng(rng)
    return play_episodes(vector_env, outputs, seeds=seeds, rng=drawn, **{"max_steps": 100, **options})


@pytest.mark.parametrize("truncates", [False, True], ids=["terminated", "truncated"])
def test_each_episode_is_played_once_to_its_end(truncates):
    vector_env = vector_env_of(SCRIPTS, truncates=truncates)
    episodes = play(vector_env)
    assert episodes.returns.tolist() == [7, 8]
    assert episodes.steps.tolist() == [3, 1]
    assert episodes.mask.tolist() == [[True, True], [True, False], [True, False]]
    assert [len(copy.acted) for copy in vector_env.envs] == [3, 1]
    np.testing.assert_array_equal(episodes.observations[1:, 0, 0], [0.1, 0.2])  # observations before each action
    acted = [int(vector_env.actions.to_env(target)) for target in episodes.actions[:, 0]]
    assert acted == vector_env.envs[0].acted


def test_episodes_depend_only_on_seeds_and_the_generator():
    one, same = play(vector_env_of(SCRIPTS)), play(vector_env_of(SCRIPTS))
    for name in ("observations", "actions", "rewards", "mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (play(vector_env_of(SCRIPTS), seeds=(3, 5)).observations[0, 1] != one.observations[0, 1]).all()
    assert any((play(vector_env_of(SCRIPTS), rng=other).actions != one.actions).any() for other in range(2, 5))


def test_most_likely_actions_without_a_generator():
    vector_env = vector_env_of(SCRIPTS)
    play(vector_env, rng=None, outputs=lambda inputs: np.tile([0.0, 1.0, -1.0], (len(inputs), 1)))
    assert vector_env.envs[0].acted == [6, 6, 6]


def test_episodes_end_after_max_steps():
    assert play(vector_env_of(SCRIPTS), max_steps=2).returns.tolist() == [3, 8]


def test_fewer_episodes_than_environments():
    assert play(vector_env_of(SCRIPTS), seeds=(3,)).returns.tolist() == [7]


def test_stop_request_aborts_the_episodes():
    answers = iter([False, True])
    vector_env = vector_env_of(SCRIPTS)
    assert play(vector_env, stop=lambda: next(answers)) is None
    assert len(vector_env.envs[0].acted) == 1


@pytest.mark.parametrize(
    "scripts, outputs, fragment",
    [
        ([[1, np.nan], [1]], 0.0, "rewards .* got nan: .*'ScriptedEnv'"),
        ([[1, np.inf], [1]], 0.0, "rewards .* got inf"),
        (SCRIPTS, np.nan, "outputs .* got nan: .*learning_rate"),
    ],
)
def test_values_that_are_not_finite_are_refused(scripts, outputs, fragment):
    with pytest.raises(DivergedError, match=fragment):
        play(vector_env_of(scripts), outputs=lambda inputs: np.full((len(inputs), 3), outputs))


def test_observations_that_are_not_finite_are_refused(monkeypatch):
    monkeypatch.setattr(ScriptedEnv, "step", lambda self, action: (np.full((2, 2), np.nan), 1.0, False, False, {}))
    with pytest.raises(DivergedError, match=r"observations .* got nan: .*'ScriptedEnv'"):
        play(vector_env_of(SCRIPTS))


@pytest.fixture
def episodes() -> Episodes:
    return play(vector_env_of(SCRIPTS))


def test_returns_to_go_are_discounted(episodes):
    assert episodes.returns_to_go(0.5).tolist() == [[1 + 0.5 * (2 + 0.5 * 4), 8], [2 + 0.5 * 4, 0], [4, 0]]
    assert episodes.returns_to_go(0.0)[:, 0].tolist() == [1, 2, 4]


def test_advantages_of_each_baseline(episodes):
    def advantages(baseline):
        return episodes.advantages(0.5, baseline=baseline, normalise=False).tolist()

    assert advantages("none") == [3, 8, 4, 4]  # step by step over both episodes
    assert advantages("batch") == [3 - 4.75, 8 - 4.75, 4 - 4.75, 4 - 4.75]
    assert advantages("step") == [3 - 5.5, 8 - 5.5, 0, 0]


def test_normalised_advantages_have_a_root_mean_square_of_one(episodes):
    advantage = episodes.advantages(0.5, baseline="step", normalise=True)
    assert np.mean(advantage**2) == pytest.approx(1.0)
    assert advantage[0] / advantage[1] == pytest.approx(-1.0)


def test_equal_returns_have_no_advantage():
    equal = play(vector_env_of([[1, 1], [1, 1]]))
    assert equal.advantages(0.9, baseline="step", normalise=True).tolist() == [0, 0, 0, 0]

from __future__ import annotations

import numpy as np
import pytest

from neuronet.control.environments import VectorEnv
from neuronet.control.rollouts import Episodes, play_episodes
from neuronet.core.errors import NeuroNetError
from tests.control.fixtures import ScriptedEnv

SCRIPTS = [[1, 2, 4], [8]]


def vector_env_of(scripts, **options):
    remaining = iter(scripts)
    return VectorEnv(lambda: ScriptedEnv(next(remaining), **options), len(scripts), 0.5)


def play(vector_env, *, seeds=(3, 4), rng=1, outputs=lambda seen: np.zeros((len(seen), 3)), **options):
    drawn = None if rng is None else np.random.default_rng(rng)
    return play_episodes(vector_env, outputs, seeds=seeds, rng=drawn, **{"max_steps": 100, **options})


@pytest.mark.parametrize("truncates", [False, True], ids=["terminated", "truncated"])
def test_every_episode_is_played_once_and_to_its_end(truncates):
    vector_env = vector_env_of(SCRIPTS, truncates=truncates)
    episodes = play(vector_env)
    assert episodes.returns.tolist() == [7, 8]
    assert episodes.steps.tolist() == [3, 1]
    assert episodes.mask.tolist() == [[True, True], [True, False], [True, False]]
    assert [len(copy.acted) for copy in vector_env.envs] == [3, 1]
    np.testing.assert_array_equal(episodes.observations[1:, 0, 0], [0.1, 0.2])  # what was seen before each action, not after
    acted = [int(vector_env.actions.to_env(each)) for each in episodes.actions[:, 0]]
    assert acted == vector_env.envs[0].acted


def test_episodes_depend_on_seeds_and_chance_alone():
    one, same = play(vector_env_of(SCRIPTS)), play(vector_env_of(SCRIPTS))
    for name in ("observations", "actions", "rewards", "mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (play(vector_env_of(SCRIPTS), seeds=(3, 5)).observations[0, 1] != one.observations[0, 1]).all()
    assert any((play(vector_env_of(SCRIPTS), rng=other).actions != one.actions).any() for other in range(2, 5))


def test_without_chance_the_best_is_done():
    vector_env = vector_env_of(SCRIPTS)
    play(vector_env, rng=None, outputs=lambda seen: np.tile([0.0, 1.0, -1.0], (len(seen), 1)))
    assert vector_env.envs[0].acted == [6, 6, 6]


def test_episodes_are_cut_off():
    assert play(vector_env_of(SCRIPTS), max_steps=2).returns.tolist() == [3, 8]


def test_fewer_episodes_than_worlds():
    assert play(vector_env_of(SCRIPTS), seeds=(3,)).returns.tolist() == [7]


def test_episodes_are_given_up():
    answers = iter([False, True])
    vector_env = vector_env_of(SCRIPTS)
    assert play(vector_env, stop=lambda: next(answers)) is None
    assert len(vector_env.envs[0].acted) == 1


@pytest.mark.parametrize(
    "scripts, outputs, sentence",
    [
        ([[1, np.nan], [1]], 0.0, "rewards must be finite numbers, got nan: they come from 'ScriptedEnv'"),
        ([[1, np.inf], [1]], 0.0, "rewards must be finite numbers, got inf"),
        (SCRIPTS, np.nan, "outputs must be finite numbers, got nan: choose a smaller learning_rate"),
    ],
)
def test_what_is_no_number_is_refused(scripts, outputs, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        play(vector_env_of(scripts), outputs=lambda seen: np.full((len(seen), 3), outputs))


def test_observations_that_are_no_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(ScriptedEnv, "step", lambda self, action: (np.full((2, 2), np.nan), 1.0, False, False, {}))
    with pytest.raises(NeuroNetError, match="observations must be finite numbers, got nan: they come from 'ScriptedEnv'"):
        play(vector_env_of(SCRIPTS))


@pytest.fixture
def episodes() -> Episodes:
    return play(vector_env_of(SCRIPTS))


def test_rewards_to_go_are_discounted(episodes):
    assert episodes.returns_to_go(0.5).tolist() == [[1 + 0.5 * (2 + 0.5 * 4), 8], [2 + 0.5 * 4, 0], [4, 0]]
    assert episodes.returns_to_go(0.0)[:, 0].tolist() == [1, 2, 4]


def test_advantages_by_hand(episodes):
    def of(baseline):
        return episodes.advantages(0.5, baseline=baseline, normalise=False).tolist()

    assert of("none") == [3, 8, 4, 4]  # step by step, both episodes in turn
    assert of("batch") == [3 - 4.75, 8 - 4.75, 4 - 4.75, 4 - 4.75]
    assert of("step") == [3 - 5.5, 8 - 5.5, 0, 0]


def test_normalised_advantages_have_a_root_mean_square_of_one(episodes):
    advantage = episodes.advantages(0.5, baseline="step", normalise=True)
    assert np.mean(advantage**2) == pytest.approx(1.0)
    assert advantage[0] / advantage[1] == pytest.approx(-1.0)


def test_where_all_is_as_usual_nothing_is_wanted():
    alike = play(vector_env_of([[1, 1], [1, 1]]))
    assert alike.advantages(0.9, baseline="step", normalise=True).tolist() == [0, 0, 0, 0]

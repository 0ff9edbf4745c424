from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="pettingzoo is not installed (extra games)")

from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test
from pettingzoo.utils.conversions import parallel_to_aec

from neuronet.core.errors import ConfigurationError, SpecError
from neuronet.core.learning.optimizers import SGD
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.environments import Xor
from neuronet.games.pettingzoo.controlled_policy import FEATURES, ControlledPolicy
from neuronet.games.pettingzoo.parallel_env import NeuronGame
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.play import play
from neuronet.policies import Greedy
from neuronet.registry import build_network

GAME_SETUP = GameSetup(Xor(), hidden=(5, 4), rounds=8)


def game(**options):
    return NeuronGame(GAME_SETUP, **options)


def actions(env, value):
    return {agent: np.full(1, value, dtype=np.float32) for agent in env.agents}


def test_pettingzoo_api_tests():
    parallel_api_test(game(), num_cycles=20)
    api_test(parallel_to_aec(game(render_mode="ansi")), num_cycles=60)


def test_pettingzoo_seed_tests():
    seed_test(lambda: parallel_to_aec(game()), num_cycles=10)
    parallel_seed_test(game, num_cycles=10)


def test_equal_seeds_give_equal_episodes():
    """The sequence of episodes after a seed is reproducible, too."""
    one, other, third = game(), game(seed=9), game()
    rng = np.random.default_rng(0)
    for episode in range(3):
        seed = 7 if episode == 0 else None
        observations = [env.reset(seed=seed)[0] for env in (one, other)]
        while one.agents:
            for agent in one.agents:
                assert (observations[0][agent] == observations[1][agent]).all()
            chosen = {agent: rng.uniform(-1, 1, 1).astype(np.float32) for agent in one.agents}
            first, second = one.step(chosen), other.step(chosen)
            observations = [first[0], second[0]]
            assert first[1:] == second[1:]
        assert other.agents == []
    last = third.reset(seed=8)[0]
    assert any((last[agent] != observations[0][agent]).any() for agent in last)


@pytest.mark.parametrize("payoff", ["attention", "scaled"])
@pytest.mark.parametrize("layer", [1, 2])
def test_rewards_of_zero_actions_sum_to_the_payoff_gain(layer, payoff):
    """The unmodulated game has one round more, before the first action."""
    env = game(layer=layer, payoff=payoff, seed=3)
    env.reset()
    seed = int(np.random.default_rng(3).integers(2**63 - 1))
    paid = [play(GameSetup(Xor(), hidden=(5, 4), rounds=rounds), ["attention"], [seed]) for rounds in (1, 9)]
    before, after = (outcomes.payoffs[payoff][layer - 1][0, 0] for outcomes in paid)
    total = np.zeros(len(before))
    while env.agents:
        _, rewards, _, _, _ = env.step(actions(env, 0.0))
        total += np.array(list(rewards.values()))
    assert total == pytest.approx(after - before, abs=1e-12)


def test_feedback_vanishes_at_action_minus_one():
    env = game(bound=1.0)
    env.reset(seed=1)
    weights = [env._batched_games.engine.network().weights[layer].copy() for layer in range(2)]
    env.step(actions(env, -1.0))
    env.step(actions(env, -1.0))
    still = GameSetup(Xor(), hidden=(5, 4), rounds=8).optimizer.momentum
    moved = [np.abs(env._batched_games.engine.network().weights[layer] - weights[layer]).max() for layer in range(2)]
    assert moved[1] > 0
    env.step(actions(env, -1.0))
    now = env._batched_games.engine.network().weights[0]
    env.step(actions(env, -1.0))
    velocity = env._batched_games.state().to_arrays()["1.velocity.weights"]
    assert env._batched_games.engine.network().weights[0] - now == pytest.approx(GAME_SETUP.learning_rate * velocity, abs=1e-12)
    first = env._batched_games.state().to_arrays()["1.velocity.weights"]
    env.step(actions(env, -1.0))
    assert env._batched_games.state().to_arrays()["1.velocity.weights"] == pytest.approx(still * first, abs=1e-14)


def test_observations_equal_the_features_of_the_network():
    env = NeuronGame(GameSetup(Xor(), hidden=(6,), rounds=3), profile="attention:0.5,free-rider:0.5")
    env.reset(seed=2)
    before = env._batched_games.engine.network().weights[1]
    chosen = {agent: np.array([index / 10 - 0.2], dtype=np.float32) for index, agent in enumerate(env.agents)}
    observations, *_ = env.step(chosen)
    table = np.array(list(observations.values()))
    assert table[:, 0] == pytest.approx([action[0] for action in chosen.values()], abs=1e-6)
    root = np.sqrt((before**2).sum(axis=0))
    assert table[:, 1 + FEATURES.index("attention")] == pytest.approx(root / (1 + root), abs=1e-6)
    shares = np.abs(before) / np.abs(before).sum(axis=0)
    assert table[:, 1 + FEATURES.index("concentration")] == pytest.approx((shares**2).sum(axis=0), abs=1e-6)
    assert (table[:, 1 + FEATURES.index("agreement")] >= 0).all()
    assert np.abs(table).max() <= 1


def test_actions_are_clipped_at_the_bound():
    one, other = game(bound=0.5, seed=1), game(bound=0.5, seed=1)
    one.reset()
    other.reset()
    for _ in range(3):
        large, clipped = one.step(actions(one, 9.0)), other.step(actions(other, 0.5))
        assert large[1] == clipped[1]


def test_environment_of_three_hundred_players():
    env = NeuronGame(GameSetup(Xor(), hidden=(300,), rounds=2), render_mode="ansi")
    observations, infos = env.reset(seed=0)
    assert len(observations) == len(infos) == 300
    while env.agents:
        observations, rewards, _, over, infos = env.step({agent: env.action_space(agent).sample() for agent in env.agents})
        assert all(env.observation_space(agent).contains(value) for agent, value in observations.items())
    assert len(rewards) == 300
    assert all(over.values())
    assert np.isfinite(infos["neuron_0"]["loss"])
    assert env.render().startswith("round 2 of 2: mean attention ")
    env.close()


def test_controlled_policy_agrees_on_both_engines():
    network = build_network((2, 4, 3, 2), activation="tanh", seed=1)
    setup = Setup(network, ControlledPolicy(Greedy()), learning_rate=0.1, seed=1)
    assert compare(setup, Xor().train.at(slice(0, 20)), batch_size=5, rounds=6).largest < 1e-12


def test_invalid_settings_and_actions_are_refused():
    with pytest.raises(ConfigurationError, match="layer must be"):
        game(layer=3)
    with pytest.raises(SpecError, match="'loss'"):
        game(payoff="loss")
    with pytest.raises(ConfigurationError, match="render_mode"):
        game(render_mode="human")
    env = game()
    with pytest.raises(ConfigurationError, match=r"call reset\(\) first"):
        env.step({})
    env.reset()
    with pytest.raises(ConfigurationError, match="neuron_4"):
        env.step({agent: np.zeros(1) for agent in env.agents[:4]})
    with pytest.raises(ConfigurationError, match="one number"):
        env.step(dict.fromkeys(env.agents, np.zeros(2)))
    for action in ("1.0", None, np.complex128(1 + 1j), np.ma.array([1.0], mask=[True]), [[0.0], [1.0, 2.0]]):
        with pytest.raises(ConfigurationError, match=r"one number|of a number for each player"):
            env.step(dict.fromkeys(env.agents, action))
    with pytest.raises(ConfigurationError, match="of a number for each player"):
        env.step([0.0] * 5)
    with pytest.raises(ConfigurationError, match="finite"):
        env.step(dict.fromkeys(env.agents, np.full(1, np.nan)))


@pytest.mark.parametrize("silent", range(6))
def test_actions_affect_only_their_own_neuron(silent):
    """The neuron with action -1 does not change, and all others do, for a mixed profile."""
    game_setup = GameSetup(Xor(), hidden=(6,), activation="tanh", optimizer=SGD(), rounds=3)
    env = NeuronGame(game_setup, profile="attention:0.5,contrarian:0.5", seed=4)
    env.reset()
    before = env._batched_games.engine.network().weights[0]
    env.step({agent: np.full(1, -1.0 if index == silent else 0.5) for index, agent in enumerate(env.agents)})
    moved = np.abs(env._batched_games.engine.network().weights[0] - before).max(axis=1) > 0
    assert moved.tolist() == [index != silent for index in range(6)]


@pytest.mark.parametrize("make", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"])
def test_copy_in_mid_episode_plays_on_by_itself(make):
    env, other = game(), game()
    for each in (env, other):
        each.reset(seed=3)
        each.step(actions(each, 0.5))
    copied = make(env)
    copied.step(actions(copied, -1.0))
    expected, got = other.step(actions(other, 1.0)), env.step(actions(env, 1.0))
    for agent in env.agents:
        np.testing.assert_array_equal(got[0][agent], expected[0][agent])
    again = make(env)
    for one, two in zip(env.step(actions(env, 0.3)), again.step(actions(again, 0.3)), strict=True):
        for agent in env.agents:
            np.testing.assert_array_equal(one[agent], two[agent])
    seeded = [each.reset()[0]["neuron_0"] for each in (env, again)]
    np.testing.assert_array_equal(*seeded)

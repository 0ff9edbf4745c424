"""Small environments with known solutions."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class ScriptedEnv(gymnasium.Env):
    """Environment with a fixed sequence of rewards; a step after the end is an error."""

    observation_space = Box(-1.0, 1.0, (2, 2))
    action_space = Discrete(3, start=5)

    def __init__(self, rewards, *, truncates=False):
        self.script, self.truncates = rewards, truncates
        self.acted = []
        self.ended = True

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.ended = 0, False
        return self.np_random.uniform(-1, 1, (2, 2)), {}

    def step(self, action):
        assert not self.ended
        assert action in self.action_space
        self.acted.append(int(action))
        reward = self.script[self.place]
        self.place += 1
        self.ended = self.place == len(self.script)
        return np.full((2, 2), self.place / 10), reward, self.ended and not self.truncates, self.ended and self.truncates, {}


class UnsupportedEnv(gymnasium.Env):
    """Environment with given spaces, which may be unsupported."""

    def __init__(self, observation_space, action_space):
        self.observation_space, self.action_space = observation_space, action_space


class SignalEnv(gymnasium.Env):
    """Environment that shows one of three signals and rewards the action of the same number."""

    observation_space = Discrete(3, start=1)
    action_space = Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.shown = int(self.np_random.integers(1, 4))
        return self.shown, {}

    def step(self, action):
        return self.shown, float(action == self.shown - 1), True, False, {}


class TargetEnv(gymnasium.Env):
    """Environment that rewards two values near 0.6 and near -1.5 times the observation."""

    observation_space = Box(-1.0, 1.0, (1,))
    action_space = Box(np.array([0.0, -2.0], dtype=np.float32), np.array([1.0, 2.0], dtype=np.float32))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.shown = self.np_random.uniform(-1, 1, 1)
        return self.shown, {}

    def step(self, action):
        assert action in self.action_space
        miss = (action[0] - 0.6) ** 2 + (action[1] + 1.5 * self.shown[0]) ** 2
        return self.shown, -float(miss), True, False, {}


class AnswerEnv(gymnasium.Env):
    """Environment with given answers to every reset and step."""

    action_space = Discrete(2)

    def __init__(self, step, reset=None, space=None):
        self.observation_space = Box(-1.0, 1.0, (3,)) if space is None else space
        self.answers = {"reset": (step[0], {}) if reset is None else reset, "step": step}

    def reset(self, *, seed=None, options=None):
        return self.answers["reset"]

    def step(self, action):
        return self.answers["step"]

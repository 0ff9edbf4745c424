"""Node perturbation: try something else, and keep to it if all went better than usual.

The REINFORCE rule for Gaussian units of Williams 1992, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning": the reward's surprise times the noise, over its variance, is the gradient of the expected reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import check_number
from neuronet.core.policy import Observation, Policy


@dataclass(frozen=True)
class NodePerturbation(Policy):
    """Adds noise to what it says, and follows the noise when the network's reward is higher than usual.

    Hears each sample's reward, and nothing of what its listeners demand. It makes noise in rounds that it learns from, and only
    if somebody listens. In its first round it does not know yet what is usual, and wants nothing.

    Args:
        sigma: Standard deviation of the noise, in units of activity, above 0.
        baseline: How much of its usual reward the neuron keeps from round to round, 0 to below 1; the rest is the new mean.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    sigma: float = 0.5
    baseline: float = 0.9

    needs = frozenset({"reward"})
    memory_axes = {"baseline": "J"}  # noqa: RUF012
    stochastic = True

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, 0, above=True)
        check_number("baseline", self.baseline, 0, 1, below=True)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Its activity, and the noise on it."""
        return activity + self.sigma * self._noise(obs) if obs.learning else activity

    def _noise(self, obs: Observation) -> Array:
        """Standard normal, the same in every verb of the round; 0 for a neuron without listeners, (..., B, J)."""
        heard = obs.xp.sum(obs.listener_mask, axis=-2, keepdims=True) > 0
        return obs.draws.normal("try", "BJ") * obs.xp.astype(heard, obs.activity.dtype)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The surprise times the noise, over its variance."""
        return advantage(obs, obs.reward[..., None], memory["baseline"]) * self._noise(obs) / self.sigma

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """The usual reward, moved towards this round's mean."""
        return {"baseline": running_mean(obs, obs.reward[..., None], memory["baseline"], self.baseline)}


def advantage(obs: Observation, reward: Array, expected: Array) -> Array:
    """How much better each sample went than expected, (..., B, J); 0 as long as nothing is: the running mean is still 0."""
    known = obs.xp.astype(expected != 0, expected.dtype)[..., None, :]
    return known * (reward - expected[..., None, :])


def running_mean(obs: Observation, reward: Array, before: Array, kept: float) -> Array:
    """The running mean of the reward, (..., J); the first one is taken as it is."""
    now = obs.xp.mean(reward, axis=-2) + obs.xp.zeros_like(before)
    return obs.xp.where(before != 0, kept * before + (1.0 - kept) * now, now)

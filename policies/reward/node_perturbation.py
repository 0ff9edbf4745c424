"""Node perturbation: noise on the activity, reinforced by the reward.

The REINFORCE rule for Gaussian units of Williams 1992, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning": the reward's advantage times the noise, over its variance, estimates the gradient of the expected reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, Memory, Observation, Policy, check_number


@dataclass(frozen=True)
class NodePerturbation(Policy):
    """Node perturbation: REINFORCE with Gaussian noise on the activity and a running baseline (Williams 1992).

    It uses each sample's reward, and not its listeners' demands. It adds noise in rounds that it learns from, and only if it has
    listeners. In the first round there is no baseline yet, and the feedback is 0.

    Args:
        sigma: Standard deviation of the noise, in units of activity, above 0.
        baseline: Decay of the running mean reward from round to round, 0 to below 1; the new mean has the remaining weight.

    Raises:
        ConfigurationError: A parameter is out of range.
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
        """Return the activity with noise on it."""
        return activity + self.sigma * self._noise(obs) if obs.learning else activity

    def _noise(self, obs: Observation) -> Array:
        has_listeners = obs.xp.sum(obs.listener_mask, axis=-2, keepdims=True) > 0
        return obs.draws.normal("try", "BJ") * obs.xp.astype(has_listeners, obs.activity.dtype)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the advantage times the noise, over its variance."""
        return advantage(obs, obs.reward[..., None], memory["baseline"]) * self._noise(obs) / self.sigma

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the running mean of the reward."""
        return {"baseline": running_mean(obs, obs.reward[..., None], memory["baseline"], self.baseline)}


def advantage(obs: Observation, reward: Array, expected: Array) -> Array:
    """Return each sample's reward minus its expected value, (..., B, J); 0 while the running mean is still 0."""
    known = obs.xp.astype(expected != 0, expected.dtype)[..., None, :]
    return known * (reward - expected[..., None, :])


def running_mean(obs: Observation, reward: Array, before: Array, decay: float) -> Array:
    """Return the running mean of the reward, (..., J); its first value is the first mean."""
    mean = obs.xp.mean(reward, axis=-2) + obs.xp.zeros_like(before)
    return obs.xp.where(before != 0, decay * before + (1.0 - decay) * mean, mean)

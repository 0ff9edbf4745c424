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
    keeps = {"usual": "J"}  # noqa: RUF012
    stochastic = True

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, 0, above=True)
        check_number("baseline", self.baseline, 0, 1, below=True)

    def speak(self, activity: Array, seen: Observation, memory: Memory) -> Array:
        """Its activity, and the noise on it."""
        return activity + self.sigma * self._noise(seen) if seen.learning else activity

    def _noise(self, seen: Observation) -> Array:
        """Standard normal, the same in every verb of the round; 0 for a neuron without listeners, (..., B, J)."""
        heard = seen.xp.sum(seen.connected, axis=-2, keepdims=True) > 0
        return seen.draws.normal("try", "BJ") * seen.xp.astype(heard, seen.activity.dtype)

    def feedback(self, seen: Observation, memory: Memory) -> Array:
        """The surprise times the noise, over its variance."""
        return surprise(seen, seen.reward[..., None], memory["usual"]) * self._noise(seen) / self.sigma

    def remember(self, change: Array, response: Array, seen: Observation, memory: Memory) -> Memory:
        """The usual reward, moved towards this round's mean."""
        return {"usual": usual(seen, seen.reward[..., None], memory["usual"], self.baseline)}


def surprise(seen: Observation, reward: Array, expected: Array) -> Array:
    """How much better each sample went than expected, (..., B, J); 0 as long as nothing is: the running mean is still 0."""
    known = seen.xp.astype(expected != 0, expected.dtype)[..., None, :]
    return known * (reward - expected[..., None, :])


def usual(seen: Observation, reward: Array, before: Array, kept: float) -> Array:
    """The running mean of the reward, (..., J); the first one is taken as it is."""
    now = seen.xp.mean(reward, axis=-2) + seen.xp.zeros_like(before)
    return seen.xp.where(before != 0, kept * before + (1.0 - kept) * now, now)

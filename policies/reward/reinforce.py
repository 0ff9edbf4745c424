"""REINFORCE: binary stochastic units, reinforced by attention or by the reward.

Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning": a neuron that fires
with probability `p = logistic(z)` moves its potential by `(reward - baseline) (fired - p)`, in expectation the gradient of the
reward. With the loss as reward, neurons are a team; with the attention that each earns for itself, they are the selfish neurons
of docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, Memory, Observation, Policy, check_flag, check_number
from neuronet.policies.reward.node_perturbation import advantage, running_mean


def firing_probability(obs: Observation) -> Array:
    """Return the probability of firing, `logistic(potential)`, (..., B, J)."""
    return 0.5 * (1.0 + obs.xp.tanh(0.5 * obs.potential))


def sample_firing(activity: Array, obs: Observation) -> Array:
    """Return 1 or 0 at random when learning, otherwise the probability; without listeners the activity unchanged, (..., B, J)."""
    xp = obs.xp
    fired = firing_probability(obs)
    if obs.learning:
        fired = xp.astype(obs.draws.uniform("fire", "BJ") < fired, activity.dtype)
    return xp.where(xp.sum(obs.listener_mask, axis=-2, keepdims=True) > 0, fired, activity)


@dataclass(frozen=True)
class Reinforce(Policy):
    """REINFORCE with binary stochastic units: reinforced by own attention, or by the reward (Williams 1992).

    Its activity is 1 or 0 whatever the network's activation is; in evaluation it is the firing probability. A selfish neuron
    uses its own listeners' attention and demands; a team player uses each sample's reward, and no demands. In the first round
    there is no baseline yet, and the feedback is 0.

    On average a team follows the gradient of the expected reward. A selfish neuron does not: the demands that it sees when it
    fires include the effect of its firing, so that for squared error its feedback is lower by `p (1 - p) sum_k w_k^2 / 2`.

    Args:
        team: Whether the reward is the network's; otherwise it is the attention that a sample earns, `sum_k w_k s_k a`.
        baseline: Decay of the running mean reward from round to round, 0 to below 1; the new mean has the remaining weight.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    team: bool = False
    baseline: float = 0.9

    memory_axes = {"baseline": "J"}  # noqa: RUF012
    stochastic = True

    def __post_init__(self) -> None:
        check_flag("team", self.team)
        check_number("baseline", self.baseline, 0, 1, below=True)

    @property
    def needs(self) -> frozenset[str]:
        """The reward, for a team player."""
        return frozenset({"reward"}) if self.team else frozenset()

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return 1 or 0 at random."""
        return sample_firing(activity, obs)

    def _reward(self, obs: Observation) -> Array:
        """Return the reward of each sample, (..., B, J), or (..., B, 1) for a team."""
        return obs.reward[..., None] if self.team else (obs.demand @ obs.attention) * obs.activity

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the advantage times the score `a - p`."""
        return advantage(obs, self._reward(obs), memory["baseline"]) * (obs.activity - firing_probability(obs))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the feedback, which already contains the probability's slope; times the slope for output neurons."""
        return obs.xp.where(obs.has_listeners()[..., None, :], feedback, feedback * obs.slope)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the running mean of the reward."""
        return {"baseline": running_mean(obs, self._reward(obs), memory["baseline"], self.baseline)}

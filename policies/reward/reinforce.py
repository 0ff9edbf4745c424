"""REINFORCE: fire or be silent by chance, and do more often what paid.

Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning": a neuron that fires
with probability `p = logistic(z)` moves its potential by `(reward - baseline) (fired - p)`, in expectation the gradient of the
reward. Paid by the loss, neurons are a team; paid by the attention that each gains for itself, they are the selfish neurons of
docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy
from neuronet.policies.reward.node_perturbation import advantage, running_mean


def firing_probability(obs: Observation) -> Array:
    """The probability of firing, `logistic(potential)`, (..., B, J)."""
    return 0.5 * (1.0 + obs.xp.tanh(0.5 * obs.potential))


def sample_firing(activity: Array, obs: Observation) -> Array:
    """1 or 0 by chance in a round to learn from, otherwise the probability; without listeners the plain activity, (..., B, J)."""
    xp = obs.xp
    said = firing_probability(obs)
    if obs.learning:
        said = xp.astype(obs.draws.uniform("fire", "BJ") < said, activity.dtype)
    return xp.where(xp.sum(obs.listener_mask, axis=-2, keepdims=True) > 0, said, activity)


@dataclass(frozen=True)
class Reinforce(Policy):
    """Fires by chance, and more often if firing paid better than usual: in attention of its own, or for the team.

    It speaks 1 or 0 whatever the network's activation is; when the network is judged, it says its probability. A selfish neuron
    sees what its own listeners pay and demand; a team player hears each sample's reward, and no demands. In its first round it
    does not know yet what is usual, and wants nothing.

    Args:
        team: Whether its pay is the network's reward; otherwise it is the attention that a sample earns it, `sum_k w_k s_k a`.
        baseline: How much of its usual pay the neuron keeps from round to round, 0 to below 1; the rest is the new mean.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    team: bool = False
    baseline: float = 0.9

    memory_axes = {"baseline": "J"}  # noqa: RUF012
    stochastic = True

    def __post_init__(self) -> None:
        if not isinstance(self.team, bool):
            raise NeuroNetError(f"team must be true or false, got {self.team!r}")
        check_number("baseline", self.baseline, 0, 1, below=True)

    @property
    def needs(self) -> frozenset[str]:
        """The reward, for a team player."""
        return frozenset({"reward"}) if self.team else frozenset()

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """1 or 0."""
        return sample_firing(activity, obs)

    def _pay(self, obs: Observation) -> Array:
        """What each sample paid, (..., B, J), or (..., B, 1) for a team."""
        return obs.reward[..., None] if self.team else (obs.demand @ obs.attention) * obs.activity

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The surprise, for or against what it did."""
        return advantage(obs, self._pay(obs), memory["baseline"]) * (obs.activity - firing_probability(obs))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """The same: the probability's slope is within the feedback."""
        return feedback

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """The usual pay, moved towards this round's mean."""
        return {"baseline": running_mean(obs, self._pay(obs), memory["baseline"], self.baseline)}

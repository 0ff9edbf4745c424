"""Weight maximization: REINFORCE whose reward is the growth of the neuron's outgoing weights.

Chung 2020, "Learning by competition of self-interested reinforcement learning agents" (arXiv 2010.09770): hidden units of 1 or
0, each rewarded by the change in the norm of its outgoing weights. Written from its abstract; the author's code is public as
`stephen-chung-mh/weight_max`, and nothing of it is copied. The share of each sample of a batch in that change is our own
derivation: `(|w + eta c|^2 - |w|^2) / (2 eta)` is the mean over the batch of `sum_k (w_k + eta c_k / 2) s_k(x) a(x)`, as `c_k` is
the mean of `s_k(x) a(x)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, Memory, Observation, Policy
from neuronet.policies.reward.reinforce import firing_probability, sample_firing


@dataclass(frozen=True)
class WeightMaximization(Policy):
    """REINFORCE on the growth of the neuron's outgoing weights, with binary stochastic units (Chung 2020).

    Its activity is 1 or 0 whatever the network's activation is; in evaluation it is the firing probability. It uses its own
    listeners' attention, demands and intended response.
    """

    needs = frozenset({"response"})
    stochastic = True

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return 1 or 0 at random."""
        return sample_firing(activity, obs)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the growth that each sample has earned, times the score `a - p`."""
        growth = (obs.demand @ (obs.attention + 0.5 * obs.learning_rate * obs.response)) * obs.activity
        return growth * (obs.activity - firing_probability(obs))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the feedback, which already contains the probability's slope; times the slope for output neurons."""
        return obs.xp.where(obs.has_listeners()[..., None, :], feedback, feedback * obs.slope)

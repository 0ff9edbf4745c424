"""Diminishing returns: the rich are content, the poor are hungry. Our own, from "forgetting less" in docs/theory.md.

With the concave utility `(U0 + U)^(1 - alpha) / (1 - alpha)` of its income U (its logarithm at alpha = 1), a neuron cares for the
next bit of attention in proportion to `(U0 + U)^-alpha`. Over the whole layer that cannot be set in proportion, since no neuron
sees its neighbours: each takes its own first income U0 for its measure instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.core.utility import Power
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class DiminishingReturns(Wrapper):
    """Follows another policy, but the less eagerly the richer in attention it has become.

    Its plasticity is `(2 U0 / (U0 + U))^alpha`, where U is the attention it gets, `sum_k w_k^2 / 2`, and U0 what it got in its
    first round: 1 while nothing has changed, at most `2^alpha` for a neuron that has lost everything, and falling as `U^-alpha`
    for a rich one. Sees what its own listeners pay. A neuron that nobody has paid yet, and an output neuron, follow the held
    policy as it is.

    Args:
        policy: The policy that is followed.
        alpha: How quickly it has enough, 0 (never) or more; 1 is the utility log U.
        adaptation_rate: Which part of the way U0 moves towards U in each round, 0 (it never forgets where it came from) to
            below 1.

    Raises:
        NeuroNetError: A parameter is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    alpha: float = 1.0
    adaptation_rate: float = 0.0

    own_memory_axes = {"reference_income": "J"}  # noqa: RUF012

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"diminishing-returns wraps a policy, got {self.policy!r}")
        check_number("alpha", self.alpha, 0)
        check_number("adaptation_rate", self.adaptation_rate, 0, 1, below=True)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's change, times the plasticity."""
        xp, reference_income = obs.xp, memory["reference_income"]
        known = reference_income > 0
        sum_of_both = xp.where(known, reference_income + self._income(obs), xp.ones_like(reference_income))
        plasticity = xp.where(known, 2.0 * reference_income / sum_of_both, xp.ones_like(reference_income)) ** self.alpha
        return super().adapt(response, obs, memory) * plasticity[..., None]

    def _income(self, obs: Observation) -> Array:
        return Power(2).utility(obs.xp, obs.attention)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """What it is used to: its first income, and what habit makes of it."""
        income, reference_income = self._income(obs), memory["reference_income"]
        reference_income = obs.xp.where(
            reference_income > 0, reference_income + self.adaptation_rate * (income - reference_income), income
        )
        return {**super().remember(change, response, obs, memory), "reference_income": reference_income}

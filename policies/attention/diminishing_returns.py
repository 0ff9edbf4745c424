"""Diminishing returns: plasticity falls as a neuron's attention grows. Our own, from "forgetting less" in docs/theory.md.

With the concave utility `(U0 + U)^(1 - alpha) / (1 - alpha)` of its income U (its logarithm at alpha = 1), a neuron's marginal
utility of attention is `(U0 + U)^-alpha`. A neuron does not see its neighbours, so it cannot normalise by the layer's income: its
own first income U0 is the unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Power, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class DiminishingReturns(Wrapper):
    """Concave (isoelastic) utility of attention: update size shrinks as a neuron's attention grows (our own).

    The plasticity factor is `(2 U0 / (U0 + U))^alpha`, where U is the received attention, `sum_k w_k^2 / 2`, and U0 its value
    in the first round. The factor is 1 while nothing has changed, at most `2^alpha` for a neuron that lost all attention, and
    falls as `U^-alpha` for large U. It uses its own listeners' attention. A neuron without any attention so far, and an output
    neuron, follow the wrapped policy unchanged.

    Args:
        policy: The wrapped policy.
        alpha: Curvature of the utility, 0 (linear) or more; 1 is the utility log U.
        adaptation_rate: Rate at which U0 moves towards U in each round, 0 (U0 stays fixed) to below 1.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    alpha: float = 1.0
    adaptation_rate: float = 0.0

    own_memory_axes = {"reference_income": "J"}  # noqa: RUF012

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("alpha", self.alpha, 0)
        check_number("adaptation_rate", self.adaptation_rate, 0, 1, below=True)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's change, times the plasticity."""
        xp, reference = obs.xp, memory["reference_income"]
        known, ones = reference > 0, xp.ones_like(reference)
        total = xp.where(known, reference + self._income(obs), ones)
        plasticity = xp.where(known, 2.0 * reference / total, ones) ** self.alpha
        return super().adapt(response, obs, memory) * plasticity[..., None]

    def _income(self, obs: Observation) -> Array:
        return Power(2).utility(obs.xp, obs.attention)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the reference income: the first income, moved towards the present income at the adaptation rate."""
        income, reference = self._income(obs), memory["reference_income"]
        moved = reference + self.adaptation_rate * (income - reference)
        reference = obs.xp.where(reference > 0, moved, income)
        return {**super().remember(change, response, obs, memory), "reference_income": reference}

"""Income protection: synapses whose changes earned much change little. Our own, from "forgetting less" in docs/theory.md.

For attention-seeking with p = 2 the importance is the path integral of the loss of synaptic intelligence (Zenke, Poole, Ganguli
2017, "Continual learning through synaptic intelligence"), here without task boundaries: it protects from the first round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, ConfigurationError, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking

ACCOUNTS = {"synapse": "JS", "neuron": "J"}


@dataclass(frozen=True)
class IncomeProtecting(Wrapper):
    """Synaptic-intelligence-like plasticity without task boundaries: important synapses change less (after Zenke et al. 2017).

    A synapse's importance is what its changes have earned, `change * response` summed over the rounds. Its plasticity is
    `1 / (1 + kappa * importance)`. Importance has the unit of the payoff. For attention-seeking with p = 2 it is, to first
    order, the decrease of the mean loss due to the synapse, whatever the learning rate; noisy batches overestimate it. Negative
    earnings reduce the importance, but plasticity is at most 1. It uses no fields besides those of the wrapped policy.

    Args:
        policy: The wrapped policy.
        kappa: Strength of protection, per unit of the payoff, 0 or more: an importance of 1 / kappa halves the plasticity.
        account: "synapse": one importance for each synapse; "neuron": one for the sum of a neuron's earnings.
        decay: Share of the importance that is discarded in each round, 0 to below 1.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    kappa: float = 1000.0
    account: str = "synapse"
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("kappa", self.kappa, 0)
        if self.account not in ACCOUNTS:
            raise ConfigurationError(f"account must be 'synapse' or 'neuron', got {self.account!r}")
        check_number("decay", self.decay, 0, 1, below=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Importance of each synapse, or of each neuron."""
        return {"importance": ACCOUNTS[self.account]}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's change, times the plasticity."""
        importance = memory["importance"] if self.account == "synapse" else memory["importance"][..., None]
        protected = obs.xp.maximum(importance, obs.xp.zeros_like(importance))
        return super().adapt(response, obs, memory) / (1.0 + self.kappa * protected)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the importance, including the earnings of this round's change."""
        income = change * response
        if self.account == "neuron":
            income = obs.xp.sum(income, axis=-1)
        return {
            **super().remember(change, response, obs, memory),
            "importance": (1.0 - self.decay) * memory["importance"] + income,
        }

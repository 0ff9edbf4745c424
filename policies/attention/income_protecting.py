"""Income protection: what has earned much moves little. Our own, from "forgetting less" in docs/theory.md.

For attention-seeking with p = 2 the account is the path integral of the loss that synaptic intelligence keeps (Zenke, Poole,
Ganguli 2017, "Continual learning through synaptic intelligence"), here without task boundaries: it protects from the first round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking

ACCOUNTS = {"synapse": "JS", "neuron": "J"}


@dataclass(frozen=True)
class IncomeProtecting(Wrapper):
    """Follows another policy, but changes little where change has earned it much.

    Each synapse keeps an account of what its changes have earned, `change * response` summed over the rounds, and its plasticity
    is `1 / (1 + kappa * account)`. Earnings are in units of the payoff: for attention-seeking with p = 2, to first order, the
    fall of the mean loss that the synapse has brought about, whatever the learning rate; noisy batches overstate it. A loss
    counts against later earnings, but makes no synapse more plastic than 1. Sees nothing besides the held policy.

    Args:
        policy: The policy that is followed.
        kappa: How much is protected, per unit of the payoff, 0 or more: an account of 1 / kappa halves the plasticity.
        account: "synapse": each has its own; "neuron": one for the sum of all that a neuron earns.
        decay: Which part of the account is forgotten in each round, 0 to below 1.

    Raises:
        NeuroNetError: A parameter is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    kappa: float = 1000.0
    account: str = "synapse"
    decay: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"income-protecting wraps a policy, got {self.policy!r}")
        check_number("kappa", self.kappa, 0)
        if self.account not in ACCOUNTS:
            raise NeuroNetError(f"account must be 'synapse' or 'neuron', got {self.account!r}")
        check_number("decay", self.decay, 0, 1, below=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:  # type: ignore[override]
        """The account of each synapse, or of each neuron."""
        return {"importance": ACCOUNTS[self.account]}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's change, times the plasticity."""
        importance = memory["importance"] if self.account == "synapse" else memory["importance"][..., None]
        protected = obs.xp.maximum(importance, obs.xp.zeros_like(importance))
        return super().adapt(response, obs, memory) / (1.0 + self.kappa * protected)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """The account, and what this round's change has earned."""
        income = change * response
        if self.account == "neuron":
            income = obs.xp.sum(income, axis=-1)
        return {
            **super().remember(change, response, obs, memory),
            "importance": (1.0 - self.decay) * memory["importance"] + income,
        }

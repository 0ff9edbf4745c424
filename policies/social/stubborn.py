"""Stubborn: learn, but be drawn back to what you were born with.

The pull is that of weight decay towards the starting point instead of 0 (L2-SP: Li, Grandvalet and Davoine 2018, "Explicit
inductive bias for transfer learning with convolutional networks", arXiv 1802.01483).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Stubborn(Wrapper):
    """Changes as another policy does, less a part of how far each synapse has come since its birth.

    Where the response is constantly c, a synapse comes to rest `c / pull` away from where it began.

    Args:
        policy: The policy that would change.
        pull: The part of the way back, per unit of learning rate, 0 (none) or more. Learning rate times pull should stay below 1.

    Raises:
        NeuroNetError: pull is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    pull: float = 0.01

    own_memory_axes = {"moved": "JS"}  # noqa: RUF012

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"stubborn wraps a policy, got {self.policy!r}")
        check_number("pull", self.pull, 0)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's change, less `pull` times the way already gone."""
        return super().adapt(response, obs, memory) - self.pull * memory["moved"]

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """How far each synapse has moved since birth."""
        return {**super().remember(change, response, obs, memory), "moved": memory["moved"] + change}

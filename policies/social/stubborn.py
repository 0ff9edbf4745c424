"""Stubborn: learn with weight decay towards the initial weights.

Source: L2-SP of Li, Grandvalet and Davoine 2018, "Explicit inductive bias for transfer learning with convolutional networks",
arXiv 1802.01483.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Stubborn(Wrapper):
    """Weight decay towards the initial weights (L2-SP), around another policy (Li, Grandvalet and Davoine 2018).

    With a constant response c, a synapse converges to a distance of `c / pull` from its initial value.

    Args:
        policy: The wrapped policy.
        pull: Rate of decay per unit of learning rate, 0 (none) or more. Learning rate times pull should stay below 1.

    Raises:
        ConfigurationError: pull is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    pull: float = 0.01

    own_memory_axes = {"moved": "JS"}  # noqa: RUF012

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("pull", self.pull, 0)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's change minus `pull` times the distance moved so far."""
        return super().adapt(response, obs, memory) - self.pull * memory["moved"]

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the distance of each synapse from its initial value."""
        return {**super().remember(change, response, obs, memory), "moved": memory["moved"] + change}

"""Clipped: any policy with a bounded voice.

The bound is the bounded influence of robust statistics: Huber 1964, "Robust estimation of a location parameter".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Clipped(Wrapper):
    """Bounds another policy's feedback, each neuron's on each sample: no single sample moves anybody far.

    Args:
        policy: The policy that is bounded.
        bound: The largest size of the feedback, above 0.

    Raises:
        NeuroNetError: bound is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    bound: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"clipped wraps a policy, got {self.policy!r}")
        check_number("bound", self.bound, 0, above=True)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, cut off at plus and minus `bound`."""
        return obs.xp.clip(super().feedback(obs, memory), -self.bound, self.bound)

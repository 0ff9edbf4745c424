"""Clipped: another policy with bounded feedback.

The bound is the bounded influence of robust statistics: Huber 1964, "Robust estimation of a location parameter".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Clipped(Wrapper):
    """Elementwise clipping of another policy's feedback, for each neuron and sample (bounded influence, Huber 1964).

    Args:
        policy: The wrapped policy.
        bound: Largest absolute value of the feedback, above 0.

    Raises:
        ConfigurationError: bound is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    bound: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("bound", self.bound, 0, above=True)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback, clipped to plus and minus `bound`."""
        return obs.xp.clip(super().feedback(obs, memory), -self.bound, self.bound)

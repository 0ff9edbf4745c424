"""Free rider: be paid, and let the others do the work. The word is that of Olson 1965, "The logic of collective action"."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class FreeRider(Wrapper):
    """Asks its speakers for what another policy asks for, but never changes itself.

    It receives attention like anybody else, and gains as others adapt to it. Output neurons, and whoever has no listener, live on
    no attention and adapt as usual: free riders in one hidden layer make it one of random features.

    Args:
        policy: Whose demands it makes.

    Raises:
        NeuroNetError: `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"free-rider wraps a policy, got {self.policy!r}")

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Nothing; for those without listeners, the held policy's change."""
        held_change = super().adapt(response, obs, memory)
        has_listeners = obs.xp.any(obs.listener_mask != 0, axis=-2)[..., None]
        return obs.xp.where(has_listeners, obs.xp.zeros_like(held_change), held_change)

"""Free rider: receive attention without learning. The term is from Olson 1965, "The logic of collective action"."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neuronet.core import Array, FeedbackForm, Memory, Observation, Policy, Wrapper, form_of
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class FreeRider(Wrapper):
    """Frozen weights with another policy's feedback: never adapts itself (free riding, Olson 1965).

    It receives attention as any neuron does, and gains as others adapt to it. Output neurons, and neurons without listeners,
    adapt as the wrapped policy does: free riders in one hidden layer make it a layer of random features.

    Args:
        policy: The wrapped policy, which makes the demands.

    Raises:
        ConfigurationError: `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)

    @property
    def form(self) -> FeedbackForm | None:
        """The wrapped policy's, without adaptation."""
        inner = form_of(self.policy)
        return None if inner is None else replace(inner, adapts=False, draw=inner.draw and f"policy/{inner.draw}")

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return 0; for neurons without listeners, the wrapped policy's change."""
        change = super().adapt(response, obs, memory)
        return obs.xp.where(obs.has_listeners()[..., None], obs.xp.zeros_like(change), change)

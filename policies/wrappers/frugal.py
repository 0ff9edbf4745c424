"""Frugal: another policy that counts the cost of speech.

Our own: a price on speech, of which the honest neuron takes account.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Frugal(Wrapper):
    """A cost of speech: another policy's feedback minus a price times the neuron's own activity (our own).

    It is the slope of what the wrapped policy seeks minus `price / 2` times the squared activity of each sample. The output
    neurons, whose feedback is the environment's, pay no price.

    Args:
        policy: The wrapped policy.
        price: Price per squared activity, 0 or more, in units of the feedback.

    Raises:
        ConfigurationError: price is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    price: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("price", self.price, 0)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback minus the price times the activity, (..., B, J)."""
        return super().feedback(obs, memory) - self.price * obs.activity

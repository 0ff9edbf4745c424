"""Damped: another policy whose demand and change are multiplied by a factor.

A control for the attention budget (budgeted.py): in one of its forms the signal is halved in every layer on its way down, which
is a matter of learning rates, and not of a budget. Our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Scales, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Damped(Wrapper):
    """A constant factor on another policy's demand and change: layer by layer, the signal shrinks on its way down (our own).

    With the factor f, the output layer learns at f times the learning rate, the layer below at f^2, the next at f^3. With
    attention-seeking it is error backpropagation with these learning rates.

    Args:
        policy: The wrapped policy.
        factor: Factor of the demand and the change, above 0.

    Raises:
        ConfigurationError: factor is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    factor: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("factor", self.factor, 0, above=True)

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the factor, times those of the wrapped policy."""
        inner = super().scales(response, obs, memory)
        factor = obs.xp.full_like(response[..., 0], self.factor)
        return Scales(*(factor if part is None else part * factor for part in inner))

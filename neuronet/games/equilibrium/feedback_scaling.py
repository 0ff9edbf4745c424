"""Deviations of feedback length alone, of feedback direction alone, and of activity.

Feedback has a direction and a length; longer feedback moves a neuron's synapses further in a round, like a larger learning rate
of that neuron. Two wrappers separate the effects: `ScaledFeedback` changes the length of a policy's feedback,
`MatchedNormFeedback` gives it the length of another policy's feedback. `ScaledActivity` says more or less than its activity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, ConfigurationError, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies import AttentionSeeking


@dataclass(frozen=True)
class ScaledFeedback(Wrapper):
    """Policy with the feedback of another policy, multiplied by a factor.

    Args:
        policy: Policy that gives the feedback.
        factor: Factor (> 0).

    Raises:
        ConfigurationError: The factor is out of range.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    factor: float = 2.0

    def __post_init__(self) -> None:
        check_number("factor", self.factor, 0, above=True)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback times the factor, (..., B, J)."""
        return self.factor * super().feedback(obs, memory)


@dataclass(frozen=True)
class MatchedNormFeedback(Wrapper):
    """Policy with the feedback direction of one policy and the norm over the batch of another policy's feedback.

    Args:
        policy: Policy that gives the direction.
        reference: Policy without memory that gives the norm.

    Raises:
        ConfigurationError: `reference` has a memory.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    reference: Policy = field(default_factory=AttentionSeeking)

    def __post_init__(self) -> None:
        if self.reference.memory_axes:
            raise ConfigurationError(f"reference must be a policy without memory, got {self.reference!r}")

    @property
    def own_needs(self) -> frozenset[str]:
        """Return the observation fields that the reference reads."""
        return self.reference.needs

    @property
    def own_stochastic(self) -> bool:
        """Return whether the reference draws random numbers."""
        return self.reference.stochastic

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the feedback with the reference's norm; feedback of 0 stays 0."""
        xp = obs.xp
        own = super().feedback(obs, memory)
        mine, theirs = (xp.sum(array * array, axis=-2, keepdims=True) for array in (own, self.reference.feedback(obs, {})))
        return own * (theirs / xp.where(mine > 0, mine, xp.ones_like(mine))) ** 0.5


@dataclass(frozen=True)
class ScaledActivity(Wrapper):
    """Policy of a neuron that says a multiple of its activity.

    Its demands on its own potential are those of the wrapped policy, as if it spoke plainly.

    Args:
        policy: Policy that the neuron follows otherwise.
        factor: Factor (> 0).

    Raises:
        ConfigurationError: The factor is out of range.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    factor: float = 2.0

    def __post_init__(self) -> None:
        check_number("factor", self.factor, 0, above=True)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return the factor times what the wrapped policy says, (..., B, J)."""
        return self.factor * super().speak(activity, obs, memory)

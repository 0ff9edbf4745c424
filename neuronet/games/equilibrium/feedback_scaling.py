"""Deviations of length alone, and of direction alone.

A policy's feedback has a direction and a length; a longer one moves a neuron's synapses further in a round, as a larger learning
rate of its own would. To tell what a deviation gains by where it goes from what it gains by how far, it can be played with the
length of another policy's feedback; and a policy can be played louder, with its direction unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class ScaledFeedback(Wrapper):
    """Another policy's feedback, so many times as long.

    Args:
        policy: Whose feedback.
        factor: How many times as long, above 0.

    Raises:
        NeuroNetError: The factor is out of range.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    factor: float = 2.0

    def __post_init__(self) -> None:
        check_number("factor", self.factor, 0, above=True)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, times the factor."""
        return self.factor * super().feedback(obs, memory)


@dataclass(frozen=True)
class MatchedNormFeedback(Wrapper):
    """Another policy's feedback, with the length over the batch that the feedback of a third would have.

    Args:
        policy: Whose direction.
        reference: Whose length; one that keeps nothing.

    Raises:
        NeuroNetError: `reference` keeps a memory.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    reference: Policy = field(default_factory=AttentionSeeking)

    def __post_init__(self) -> None:
        if self.reference.memory_axes:
            raise NeuroNetError(
                f"the length of feedback can be taken from a policy that keeps nothing, not from {self.reference!r}"
            )

    @property
    def own_needs(self) -> frozenset[str]:  # type: ignore[override]
        """What the one whose length it takes must see."""
        return self.reference.needs

    @property
    def own_stochastic(self) -> bool:  # type: ignore[override]
        """Whether that one draws."""
        return self.reference.stochastic

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, as long as the other's; where it is 0 it stays so."""
        xp = obs.xp
        own = super().feedback(obs, memory)
        mine, theirs = (xp.sum(each * each, axis=-2, keepdims=True) for each in (own, self.reference.feedback(obs, {})))
        return own * (theirs / xp.where(mine > 0, mine, xp.ones_like(mine))) ** 0.5

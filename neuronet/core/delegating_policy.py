"""Policy with the traits of another, for engines and checks that look at what passes between the two."""

from __future__ import annotations

from collections.abc import Mapping

from neuronet.core.policy import Policy


class DelegatingPolicy(Policy):
    """Policy whose needs, memory, hooks and further traits are those of another; a subclass calls the hooks of the other.

    Unlike a `Wrapper`, it changes nothing in the game, and its memory has the names of the other's.

    Attributes:
        policy: The other policy.
    """

    policy: Policy

    @property
    def needs(self) -> frozenset[str]:
        """Fields that the policy needs."""
        return self.policy.needs

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """Memory of the policy."""
        return self.policy.memory_axes

    @property
    def hooks(self) -> frozenset[str]:
        """Hooks that the policy overrides."""
        return self.policy.hooks

    @property
    def stochastic(self) -> bool:
        """Whether the policy draws random numbers."""
        return self.policy.stochastic

    @property
    def linear(self) -> bool:
        """Whether the policy is linear."""
        return self.policy.linear

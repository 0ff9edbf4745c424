"""Noisy: any policy with noise on its feedback. Our own; for one that slips now and then see trembling_hand.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Noisy(Wrapper):
    """Adds Gaussian noise to another policy's feedback.

    Args:
        policy: The policy that is disturbed.
        sigma: Standard deviation of the noise, in units of the feedback's root mean square over the batch, 0 or more.

    Raises:
        NeuroNetError: sigma is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    sigma: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"noisy wraps a policy, got {self.policy!r}")
        check_number("sigma", self.sigma, 0)

    @property
    def own_stochastic(self) -> bool:  # type: ignore[override]
        """Unless it is quite steady."""
        return bool(self.sigma)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, disturbed."""
        steady = super().feedback(obs, memory)
        if not self.sigma:
            return steady
        rms = obs.xp.mean(steady * steady, axis=-2, keepdims=True) ** 0.5
        return steady + self.sigma * rms * obs.draws.normal("noise", "BJ")

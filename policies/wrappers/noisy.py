"""Noisy: another policy with noise on its feedback. Our own; for occasional random feedback see trembling_hand.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neuronet.core import Array, FeedbackForm, Memory, Observation, Policy, Wrapper, check_number, form_of
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class Noisy(Wrapper):
    """Gaussian noise on another policy's feedback (our own).

    Args:
        policy: The wrapped policy.
        sigma: Standard deviation of the noise, in units of the feedback's root mean square over the batch, 0 or more.

    Raises:
        ConfigurationError: sigma is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    sigma: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("sigma", self.sigma, 0)

    @property
    def own_stochastic(self) -> bool:
        """True if the noise level is above 0."""
        return bool(self.sigma)

    @property
    def form(self) -> FeedbackForm | None:
        """The wrapped policy's with noise; None if that has noise of its own."""
        inner = form_of(self.policy)
        return None if inner is None or inner.noise else replace(inner, noise=self.sigma, draw="noise" if self.sigma else "")

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback with noise."""
        feedback = super().feedback(obs, memory)
        if not self.sigma:
            return feedback
        rms = obs.xp.mean(feedback * feedback, axis=-2, keepdims=True) ** 0.5
        return feedback + self.sigma * rms * obs.draws.normal("noise", "BJ")

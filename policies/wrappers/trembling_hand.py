"""Trembling hand: another policy with occasional random feedback. Selten 1975, "Reexamination of the perfectness concept"."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class TremblingHand(Wrapper):
    """Occasional random feedback in place of another policy's (trembling hand, Selten 1975).

    Args:
        policy: The wrapped policy.
        tremble: Probability of random feedback, for each sample and neuron independently, 0 to 1. Random feedback is Gaussian,
            with the root mean square of the neuron's feedback over the batch.

    Raises:
        ConfigurationError: tremble is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    tremble: float = 0.1

    own_stochastic = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("tremble", self.tremble, 0, 1)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback, replaced at random."""
        xp, feedback = obs.xp, super().feedback(obs, memory)
        rms = xp.mean(feedback * feedback, axis=-2, keepdims=True) ** 0.5
        trembles = obs.draws.uniform("tremble", "BJ") < self.tremble
        return xp.where(trembles, rms * obs.draws.normal("slip", "BJ"), feedback)

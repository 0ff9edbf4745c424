"""Trembling hand: any policy that slips now and then. Selten 1975, "Reexamination of the perfectness concept"."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class TremblingHand(Wrapper):
    """Follows another policy, but slips now and then, and answers at random.

    Args:
        policy: The policy that is meant to be followed.
        tremble: Probability of a slip, for each sample and neuron by itself, 0 to 1. A slip is Gaussian, as large as the neuron's
            feedback is in root mean square over the batch.

    Raises:
        NeuroNetError: tremble is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    tremble: float = 0.1

    own_stochastic = True

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"trembling-hand wraps a policy, got {self.policy!r}")
        check_number("tremble", self.tremble, 0, 1)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, but where the hand slips."""
        meant = super().feedback(obs, memory)
        xp = obs.xp
        size = xp.mean(meant * meant, axis=-2, keepdims=True) ** 0.5
        slips = obs.draws.uniform("tremble", "BJ") < self.tremble
        return xp.where(slips, size * obs.draws.normal("slip", "BJ"), meant)

"""Noisy: any policy with an unsteady hand. The trembling hand is Selten's (1975, "Reexamination of the perfectness concept")."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.arrays import Array, Memory
from neuronet.errors import NeuroNetError, check_number
from neuronet.policies.attention import AttentionSeeking
from neuronet.policy import Observation, Policy, Wrapper


@dataclass(frozen=True)
class Noisy(Wrapper):
    """Adds Gaussian noise to another policy's feedback, or answers at random now and then.

    Args:
        policy: The policy that is disturbed.
        sigma: Standard deviation of the noise, in units of the feedback's root mean square over the batch, 0 or more.
        tremble: Probability, 0 to 1, of answering a sample at random instead, with the same root mean square.

    Raises:
        NeuroNetError: A parameter is out of range, or `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    sigma: float = 0.5
    tremble: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"noisy wraps a policy, got {self.policy!r}")
        check_number("sigma", self.sigma, 0)
        check_number("tremble", self.tremble, 0, 1)

    def feedback(self, seen: Observation, memory: Memory) -> Array:
        """The held policy's feedback, disturbed."""
        steady = super().feedback(seen, memory)
        xp = seen.xp
        rms = xp.mean(steady * steady, axis=-2, keepdims=True) ** 0.5
        answer = steady
        if self.sigma:
            answer = answer + self.sigma * rms * seen.draws.normal("noise", "BJ")
        if self.tremble:
            trembles = seen.draws.uniform("tremble", "BJ") < self.tremble
            answer = xp.where(trembles, rms * seen.draws.normal("slip", "BJ"), answer)
        return answer

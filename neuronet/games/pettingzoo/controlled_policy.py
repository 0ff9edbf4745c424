"""Policy whose feedback is modulated from outside, with a memory of the features that an external player observes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neuronet.core import Array, ConfigurationError, Memory, Observation, Policy, Wrapper
from neuronet.policies import AttentionSeeking

MODULATION = "modulation"
"""Name of the memory that holds the players' actions."""

FEATURES = (
    "activity",
    "activity_std",
    "slope",
    "attention",
    "concentration",
    "feedback_mean",
    "feedback_rms",
    "agreement",
    "attention_growth",
)
"""Features of a player, numbers from -1 to 1:

activity            mean of the activity over the batch
activity_std        standard deviation of the activity over the batch
slope               mean of the activation's derivative f'(z)
attention           norm of the weights of the neuron's listeners
concentration       sum of squares of the listeners' shares of attention: 1 if one listener pays all of it
feedback_mean       mean of the feedback before modulation
feedback_rms        root mean square of the feedback before modulation
agreement           absolute sum of the listeners' weighted demands, relative to the sum of their absolute values
attention_growth    coming growth of attention, `sum_k w_kj c_kj`, relative to the square of attention
"""

SMALL = 1e-12


def bounded(xp: Any, values: Array) -> Array:
    """Map real numbers to the interval from -1 to 1."""
    return values / (1 + xp.abs(values))


@dataclass(frozen=True)
class ControlledPolicy(Wrapper):
    """Policy that multiplies the feedback of another policy by one plus each player's action, and records the players' features.

    Args:
        policy: Policy that gives the feedback.

    Raises:
        ConfigurationError: `policy` is not a Policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)

    @property
    def own_needs(self) -> frozenset[str]:
        """Return the observation field that the features read."""
        return frozenset({"response"})

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Return the axes of the actions and of the features."""
        return dict.fromkeys((MODULATION, *FEATURES), "J")

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise ConfigurationError(f"policy must be a Policy, got {self.policy!r}")

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback times one plus the player's action, (..., B, J)."""
        return super().feedback(obs, memory) * (1 + memory[MODULATION][..., None, :])

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the memory with the features of this round."""
        held = super().remember(change, response, obs, memory)
        return {**held, **_features(obs, super().feedback(obs, memory))}


def _features(obs: Observation, feedback: Array) -> Mapping[str, Array]:
    xp, activity, paid = obs.xp, obs.activity, obs.attention
    size, total = xp.abs(paid), xp.sum(xp.abs(paid), axis=-2)
    claims = xp.abs(obs.demand) @ size
    wealth = xp.sum(paid * paid, axis=-2)
    features = {
        "activity": bounded(xp, xp.mean(activity, axis=-2)),
        "activity_std": bounded(xp, xp.std(activity, axis=-2)),
        "slope": bounded(xp, xp.mean(obs.slope, axis=-2)),
        "attention": bounded(xp, wealth**0.5),
        "concentration": wealth / (total * total + SMALL),
        "feedback_mean": bounded(xp, xp.mean(feedback, axis=-2)),
        "feedback_rms": bounded(xp, xp.mean(feedback * feedback, axis=-2) ** 0.5),
        "agreement": xp.mean(xp.abs(obs.demand @ paid), axis=-2) / (xp.mean(claims, axis=-2) + SMALL),
        "attention_growth": bounded(xp, xp.sum(paid * obs.response, axis=-2) / (wealth + SMALL)),
    }
    return {name: features[name] for name in FEATURES}

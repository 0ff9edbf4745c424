"""A policy for neurons that are played from outside: how eagerly they follow their feedback is somebody else's to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation
from neuronet.core.policy import Policy, Wrapper
from neuronet.policies import AttentionSeeking

MODULATION = "modulation"
"""What memory holds the players' moves."""

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
"""What a player sees, each a number from -1 to 1:

activity    mean of what it says over the batch
activity_std      standard deviation of the same
slope       mean of f'(z): how far it can still be moved
attention   root of the sum of squares of what its listeners pay
concentration        sum of the squares of its listeners' shares: 1 where one of them pays all there is
feedback_mean         mean of its feedback before modulation
feedback_rms     root mean square of the same
agreement         how far its listeners agree: what is left of their demands, weighed by what they pay, when they are added up
attention_growth       how its attention is about to grow, `sum_k w_kj c_kj`, in units of the attention's square
"""

SMALL = 1e-12


def bounded(xp: object, values: Array) -> Array:
    """Numbers of any size, to within -1 and 1."""
    return values / (1 + xp.abs(values))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ControlledPolicy(Wrapper):
    """Multiplies another policy's feedback by one plus each player's move, and writes down what the players see.

    Args:
        policy: The policy that is modulated.

    Raises:
        NeuroNetError: `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)

    own_needs = frozenset({"response"})
    own_memory_axes: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys((MODULATION, *FEATURES), "J"), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"players modulate a policy, got {self.policy!r}")

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback, times one plus the player's move."""
        return super().feedback(obs, memory) * (1 + memory[MODULATION][..., None, :])

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """What was seen in this round, summed up."""
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

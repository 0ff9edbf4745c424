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

SUMMARIES = (
    "activity",
    "variety",
    "slope",
    "attention",
    "focus",
    "wish",
    "strength",
    "accord",
    "income",
)
"""What a player sees, each a number from -1 to 1:

activity    mean of what it says over the batch
variety     standard deviation of the same
slope       mean of f'(z): how far it can still be moved
attention   root of the sum of squares of what its listeners pay
focus       sum of the squares of its listeners' shares: 1 where one of them pays all there is
wish        mean of its feedback before modulation
strength    root mean square of the same
accord      how far its listeners agree: what is left of their demands, weighed by what they pay, when they are added up
income      how its attention is about to grow, `sum_k w_kj c_kj`, in units of the attention's square
"""

SMALL = 1e-12


def bounded(xp: object, values: Array) -> Array:
    """Numbers of any size, to within -1 and 1."""
    return values / (1 + xp.abs(values))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Played(Wrapper):
    """Multiplies another policy's feedback by one plus each player's move, and writes down what the players see.

    Args:
        policy: The policy that is modulated.

    Raises:
        NeuroNetError: `policy` is none.
    """

    policy: Policy = field(default_factory=AttentionSeeking)

    needs_itself = frozenset({"response"})
    keeps_itself: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys((MODULATION, *SUMMARIES), "J"), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise NeuroNetError(f"players modulate a policy, got {self.policy!r}")

    def feedback(self, seen: Observation, memory: Memory) -> Array:
        """The held policy's feedback, times one plus the player's move."""
        return super().feedback(seen, memory) * (1 + memory[MODULATION][..., None, :])

    def remember(self, change: Array, response: Array, seen: Observation, memory: Memory) -> Memory:
        """What was seen in this round, summed up."""
        held = super().remember(change, response, seen, memory)
        return {**held, **_summed_up(seen, super().feedback(seen, memory))}


def _summed_up(seen: Observation, wish: Array) -> Mapping[str, Array]:
    xp, said, paid = seen.xp, seen.activity, seen.attention
    size, total = xp.abs(paid), xp.sum(xp.abs(paid), axis=-2)
    claims = xp.abs(seen.demand) @ size
    wealth = xp.sum(paid * paid, axis=-2)
    heard = {
        "activity": bounded(xp, xp.mean(said, axis=-2)),
        "variety": bounded(xp, xp.std(said, axis=-2)),
        "slope": bounded(xp, xp.mean(seen.slope, axis=-2)),
        "attention": bounded(xp, wealth**0.5),
        "focus": wealth / (total * total + SMALL),
        "wish": bounded(xp, xp.mean(wish, axis=-2)),
        "strength": bounded(xp, xp.mean(wish * wish, axis=-2) ** 0.5),
        "accord": xp.mean(xp.abs(seen.demand @ paid), axis=-2) / (xp.mean(claims, axis=-2) + SMALL),
        "income": bounded(xp, xp.sum(paid * seen.response, axis=-2) / (wealth + SMALL)),
    }
    return {name: heard[name] for name in SUMMARIES}

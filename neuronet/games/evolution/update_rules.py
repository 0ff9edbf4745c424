"""Imitation: how neurons of a layer take over each other's policies, by what these have brought.

Fermi's rule (Blume 1993; Traulsen, Nowak and Pacheco 2006): somebody by chance looks at somebody else by chance, and takes over
its policy with probability `1 / (1 + exp(-strength (theirs - mine)))`. Moran's process (Moran 1958): somebody is copied with a
probability in proportion to `exp(strength payoff)`, and takes the place of somebody by chance. With strength 0 both are neutral:
whoever it is, the policy of one among n neurons takes over with probability 1 / n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error
from neuronet.games.simulation.payoffs import Floats, check_kind

RULES = ("fermi", "moran")


@dataclass(frozen=True)
class Imitation:
    """How neurons imitate each other.

    Attributes:
        rule: "fermi" or "moran".
        payoff: Which payoff of a generation counts; in units of its standard deviation over the layer.
        strength: How much it counts, 0 (not at all) or more.
        mutation: How often somebody takes a policy by chance instead, 0 to 1.
        events: How often somebody in a layer may change in a generation, 1 or more.

    Raises:
        NeuroNetError: Something is out of range, or the payoff is the same for all.
    """

    rule: str = "fermi"
    payoff: str = "gain"
    strength: float = 1.0
    mutation: float = 0.0
    events: int = 2

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise unknown_name_error("imitation rule", self.rule, RULES)
        check_kind(self.payoff)
        if self.payoff == "loss":
            raise NeuroNetError("the loss is the same for all neurons: nobody could imitate by it; choose another payoff")
        check_number("strength", self.strength, 0)
        check_number("mutation", self.mutation, 0, 1)
        check_number("events", self.events, 1, whole=True)

    def step(self, side: NDArray[np.int64], payoff: Floats, kinds: int, chance: np.random.Generator) -> NDArray[np.int64]:
        """The policies of a layer after a generation.

        Args:
            side: (J,), the number of the policy that each neuron plays.
            payoff: (J,), what they earned; what is no finite number counts as the least.
            kinds: How many policies there are.
            chance: Decides.
        """
        return imitate(
            side, standardised(payoff), self.rule, self.strength, self.events, chance, mutation=self.mutation, kinds=kinds
        )


def standardised(payoff: Floats) -> Floats:
    """Payoffs minus their mean, in standard deviations; 0 where all are the same."""
    finite = np.isfinite(payoff)
    if not finite.any():
        return np.zeros_like(payoff)
    known = np.where(finite, payoff, payoff[finite].min())
    spread = known.std()
    return (known - known.mean()) / spread if spread > 0 else np.zeros_like(known)


def imitate(
    side: NDArray[np.int64],
    payoff: Floats,
    rule: str,
    strength: float,
    events: int,
    chance: np.random.Generator,
    *,
    mutation: float = 0.0,
    kinds: int = 1,
) -> NDArray[np.int64]:
    """Some events of imitation, one after another; payoffs stay with the neurons that earned them.

    Args:
        side: (J,), who plays what.
        payoff: (J,), in whatever unit the strength is the inverse of.
        rule: One of RULES.
        strength: How much payoffs count.
        events: How many.
        chance: Decides.
        mutation: How often a policy is taken by chance instead.
        kinds: From how many.
    """
    found = side.copy()
    count = len(found)
    for _ in range(events):
        if mutation and chance.random() < mutation:
            found[chance.integers(count)] = chance.integers(kinds)
        elif count > 1 and rule == "fermi":
            mine, other = chance.choice(count, size=2, replace=False)
            exponent = np.clip(-strength * (payoff[other] - payoff[mine]), -700.0, 700.0)
            if chance.random() < 1.0 / (1.0 + np.exp(exponent)):
                found[mine] = found[other]
        elif count > 1:
            fitness = np.exp(strength * (payoff - payoff.max()))
            found[chance.integers(count)] = found[chance.choice(count, p=fitness / fitness.sum())]
    return found

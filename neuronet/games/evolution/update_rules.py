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

UPDATE_RULES = ("fermi", "moran")


@dataclass(frozen=True)
class UpdateRule:
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
        if self.rule not in UPDATE_RULES:
            raise unknown_name_error("update rule", self.rule, UPDATE_RULES)
        check_kind(self.payoff)
        if self.payoff == "loss":
            raise NeuroNetError("the loss is the same for all neurons: nobody could imitate by it; choose another payoff")
        check_number("strength", self.strength, 0)
        check_number("mutation", self.mutation, 0, 1)
        check_number("events", self.events, 1, whole=True)

    def step(
        self, policy_index: NDArray[np.int64], payoff: Floats, num_policies: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The policies of a layer after a generation.

        Args:
            policy_index: (J,), the number of the policy that each neuron plays.
            payoff: (J,), what they earned; what is no finite number counts as the least.
            num_policies: How many policies there are.
            rng: Decides.
        """
        return update_step(
            policy_index,
            standardised(payoff),
            self.rule,
            self.strength,
            self.events,
            rng,
            mutation=self.mutation,
            num_policies=num_policies,
        )


def standardised(payoff: Floats) -> Floats:
    """Payoffs minus their mean, in standard deviations; 0 where all are the same."""
    finite = np.isfinite(payoff)
    if not finite.any():
        return np.zeros_like(payoff)
    known = np.where(finite, payoff, payoff[finite].min())
    spread = known.std()
    return (known - known.mean()) / spread if spread > 0 else np.zeros_like(known)


def update_step(
    policy_index: NDArray[np.int64],
    payoff: Floats,
    rule: str,
    strength: float,
    events: int,
    rng: np.random.Generator,
    *,
    mutation: float = 0.0,
    num_policies: int = 1,
) -> NDArray[np.int64]:
    """Some events of imitation, one after another; payoffs stay with the neurons that earned them.

    Args:
        policy_index: (J,), who plays what.
        payoff: (J,), in whatever unit the strength is the inverse of.
        rule: One of RULES.
        strength: How much payoffs count.
        events: How many.
        rng: Decides.
        mutation: How often a policy is taken by chance instead.
        num_policies: From how many.
    """
    found = policy_index.copy()
    count = len(found)
    for _ in range(events):
        if mutation and rng.random() < mutation:
            found[rng.integers(count)] = rng.integers(num_policies)
        elif count > 1 and rule == "fermi":
            mine, other = rng.choice(count, size=2, replace=False)
            exponent = np.clip(-strength * (payoff[other] - payoff[mine]), -700.0, 700.0)
            if rng.random() < 1.0 / (1.0 + np.exp(exponent)):
                found[mine] = found[other]
        elif count > 1:
            fitness = np.exp(strength * (payoff - payoff.max()))
            found[rng.integers(count)] = found[rng.choice(count, p=fitness / fitness.sum())]
    return found

"""Update rules: imitation among the neurons of a layer by payoff.

Fermi's rule (Blume 1993; Traulsen, Nowak and Pacheco 2006): a random neuron compares itself with another random neuron, and
adopts its policy with probability `1 / (1 + exp(-strength (theirs - mine)))`. Moran's process (Moran 1958): a neuron is chosen
for copying with probability proportional to `exp(strength payoff)`, and its policy replaces that of a random neuron. With
strength 0 both are neutral: the policy of one of n neurons reaches fixation with probability 1 / n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core import ConfigurationError, check_number, unknown_name_error
from neuronet.games.simulation.payoffs import Floats

UPDATE_RULES = ("fermi", "moran")


@dataclass(frozen=True)
class UpdateRule:
    """Settings of the imitation in a layer.

    Attributes:
        rule: "fermi" or "moran".
        payoff: Payoff of a generation, standardised over the layer.
        strength: Strength of selection, 0 (neutral) or more.
        mutation: Probability of a random policy instead of imitation, 0 to 1.
        events: Number of imitation events per layer and generation, 1 or more.

    Raises:
        ConfigurationError: A value is out of range, or the payoff is equal for all neurons.
        SpecError: The rule is unknown.
    """

    rule: str = "fermi"
    payoff: str = "gain"
    strength: float = 1.0
    mutation: float = 0.0
    events: int = 2

    def __post_init__(self) -> None:
        if self.rule not in UPDATE_RULES:
            raise unknown_name_error("update rule", self.rule, UPDATE_RULES)
        if self.payoff == "loss":
            raise ConfigurationError("imitation needs a payoff that differs between neurons: payoff 'loss' is shared by all")
        check_number("strength", self.strength, 0)
        check_number("mutation", self.mutation, 0, 1)
        check_number("events", self.events, 1, whole=True)

    def step(
        self, policy_index: NDArray[np.int64], payoff: Floats, num_policies: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return the policy indices of a layer after the events of a generation, (J,).

        Payoffs stay with the neurons that earned them.

        Args:
            policy_index: Index of each neuron's policy, (J,).
            payoff: Payoff of each neuron, (J,), in units of the inverse of `strength`.
            num_policies: Number of policies from which mutation draws.
            rng: Random generator.
        """
        result = policy_index.copy()
        count = len(result)
        for _ in range(self.events):
            if self.mutation and rng.random() < self.mutation:
                result[rng.integers(count)] = rng.integers(num_policies)
            elif count > 1 and self.rule == "fermi":
                mine, other = rng.choice(count, size=2, replace=False)
                exponent = np.clip(-self.strength * (payoff[other] - payoff[mine]), -700.0, 700.0)
                if rng.random() < 1.0 / (1.0 + np.exp(exponent)):
                    result[mine] = result[other]
            elif count > 1:
                fitness = np.exp(self.strength * (payoff - payoff.max()))
                result[rng.integers(count)] = result[rng.choice(count, p=fitness / fitness.sum())]
        return result


def standardised(payoff: Floats) -> Floats:
    """Return payoffs minus their mean, in standard deviations; 0 if all are equal.

    Values that are not finite count as the lowest.
    """
    finite = np.isfinite(payoff)
    if not finite.any():
        return np.zeros_like(payoff)
    filled = np.where(finite, payoff, payoff[finite].min())
    spread = filled.std()
    return (filled - filled.mean()) / spread if spread > 0 else np.zeros_like(filled)

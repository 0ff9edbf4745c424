"""Invasion: one mutant among residents, in many networks, until its policy has taken over the layer or is gone.

If policies did not matter, one of n neurons would take over with probability 1 / n. A policy that does so more often is favoured
among these residents, by this payoff and this rule of imitation.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.games.evolution.simulation import EVOLUTION, Colony, check_layer
from neuronet.games.evolution.update_rules import Imitation
from neuronet.games.simulation.play import AT_ONCE, Situation

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Invasion:
    """How often one mutant took over.

    Attributes:
        fixed: In how many networks.
        lost: In how many its policy was gone.
        open: In how many neither had come about in time.
        neurons: Of the layer, n.
        generations: How many were played at most.
    """

    fixed: int
    lost: int
    open: int
    neurons: int
    generations: int

    @property
    def neutral(self) -> float:
        """The probability if policies did not matter, 1 / n."""
        return 1.0 / self.neurons

    @property
    def fixation(self) -> float:
        """The share of those networks in which it was decided; nan where it was in none."""
        decided = self.fixed + self.lost
        return self.fixed / decided if decided else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of Clopper and Pearson (1934); open networks count as lost at its low end and as fixed at its high."""
        total = self.fixed + self.lost + self.open
        return _exact(self.fixed, total)[0], _exact(self.fixed + self.open, total)[1]

    @property
    def p_value(self) -> float:
        """Two-sided, of the exact binomial test against the neutral 1 / n, by the networks in which it was decided."""
        from scipy import stats

        decided = self.fixed + self.lost
        return float(stats.binomtest(self.fixed, decided, self.neutral).pvalue) if decided else float("nan")


def _exact(count: int, total: int) -> tuple[float, float]:
    from scipy import stats

    found = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="exact")
    return float(found.low), float(found.high)


def invade(
    situation: Situation,
    resident: Policy,
    mutant: Policy,
    *,
    trials: int = 128,
    layer: int = 1,
    rounds: int = 10,
    generations: int = 300,
    imitation: Imitation | None = None,
    seed: int = 0,
) -> Invasion:
    """Put one mutant into a layer of residents, let the layer's neurons imitate each other, and wait.

    Args:
        situation: The game; its `rounds` play no part.
        resident: What everybody else plays, in all layers.
        mutant: What one neuron plays, by chance.
        trials: In how many networks, each with a seed of its own.
        layer: Where, 1 for the first hidden layer; the others do not imitate.
        rounds: Of learning in a generation.
        generations: How many are played at most.
        imitation: How neurons imitate; without mutation.
        seed: The first of the seeds.

    Raises:
        NeuroNetError: Something is out of range.
    """
    how = imitation or Imitation()
    check_layer(situation, layer)
    for name, value in (("trials", trials), ("rounds of a generation", rounds), ("generations", generations)):
        check_number(name, value, 1, whole=True)
    if how.mutation:
        raise NeuroNetError("an invasion ends when one policy is gone: mutation would bring it back, leave it out")
    count = situation.hidden[layer - 1]
    if count < 2:
        raise NeuroNetError("an invasion needs a layer of two neurons or more")
    seeds = range(seed, seed + trials)
    mutants = [
        _trial(situation, (resident, mutant), seeds[first : first + AT_ONCE], layer, rounds, generations, how)
        for first in range(0, trials, AT_ONCE)
    ]
    ended = np.concatenate(mutants)
    fixed, lost = int((ended == count).sum()), int((ended == 0).sum())
    return Invasion(fixed, lost, trials - fixed - lost, count, generations)


def _trial(
    situation: Situation,
    policies: tuple[Policy, Policy],
    seeds: Sequence[int],
    layer: int,
    rounds: int,
    generations: int,
    imitation: Imitation,
) -> NDArray[np.int64]:
    """How many mutants there are at the end in each network, (R,)."""
    sides = [np.zeros((len(seeds), width), dtype=np.int64) for width in situation.hidden]
    for place, seed in enumerate(seeds):
        sides[layer - 1][
            place, generator(seed, Purpose.POPULATION, layer, EVOLUTION, 0).integers(situation.hidden[layer - 1])
        ] = 1
    colony = Colony(situation, policies, sides, policies[0], seeds)
    with closing(colony.match):
        for generation in range(1, generations + 1):
            mutants = colony.sides[layer - 1].sum(axis=1)
            if ((mutants == 0) | (mutants == situation.hidden[layer - 1])).all():
                break
            earned, _ = colony.earn(rounds, imitation.payoff)
            after = colony.imitated(earned, imitation, 2, generation)
            colony.become([after[n] if n == layer - 1 else side for n, side in enumerate(colony.sides)])
    left: NDArray[np.int64] = colony.sides[layer - 1].sum(axis=1)
    return left

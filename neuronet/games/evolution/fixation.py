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
from neuronet.games.evolution.simulation import EVOLUTION, EvolvingPopulation, check_hidden_layer
from neuronet.games.evolution.update_rules import UpdateRule
from neuronet.games.simulation.play import MAX_BATCHED_GAMES, GameSetup

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Invasion:
    """How often one mutant took over.

    Attributes:
        fixed: In how many networks.
        lost: In how many its policy was gone.
        undecided: In how many neither had come about in time.
        neurons: Of the layer, n.
        generations: How many were played at most.
    """

    fixed: int
    lost: int
    undecided: int
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
        total = self.fixed + self.lost + self.undecided
        return _clopper_pearson(self.fixed, total)[0], _clopper_pearson(self.fixed + self.undecided, total)[1]

    @property
    def p_value(self) -> float:
        """Two-sided, of the exact binomial test against the neutral 1 / n, by the networks in which it was decided."""
        from scipy import stats

        decided = self.fixed + self.lost
        return float(stats.binomtest(self.fixed, decided, self.neutral).pvalue) if decided else float("nan")


def _clopper_pearson(count: int, total: int) -> tuple[float, float]:
    from scipy import stats

    found = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="exact")
    return float(found.low), float(found.high)


def invade(
    game_setup: GameSetup,
    resident: Policy,
    mutant: Policy,
    *,
    trials: int = 128,
    layer: int = 1,
    rounds: int = 10,
    generations: int = 300,
    update_rule: UpdateRule | None = None,
    seed: int = 0,
) -> Invasion:
    """Put one mutant into a layer of residents, let the layer's neurons imitate each other, and wait.

    Args:
        game_setup: The game; its `rounds` play no part.
        resident: What everybody else plays, in all layers.
        mutant: What one neuron plays, by chance.
        trials: In how many networks, each with a seed of its own.
        layer: Where, 1 for the first hidden layer; the others do not imitate.
        rounds: Of learning in a generation.
        generations: How many are played at most.
        update_rule: How neurons imitate; without mutation.
        seed: The first of the seeds.

    Raises:
        NeuroNetError: Something is out of range.
    """
    rule = update_rule or UpdateRule()
    check_hidden_layer(game_setup, layer)
    for name, value in (("trials", trials), ("rounds of a generation", rounds), ("generations", generations)):
        check_number(name, value, 1, whole=True)
    if rule.mutation:
        raise NeuroNetError("an invasion ends when one policy is gone: mutation would bring it back, leave it out")
    count = game_setup.hidden[layer - 1]
    if count < 2:
        raise NeuroNetError("an invasion needs a layer of two neurons or more")
    seeds = range(seed, seed + trials)
    mutants = [
        _mutant_counts(game_setup, (resident, mutant), seeds[first : first + MAX_BATCHED_GAMES], layer, rounds, generations, rule)
        for first in range(0, trials, MAX_BATCHED_GAMES)
    ]
    ended = np.concatenate(mutants)
    fixed, lost = int((ended == count).sum()), int((ended == 0).sum())
    return Invasion(fixed, lost, trials - fixed - lost, count, generations)


def _mutant_counts(
    game_setup: GameSetup,
    policies: tuple[Policy, Policy],
    seeds: Sequence[int],
    layer: int,
    rounds: int,
    generations: int,
    update_rule: UpdateRule,
) -> NDArray[np.int64]:
    """How many mutants there are at the end in each network, (R,)."""
    policy_indices = [np.zeros((len(seeds), width), dtype=np.int64) for width in game_setup.hidden]
    for index, seed in enumerate(seeds):
        policy_indices[layer - 1][
            index, generator(seed, Purpose.POPULATION, layer, EVOLUTION, 0).integers(game_setup.hidden[layer - 1])
        ] = 1
    evolving_population = EvolvingPopulation(game_setup, policies, policy_indices, policies[0], seeds)
    with closing(evolving_population.batched_games):
        for generation in range(1, generations + 1):
            mutants = evolving_population.policy_indices[layer - 1].sum(axis=1)
            if ((mutants == 0) | (mutants == game_setup.hidden[layer - 1])).all():
                break
            earned, _ = evolving_population.run_generation(rounds, update_rule.payoff)
            after = evolving_population.updated_policy_indices(earned, update_rule, 2, generation)
            evolving_population.switch(
                [
                    after[n] if n == layer - 1 else policy_index
                    for n, policy_index in enumerate(evolving_population.policy_indices)
                ]
            )
    left: NDArray[np.int64] = evolving_population.policy_indices[layer - 1].sum(axis=1)
    return left

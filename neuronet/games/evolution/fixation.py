"""Fixation: one mutant among residents, in many networks, until its policy has taken over the layer or is extinct.

If policies made no difference, the mutant would reach fixation with probability 1 / n in a layer of n neurons. A mutant with a
higher probability is favoured among these residents, by this payoff and this update rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core import ConfigurationError, Policy, Purpose, check_number, generator
from neuronet.games.evolution.simulation import EVOLUTION, EvolvingPopulation
from neuronet.games.evolution.update_rules import UpdateRule
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.payoffs import check_kind
from neuronet.games.simulation.play import MAX_BATCHED_GAMES

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Invasion:
    """Outcomes of invasions by a single mutant.

    Attributes:
        fixed: Number of networks in which the mutant's policy took over the layer.
        lost: Number of networks in which the mutant's policy became extinct.
        undecided: Number of networks with both policies after the last generation.
        neurons: Number of neurons in the layer, n.
        generations: Largest number of generations.
    """

    fixed: int
    lost: int
    undecided: int
    neurons: int
    generations: int

    @property
    def neutral(self) -> float:
        """Return the fixation probability of a neutral mutant, 1 / n."""
        return 1.0 / self.neurons

    @property
    def fixation(self) -> float:
        """Return the fraction of decided networks with fixation; nan if no network is decided."""
        decided = self.fixed + self.lost
        return self.fixed / decided if decided else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95% interval of Clopper and Pearson (1934).

        Undecided networks count as lost for the lower end and as fixed for the upper end.
        """
        total = self.fixed + self.lost + self.undecided
        return _clopper_pearson(self.fixed, total)[0], _clopper_pearson(self.fixed + self.undecided, total)[1]

    @property
    def p_value(self) -> float:
        """Return the two-sided p of the exact binomial test against 1 / n, over the decided networks."""
        from scipy import stats

        decided = self.fixed + self.lost
        return float(stats.binomtest(self.fixed, decided, self.neutral).pvalue) if decided else float("nan")


def _clopper_pearson(count: int, total: int) -> tuple[float, float]:
    from scipy import stats

    bounds = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="exact")
    return float(bounds.low), float(bounds.high)


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
    """Place one mutant in a layer of residents, and apply the update rule until fixation or extinction.

    Args:
        game_setup: Settings of the game; its `rounds` is ignored.
        resident: Policy of all other neurons, in all layers.
        mutant: Policy of one neuron, drawn at random.
        trials: Number of networks, with seeds from `seed` on.
        layer: Layer of the mutant, 1 for the first hidden layer; other layers do not evolve.
        rounds: Rounds of learning per generation.
        generations: Largest number of generations.
        update_rule: Update rule, without mutation.
        seed: Seed of the first network.

    Raises:
        ConfigurationError: A value is out of range.
    """
    rule = update_rule or UpdateRule()
    check_kind(rule.payoff, game_setup.kinds)
    check_number("layer", layer, 1, len(game_setup.hidden), whole=True)
    check_number("trials", trials, 1, whole=True)
    check_number("rounds", rounds, 1, whole=True)
    check_number("generations", generations, 1, whole=True)
    if rule.mutation:
        raise ConfigurationError(f"mutation must be 0 in an invasion, which ends with one policy left, got {rule.mutation}")
    count = game_setup.hidden[layer - 1]
    if count < 2:
        raise ConfigurationError(f"an invasion needs a layer of two neurons or more, got {count}")
    seeds = range(seed, seed + trials)
    ended = np.concatenate(
        [
            _final_mutants(
                game_setup, (resident, mutant), seeds[first : first + MAX_BATCHED_GAMES], layer, rounds, generations, rule
            )
            for first in range(0, trials, MAX_BATCHED_GAMES)
        ]
    )
    fixed, lost = int((ended == count).sum()), int((ended == 0).sum())
    return Invasion(fixed, lost, trials - fixed - lost, count, generations)


def _final_mutants(
    game_setup: GameSetup,
    policies: tuple[Policy, Policy],
    seeds: Sequence[int],
    layer: int,
    rounds: int,
    generations: int,
    update_rule: UpdateRule,
) -> NDArray[np.int64]:
    """Return the final number of mutants in each network, (R,)."""
    width = game_setup.hidden[layer - 1]
    indices = [np.zeros((len(seeds), neurons), dtype=np.int64) for neurons in game_setup.hidden]
    for row, seed in enumerate(seeds):
        indices[layer - 1][row, generator(seed, Purpose.POPULATION, layer, EVOLUTION, 0).integers(width)] = 1
    population = EvolvingPopulation(game_setup, policies, indices, policies[0], seeds)
    with closing(population.batched_games):
        for generation in range(1, generations + 1):
            mutants = population.policy_indices[layer - 1].sum(axis=1)
            if ((mutants == 0) | (mutants == width)).all():
                break
            payoffs, _ = population.run_generation(rounds, update_rule.payoff)
            updated = population.updated_policy_indices(payoffs, update_rule, 2, generation)
            population.switch(
                [updated[number] if number == layer - 1 else current for number, current in enumerate(population.policy_indices)]
            )
    return np.asarray(population.policy_indices[layer - 1].sum(axis=1))

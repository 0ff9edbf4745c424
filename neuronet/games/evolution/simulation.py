"""Evolution of policies in a network that learns: neurons earn payoffs and imitate neurons of their layer.

A generation is a number of rounds of learning, after which the update rule changes the policies of each hidden layer. A neuron
that changes its policy keeps its weights, and its memory is initialised for the new policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core import Layers, Policy, Purpose, check_number, generator
from neuronet.engines.base import State
from neuronet.games.evolution.switchable_policy import SwitchablePolicy, reset_memory
from neuronet.games.evolution.update_rules import UpdateRule, standardised
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.payoffs import Floats, check_kind
from neuronet.games.simulation.play import initial_states, paired_games
from neuronet.games.simulation.profiles import GivenLayers, Profile, cached_short_name, parse_profile, policies_of

EVOLUTION = 2
"""Second index of the random stream, after the layer; the third index is the generation."""


@dataclass(frozen=True, eq=False)
class EvolutionResult:
    """Composition of the population and performance of the network over the generations.

    Attributes:
        composition: One row per generation, seed, hidden layer and policy: generation, round, seed, layer, policy, neurons,
            share, and payoff (mean payoff of the policy's neurons in the last generation; nan without neurons and in
            generation 0).
        history: One row per generation and seed: generation, round, seed, train_loss (mean loss of the samples played in the
            generation), loss and accuracy on test samples.
        policies: Policies in the order of their indices.
        update_rule: Update rule.
    """

    composition: pd.DataFrame
    history: pd.DataFrame
    policies: tuple[Policy, ...]
    update_rule: UpdateRule

    def final_composition(self) -> pd.DataFrame:
        """Return the composition of the last generation."""
        return self.composition[self.composition["generation"] == self.composition["generation"].max()]


class EvolvingPopulation:
    """Networks whose hidden neurons can switch between policies, one network per seed, run together.

    Args:
        game_setup: Settings of the game.
        policies: Policies of hidden neurons, two or more.
        policy_indices: Index of each neuron's initial policy, (R, J) per hidden layer.
        outputs: Policy of the output neurons.
        seeds: Seeds of the networks and of all other random draws, R.
    """

    def __init__(
        self,
        game_setup: GameSetup,
        policies: Sequence[Policy],
        policy_indices: Sequence[NDArray[np.int64]],
        outputs: Policy,
        seeds: Sequence[int],
    ) -> None:
        layers: Layers = (*[SwitchablePolicy(tuple(policies))] * len(game_setup.hidden), outputs)
        self.game_setup, self.seeds = game_setup, tuple(seeds)
        games = paired_games(GivenLayers(layers), initial_states(game_setup, seeds), seeds)
        self.batched_games = BatchedGames(game_setup, games)
        self.policy_indices = [np.zeros(indices.shape, dtype=np.int64) for indices in policy_indices]
        self._initial_memories = self._memories(self.batched_games.state())
        self.switch(policy_indices)

    def _memories(self, state: State) -> list[dict[str, NDArray[np.float64]]]:
        """Return the memory of each hidden layer by name, (R, J, ...), as views of the state's arrays."""
        replicas = len(self.seeds)
        memories = []
        for layer, width in enumerate(self.game_setup.hidden, start=1):
            arrays = state.layer(layer).memories[0]
            lead = 1 if replicas == 1 else 2  # a single network has no axis of replicas
            memories.append({name: array.reshape(replicas, width, *array.shape[lead:]) for name, array in arrays.items()})
        return memories

    def switch(self, policy_indices: Sequence[NDArray[np.int64]]) -> None:
        """Set the policies of the neurons; neurons that keep their policy keep their memory."""
        changed = [old != new for old, new in zip(self.policy_indices, policy_indices, strict=True)]
        if not any(mask.any() for mask in changed):
            return
        state = self.batched_games.state()
        memories = zip(self._memories(state), self._initial_memories, changed, policy_indices, strict=True)
        for memory, initial, mask, indices in memories:
            reset_memory(memory, initial, mask, indices)
        self.batched_games.engine.restore(state)
        self.policy_indices = [indices.copy() for indices in policy_indices]

    def run_generation(self, rounds: int, payoff: str) -> tuple[tuple[Floats, ...], Floats]:
        """Play some rounds; return the payoffs of the neurons, (R, J) per hidden layer, and the mean training loss, (R,)."""
        before = self.batched_games.attention_holdings()
        train_loss = self.batched_games.run(rounds)
        return self.batched_games.payoffs_since(before, train_loss)[payoff], train_loss

    def updated_policy_indices(
        self, payoffs: Sequence[Floats], update_rule: UpdateRule, num_policies: int, generation: int
    ) -> list[NDArray[np.int64]]:
        """Return the policy indices after the update rule, (R, J) per hidden layer."""
        updated = []
        for layer, (indices, paid) in enumerate(zip(self.policy_indices, payoffs, strict=True), start=1):
            rngs = [generator(seed, Purpose.POPULATION, layer, EVOLUTION, generation) for seed in self.seeds]
            rows = zip(indices, map(standardised, paid), rngs, strict=True)
            updated.append(np.stack([update_rule.step(row, payoff, num_policies, rng) for row, payoff, rng in rows]))
        return updated


def evolve(
    game_setup: GameSetup,
    profile: Profile,
    seeds: Sequence[int],
    *,
    generations: int = 60,
    rounds: int = 15,
    update_rule: UpdateRule | None = None,
    policies: Sequence[Policy] = (),
) -> EvolutionResult:
    """Run the evolution of policies while the networks learn.

    Args:
        game_setup: Settings of the game; its `rounds` is ignored.
        profile: Initial policies, such as "attention:0.5,greedy:0.5".
        seeds: Seeds of the networks and of all other random draws.
        generations: Number of generations.
        rounds: Rounds of learning per generation.
        update_rule: Update rule.
        policies: Policies in the order of their indices; those absent from the profile can appear by mutation. Policies of the
            profile that are missing here are appended.

    Raises:
        ConfigurationError: There are fewer than two policies, or a value is out of range.
        SpecError: The payoff of the update rule is unknown.
    """
    check_number("generations", generations, 1, whole=True)
    check_number("rounds", rounds, 1, whole=True)
    rule = update_rule or UpdateRule()
    check_kind(rule.payoff, game_setup.kinds)
    games = paired_games(parse_profile(profile), initial_states(game_setup, seeds), seeds)
    by_network = [policies_of(layers, game_setup.sizes) for layers, _, _ in games]
    distinct = list(policies)
    for policy in (policy for network in by_network for layer in network[:-1] for policy in layer):
        if policy not in distinct:
            distinct.append(policy)
    indices = [
        np.array([[distinct.index(policy) for policy in network[layer]] for network in by_network])
        for layer in range(len(game_setup.hidden))
    ]
    population = EvolvingPopulation(game_setup, distinct, indices, by_network[0][-1][0], seeds)
    with closing(population.batched_games):
        composition = _composition_rows(population, distinct, 0, None)
        history = [_performance_table(population.batched_games, seeds, 0, np.full(len(seeds), np.nan))]
        for generation in range(1, generations + 1):
            payoffs, train_loss = population.run_generation(rounds, rule.payoff)
            means = _mean_payoffs(population.policy_indices, payoffs, len(distinct))
            population.switch(population.updated_policy_indices(payoffs, rule, len(distinct), generation))
            composition += _composition_rows(population, distinct, generation, means)
            history.append(_performance_table(population.batched_games, seeds, generation, train_loss))
    return EvolutionResult(pd.DataFrame(composition), pd.concat(history, ignore_index=True), tuple(distinct), rule)


def _mean_payoffs(policy_indices: Sequence[NDArray[np.int64]], payoffs: Sequence[Floats], policies: int) -> list[Floats]:
    """Return the mean payoff of each policy's neurons, (R, P) per layer; nan for a policy without neurons."""
    means = []
    for indices, paid in zip(policy_indices, payoffs, strict=True):
        members = indices[..., None] == np.arange(policies)
        count = members.sum(axis=1)
        total = np.where(members, paid[..., None], 0.0).sum(axis=1)
        means.append(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
    return means


def _composition_rows(
    population: EvolvingPopulation, policies: Sequence[Policy], generation: int, means: list[Floats] | None
) -> list[dict[str, object]]:
    return [
        {
            "generation": generation,
            "round": population.batched_games.engine.round_number,
            "seed": seed,
            "layer": layer,
            "policy": cached_short_name(policy),
            "neurons": int((indices[row] == number).sum()),
            "share": float((indices[row] == number).mean()),
            "payoff": np.nan if means is None else float(means[layer - 1][row, number]),
        }
        for layer, indices in enumerate(population.policy_indices, start=1)
        for row, seed in enumerate(population.seeds)
        for number, policy in enumerate(policies)
    ]


def _performance_table(games: BatchedGames, seeds: Sequence[int], generation: int, train_loss: Floats) -> pd.DataFrame:
    loss, accuracy = games.evaluate()
    index = {"generation": generation, "round": games.engine.round_number, "seed": list(seeds)}
    return pd.DataFrame({**index, "train_loss": train_loss, "loss": loss, "accuracy": accuracy})


def single_policy_histories(
    game_setup: GameSetup, policies: Sequence[Policy], seeds: Sequence[int], *, generations: int, rounds: int
) -> pd.DataFrame:
    """Return the rows of `EvolutionResult.history`, with a column policy, for networks that follow one policy throughout."""
    parts = []
    for policy in policies:
        games = paired_games(parse_profile(policy), initial_states(game_setup, seeds), seeds)
        played = len(games) * len(policies) * -(-generations * rounds // game_setup.rounds)
        with closing(BatchedGames(game_setup, games, played)) as batched_games:
            for generation in range(generations + 1):
                train_loss = batched_games.run(rounds) if generation else np.full(len(seeds), np.nan)
                table = _performance_table(batched_games, seeds, generation, train_loss)
                table.insert(0, "policy", cached_short_name(policy))
                parts.append(table)
    return pd.concat(parts, ignore_index=True)

"""Evolution inside a living network: neurons learn, earn, and take over the policies of those who earn more.

A generation is some rounds of learning, after which neurons of the same hidden layer imitate each other. Weights stay where they
are: it is the policy that is taken over. What a policy keeps for a neuron is born anew with each change.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.population import Layers
from neuronet.engines.base import State
from neuronet.games.evolution.switchable_policy import SwitchablePolicy, reset_memory
from neuronet.games.evolution.update_rules import UpdateRule
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.payoffs import Floats, payoffs_of
from neuronet.games.simulation.play import GameSetup, InitialState, Profile, layers_of, policies_of
from neuronet.games.simulation.profiles import cached_short_name

EVOLUTION = 2
"""Second number of the place of its chance, after the layer; the third is the generation."""


@dataclass(frozen=True, eq=False)
class EvolutionResult:
    """Who took over, and what became of the network.

    Attributes:
        composition: A line for each generation, seed, hidden layer and policy: generation, round, seed, layer, policy, neurons,
            share, and payoff (the mean of its followers in the generation before; nan where there were none, and at first).
        history: A line for each generation and seed: generation, round, seed, learnt (the mean loss of the samples played in the
            generation), loss and accuracy on test samples.
        policies: Which there were.
        update_rule: How neurons imitated each other.
    """

    composition: pd.DataFrame
    history: pd.DataFrame
    policies: tuple[Policy, ...]
    update_rule: UpdateRule

    def final_composition(self) -> pd.DataFrame:
        """The composition at the end."""
        return self.composition[self.composition["generation"] == self.composition["generation"].max()]


class EvolvingPopulation:
    """Networks whose hidden neurons may change sides, one for each seed, all played at once.

    Args:
        game_setup: The game.
        policies: Which neurons may play, two or more.
        policy_indices: For each hidden layer (R, J), the number of the policy that each neuron plays at first.
        outputs: What the output neurons play.
        seeds: Of the networks and all chance, R.
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
        self.batched_games = BatchedGames(
            game_setup, [(layers, InitialState(game_setup.network(seed), seed), seed) for seed in seeds]
        )
        self.policy_indices = [np.zeros(policy_index.shape, dtype=np.int64) for policy_index in policy_indices]
        self._birth = self._memories(self.batched_games.state())
        self.switch(policy_indices)

    def _memories(self, state: State) -> list[dict[str, NDArray[np.float64]]]:
        """What the hidden neurons keep, by name, (R, J, ...), for each layer: views of the state's arrays."""
        lead = len(self.seeds)
        return [
            {
                name.removeprefix(f"{layer}.group0."): array.reshape(
                    lead, width, *array.shape[array.ndim - _inner_axes(array, lead) :]
                )
                for name, array in state.arrays.items()
                if name.startswith(f"{layer}.group0.")
            }
            for layer, width in enumerate(self.game_setup.hidden, start=1)
        ]

    def switch(self, policy_indices: Sequence[NDArray[np.int64]]) -> None:
        """Let neurons change sides; those who stay keep what they keep."""
        changed = [old != new for old, new in zip(self.policy_indices, policy_indices, strict=True)]
        if not any(each.any() for each in changed):
            return
        state = self.batched_games.state()
        for memory, birth, mask, policy_index in zip(self._memories(state), self._birth, changed, policy_indices, strict=True):
            reset_memory(memory, birth, mask, policy_index)
        self.batched_games.engine.restore(state)
        self.policy_indices = [policy_index.copy() for policy_index in policy_indices]

    def run_generation(self, rounds: int, payoff: str) -> tuple[tuple[Floats, ...], Floats]:
        """Play some rounds: what the neurons earned, (R, J) for each hidden layer, and the mean loss of the samples, (R,)."""
        before = self.batched_games.attention_holdings()
        train_loss = self.batched_games.run(rounds)
        return payoffs_of(before, self.batched_games.attention_holdings(), train_loss)[payoff], train_loss

    def updated_policy_indices(
        self, earned: Sequence[Floats], update_rule: UpdateRule, num_policies: int, generation: int
    ) -> list[NDArray[np.int64]]:
        """Who plays what after a generation."""
        return [
            np.stack(
                [
                    update_rule.step(
                        policy_index, paid, num_policies, generator(seed, Purpose.POPULATION, layer, EVOLUTION, generation)
                    )
                    for seed, policy_index, paid in zip(self.seeds, policy_indices, payoffs, strict=True)
                ]
            )
            for layer, (policy_indices, payoffs) in enumerate(zip(self.policy_indices, earned, strict=True), start=1)
        ]


def _inner_axes(array: NDArray[np.float64], lead: int) -> int:
    """How many axes of a memory come after that of the neurons; one network alone has no axis of replicas."""
    return array.ndim - (1 if lead == 1 else 2)


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
    """Let the neurons of a network imitate each other while it learns.

    Args:
        game_setup: The game; its `rounds` play no part.
        profile: Who follows which policy at first, such as "attention:0.5,greedy:0.5".
        seeds: Of the networks and all chance.
        generations: How many.
        rounds: Of learning in a generation.
        update_rule: How neurons imitate.
        policies: Which there are, in this order; those that nobody plays at first a mutation may bring. Others that somebody
            plays come after them.

    Raises:
        NeuroNetError: There are no two policies, or something is out of range.
    """
    check_number("generations", generations, 1, whole=True)
    check_number("rounds of a generation", rounds, 1, whole=True)
    rule = update_rule or UpdateRule()
    sizes = game_setup.sizes
    known = [policies_of(layers_of(profile, game_setup.network(seed), seed), sizes) for seed in seeds]
    first = [policy for network in known for layer in network[:-1] for policy in layer]
    every = [*policies, *first]
    distinct_policies = tuple(each for index, each in enumerate(every) if each not in every[:index])
    policy_indices = [
        np.array([[distinct_policies.index(each) for each in network[n]] for network in known]) for n in range(len(sizes) - 2)
    ]
    evolving_population = EvolvingPopulation(game_setup, distinct_policies, policy_indices, known[0][-1][0], seeds)
    composition, history = [], []
    with closing(evolving_population.batched_games):
        composition += _composition_rows(evolving_population, distinct_policies, 0, None)
        history += _performance_rows(evolving_population, 0, np.full(len(seeds), np.nan))
        for generation in range(1, generations + 1):
            earned, train_loss = evolving_population.run_generation(rounds, rule.payoff)
            means = _means(evolving_population.policy_indices, earned, len(distinct_policies))
            evolving_population.switch(
                evolving_population.updated_policy_indices(earned, rule, len(distinct_policies), generation)
            )
            composition += _composition_rows(evolving_population, distinct_policies, generation, means)
            history += _performance_rows(evolving_population, generation, train_loss)
    return EvolutionResult(pd.DataFrame(composition), pd.DataFrame(history), distinct_policies, rule)


def _means(policy_indices: Sequence[NDArray[np.int64]], earned: Sequence[Floats], num_policies: int) -> list[Floats]:
    """The mean payoff of each policy's followers, (R, num_policies) for each layer; nan where there are none."""
    found = []
    for policy_index, paid in zip(policy_indices, earned, strict=True):
        mine = policy_index[..., None] == np.arange(num_policies)
        count = mine.sum(axis=1)
        total = np.where(mine, paid[..., None], 0.0).sum(axis=1)
        found.append(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
    return found


def _composition_rows(
    evolving_population: EvolvingPopulation, policies: Sequence[Policy], generation: int, means: list[Floats] | None
) -> list[dict[str, object]]:
    return [
        {
            "generation": generation,
            "round": evolving_population.batched_games.engine.round_number,
            "seed": seed,
            "layer": layer,
            "policy": cached_short_name(policy),
            "neurons": int((policy_indices[index] == number).sum()),
            "share": float((policy_indices[index] == number).mean()),
            "payoff": np.nan if means is None else float(means[layer - 1][index, number]),
        }
        for layer, policy_indices in enumerate(evolving_population.policy_indices, start=1)
        for index, seed in enumerate(evolving_population.seeds)
        for number, policy in enumerate(policies)
    ]


def _performance_rows(evolving_population: EvolvingPopulation, generation: int, train_loss: Floats) -> list[dict[str, object]]:
    loss, accuracy = evolving_population.batched_games.evaluate()
    columns = zip(evolving_population.seeds, train_loss.tolist(), loss.tolist(), accuracy.tolist(), strict=True)
    number = evolving_population.batched_games.engine.round_number
    return [
        {"generation": generation, "round": number, "seed": seed, "train_loss": a, "loss": b, "accuracy": c}
        for seed, a, b, c in columns
    ]


def single_policy_histories(
    game_setup: GameSetup, policies: Sequence[Policy], seeds: Sequence[int], *, generations: int, rounds: int
) -> pd.DataFrame:
    """Return the lines of `history` for networks in which all neurons follow one policy throughout."""
    parts = []
    for policy in policies:
        games = [(layers_of(policy, start.network, start.seed), start, start.seed) for start in _fresh(game_setup, seeds)]
        with closing(BatchedGames(game_setup, games)) as batched_games:
            for generation in range(generations + 1):
                train_loss = batched_games.run(rounds) if generation else np.full(len(seeds), np.nan)
                loss, accuracy = batched_games.evaluate()
                columns = {"seed": seeds, "train_loss": train_loss, "loss": loss, "accuracy": accuracy}
                index = {"generation": generation, "round": batched_games.engine.round_number}
                parts.append(pd.DataFrame({"policy": cached_short_name(policy), **index, **columns}))
    return pd.concat(parts, ignore_index=True)


def _fresh(game_setup: GameSetup, seeds: Sequence[int]) -> list[InitialState]:
    return [InitialState(game_setup.network(seed), seed) for seed in seeds]


def check_hidden_layer(game_setup: GameSetup, layer: int) -> None:
    """Refuse a number that is no hidden layer's.

    Raises:
        NeuroNetError: It is not.
    """
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= len(game_setup.hidden):
        raise NeuroNetError(f"layer must be a hidden layer from 1 to {len(game_setup.hidden)}, got {layer!r}")

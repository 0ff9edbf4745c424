"""Play profiles from equal initial states with paired seeds, and measure the payoffs of all neurons.

Games that differ in profile, initial state and seed run together on the tensor engine's axis of replicas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from neuronet.core import ConfigurationError, Population
from neuronet.engines.base import Setup, expected_arrays
from neuronet.games.simulation.batched_games import BatchedGames, Game, setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.outcomes import Outcomes
from neuronet.games.simulation.profiles import Profile, parse_profile

MAX_BATCHED_GAMES = 128
"""Largest number of replicas in one batch of games."""


def play(
    game_setup: GameSetup,
    profiles: Sequence[Profile],
    seeds: Sequence[int],
    starts: InitialState | Sequence[InitialState] | None = None,
) -> Outcomes:
    """Play each profile from each seed and return the results.

    Profiles are paired: games with the same seed have the same initial network, batches and random draws.

    Args:
        game_setup: Settings shared by the games.
        profiles: Policies of the neurons, P profiles.
        seeds: Seeds of the sample order and of all other random draws; without `starts`, also of the networks.
        starts: Initial state shared by the games, or one per seed; None for fresh networks.

    Raises:
        ConfigurationError: There is no profile or no seed, or `starts` does not fit the seeds.
    """
    states = initial_states(game_setup, seeds, starts)
    if not profiles or not states:
        raise ConfigurationError("profiles and seeds must not be empty")
    games = [game for profile in profiles for game in paired_games(parse_profile(profile), states, seeds)]
    payoffs = {kind: tuple(np.empty((len(games), width)) for width in game_setup.hidden) for kind in game_setup.kinds}
    loss, accuracy, train_loss = (np.empty(len(games)) for _ in range(3))
    setups = [setup_of(game_setup, layers, start.network, seed) for layers, start, seed in games]
    for indices in _batchable_games(games, setups):
        chosen, own = [games[index] for index in indices], [setups[index] for index in indices]
        with closing(BatchedGames(game_setup, chosen, len(games), own)) as batched_games:
            before = batched_games.attention_holdings()
            train_loss[indices] = batched_games.run(game_setup.rounds)
            loss[indices], accuracy[indices] = batched_games.evaluate()
            for kind, layers in batched_games.payoffs_since(before, loss[indices]).items():
                for total, layer in zip(payoffs[kind], layers, strict=True):
                    total[indices] = layer
    shape = (len(profiles), len(states))
    layers_by_game = [layers for layers, _, _ in games]
    return Outcomes(
        payoffs={kind: tuple(layer.reshape(*shape, -1) for layer in layers) for kind, layers in payoffs.items()},
        loss=loss.reshape(shape),
        accuracy=accuracy.reshape(shape),
        train_loss=train_loss.reshape(shape),
        layers=tuple(tuple(layers_by_game[row * shape[1] : (row + 1) * shape[1]]) for row in range(shape[0])),
        sizes=game_setup.sizes,
        seeds=tuple(seeds),
    )


def initial_states(
    game_setup: GameSetup, seeds: Sequence[int], starts: InitialState | Sequence[InitialState] | None = None
) -> list[InitialState]:
    """Return the initial state of each seed's game.

    Raises:
        ConfigurationError: The numbers of initial states and seeds differ.
    """
    if starts is None:
        return [InitialState(game_setup.network(seed), seed) for seed in seeds]
    if isinstance(starts, InitialState):
        return [starts] * len(seeds)
    if len(starts) != len(seeds):
        raise ConfigurationError(f"starts must be one state, or one for each of {len(seeds)} seeds, got {len(starts)}")
    return list(starts)


def paired_games(population: Population, starts: Sequence[InitialState], seeds: Sequence[int]) -> list[Game]:
    """Return the game of a population from each initial state, with the seed beside it."""
    return [(population.groups(start.network, start.seed), start, seed) for start, seed in zip(starts, seeds, strict=True)]


def _batchable_games(games: Sequence[Game], setups: Sequence[Setup]) -> Iterator[list[int]]:
    """Yield the indices of games that can share a batch: equal rounds, group sizes and memory shapes.

    Games whose groups follow the same policies are neighbours, so that few calls serve their policies.
    """
    by_structure: dict[Any, list[tuple[list[int], int]]] = {}
    order: dict[int, int] = {}
    for index, ((_, start, _), setup) in enumerate(zip(games, setups, strict=True)):
        groups = [setup.groups(layer) for layer in range(1, len(setup.network.sizes))]
        sizes = tuple(tuple(len(group.members) for group in layer) for layer in groups)
        policies = [order.setdefault(id(policy), len(order)) for policy in setup.all_policies]  # one may be unhashable
        structure = (start.round, sizes, tuple(expected_arrays(setup).items()))
        by_structure.setdefault(structure, []).append((policies, index))
    for members in by_structure.values():
        indices = [index for _, index in sorted(members)]
        for first in range(0, len(indices), MAX_BATCHED_GAMES):
            yield indices[first : first + MAX_BATCHED_GAMES]

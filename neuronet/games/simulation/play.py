"""Playing games: from the same start, with other profiles of policies, by paired seeds, and what every neuron was paid.

A profile says which policy every neuron follows. Games that differ in profile, start and seed are played at once, on the tensor
engine's axis of replicas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.structure.population import Layers
from neuronet.engines.base import expected_arrays
from neuronet.games.simulation.batched_games import BatchedGames, setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.outcomes import Outcomes, mean_payoffs, payoff_table
from neuronet.games.simulation.payoffs import INSTANT_KINDS, KINDS, AttentionHoldings, Floats, payoffs_of
from neuronet.games.simulation.profiles import Profile, layers_from_policies, layers_of, policies_of, with_deviation
from neuronet.registry import parse_population

MAX_BATCHED_GAMES = 64
"""Most games on the axis of replicas."""

__all__ = [
    "BatchedGames",
    "GameSetup",
    "InitialState",
    "Outcomes",
    "Profile",
    "initial_states",
    "layers_from_policies",
    "layers_of",
    "mean_payoffs",
    "payoff_trajectory",
    "play",
    "policies_of",
    "train_profile",
    "training_checkpoints",
    "with_deviation",
]


def play(
    game_setup: GameSetup,
    profiles: Sequence[Profile],
    seeds: Sequence[int],
    starts: InitialState | Sequence[InitialState] | None = None,
) -> Outcomes:
    """Play every profile from every seed.

    Profiles are paired: with the same seed they begin in the same place, play the same batches and meet the same chance.

    Args:
        game_setup: What all games have in common.
        profiles: Who follows which policy.
        seeds: Of the order of samples and all other chance; without starts, of a fresh network as well.
        starts: Where games begin: the same for all, or one for each seed; None for fresh networks.

    Raises:
        NeuroNetError: Something does not fit.
    """
    states_by_seed = initial_states(game_setup, seeds, starts)
    profiles = [parse_population(profile) if isinstance(profile, str) else profile for profile in profiles]
    if not profiles or not states_by_seed:
        raise NeuroNetError("there is nothing to play: give at least one profile and one seed")
    games = [
        (layers_of(profile, start.network, start.seed), start, seed)
        for profile in profiles
        for start, seed in zip(states_by_seed, seeds, strict=True)
    ]
    shape = (len(profiles), len(states_by_seed))
    hidden = game_setup.hidden
    payoffs = {kind: tuple(np.empty((len(games), width)) for width in hidden) for kind in KINDS}
    before = {kind: tuple(np.empty((len(games), width)) for width in hidden) for kind in INSTANT_KINDS}
    loss, accuracy, train_loss = (np.empty(len(games)) for _ in range(3))
    for indices in _batchable_games(game_setup, games):
        with closing(BatchedGames(game_setup, [games[index] for index in indices])) as batched_games:
            first = batched_games.attention_holdings()
            train_loss[indices] = batched_games.run(game_setup.rounds)
            loss[indices], accuracy[indices] = batched_games.evaluate()
            paid = payoffs_of(first, batched_games.attention_holdings(), loss[indices])
        for found, whole in ((paid, payoffs), (first.by_kind, before)):
            for kind, arrays in whole.items():
                for layer, array in enumerate(arrays):
                    array[indices] = found[kind][layer]
    shaped = {kind: tuple(array.reshape(*shape, -1) for array in arrays) for kind, arrays in payoffs.items()}
    held = {kind: tuple(array.reshape(*shape, -1) for array in arrays) for kind, arrays in before.items()}
    by_profile = tuple(tuple(layers for layers, _, _ in games[n * shape[1] : (n + 1) * shape[1]]) for n in range(shape[0]))
    return Outcomes(
        shaped,
        held,
        loss.reshape(shape),
        accuracy.reshape(shape),
        train_loss.reshape(shape),
        by_profile,
        game_setup.sizes,
        tuple(seeds),
    )


def initial_states(
    game_setup: GameSetup, seeds: Sequence[int], starts: InitialState | Sequence[InitialState] | None
) -> list[InitialState]:
    """Where the game of each seed begins.

    Raises:
        NeuroNetError: There are not as many starts as seeds.
    """
    if starts is None:
        return [InitialState(game_setup.network(seed), seed) for seed in seeds]
    if isinstance(starts, InitialState):
        return [starts] * len(seeds)
    if len(starts) != len(seeds):
        raise NeuroNetError(f"there must be a start for each of {len(seeds)} seeds, or one for all, got {len(starts)}")
    return list(starts)


def _batchable_games(game_setup: GameSetup, games: Sequence[tuple[Layers, InitialState, int]]) -> Iterator[list[int]]:
    """The places of games that can be played at once, those with the same policies side by side."""
    by_structure: dict[Any, list[int]] = {}
    for index, (layers, start, seed) in enumerate(games):
        setup = setup_of(game_setup, layers, start.network, seed)
        groups = [setup.groups(layer) for layer in range(1, len(game_setup.sizes))]
        sizes = tuple(tuple(len(group.members) for group in layer) for layer in groups)
        by_structure.setdefault((start.round, sizes, tuple(expected_arrays(setup).items())), []).append(index)
    for indices in by_structure.values():
        for first in range(0, len(indices), MAX_BATCHED_GAMES):
            yield indices[first : first + MAX_BATCHED_GAMES]


def train_profile(game_setup: GameSetup, profile: Profile, seed: int, rounds: int) -> InitialState:
    """Where a fresh network of this seed stands after its neurons have played a profile for so many rounds."""
    return next(iter(training_checkpoints(game_setup, profile, seed, [rounds])))


def training_checkpoints(game_setup: GameSetup, profile: Profile, seed: int, rounds: Sequence[int]) -> Iterator[InitialState]:
    """Where a fresh network of this seed stands after so many rounds of a profile: one start for each number, ascending.

    Raises:
        NeuroNetError: The numbers do not ascend.
    """
    if any(b < a for a, b in zip([0, *rounds], rounds, strict=False)):
        raise NeuroNetError(f"rounds must ascend from 0, got {list(rounds)}")
    network = game_setup.network(seed)
    layers = layers_of(profile, network, seed)
    fresh = InitialState(network, seed)
    with closing(BatchedGames(game_setup, [(layers, fresh, seed)])) as batched_games:
        for number in rounds:
            batched_games.run(number - batched_games.engine.round_number)
            yield InitialState(network, seed, batched_games.state(), layers)


def payoff_trajectory(
    game_setup: GameSetup,
    profile: Profile,
    seeds: Sequence[int],
    *,
    every: int,
    starts: InitialState | Sequence[InitialState] | None = None,
) -> Iterator[pd.DataFrame]:
    """What the neurons hold while they play: after each `every` rounds, and at first, a line for each seed and hidden neuron.

    Args:
        game_setup: The game; its `rounds` say when it ends.
        profile: Who follows which policy; from every seed the groups must be of the same sizes.
        seeds: As for `play`.
        every: Rounds between two looks, 1 or more.
        starts: As for `play`.

    Returns:
        Tables with the columns round, seed, layer, neuron, policy, those in HELD, `gain` (the change of attention per round since
        the last look) and `train_loss` (the mean loss of the samples played since then, nan at first).
    """
    check_number("every", every, 1, whole=True)
    states_by_seed = initial_states(game_setup, seeds, starts)
    games = [
        (layers_of(profile, start.network, start.seed), start, seed) for start, seed in zip(states_by_seed, seeds, strict=True)
    ]
    layers = [tuple(each for each, _, _ in games)]
    with closing(BatchedGames(game_setup, games)) as batched_games:
        before, train_loss = batched_games.attention_holdings(), np.full(len(games), np.nan)
        end = before.round + game_setup.rounds
        yield _trajectory_table(before, before, train_loss, layers, game_setup.sizes, seeds)
        while before.round < end:
            train_loss = batched_games.run(min(every, end - before.round))
            after = batched_games.attention_holdings()
            yield _trajectory_table(before, after, train_loss, layers, game_setup.sizes, seeds)
            before = after


def _trajectory_table(
    before: AttentionHoldings,
    after: AttentionHoldings,
    train_loss: Floats,
    layers: Sequence[tuple[Layers, ...]],
    sizes: Sequence[int],
    seeds: Sequence[int],
) -> pd.DataFrame:
    paid = payoffs_of(before, after, train_loss)
    arrays = {kind: tuple(array[None] for array in paid[kind]) for kind in (*INSTANT_KINDS, "gain")}
    arrays["train_loss"] = tuple(-array[None] for array in paid["loss"])
    table = payoff_table(arrays, layers, sizes, seeds).drop(columns="profile")
    table.insert(0, "round", after.round)
    return table

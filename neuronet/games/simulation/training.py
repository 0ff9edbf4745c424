"""Train networks by a profile: states along training, and payoffs while the network learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, Layers, check_number
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.outcomes import payoff_table
from neuronet.games.simulation.payoffs import INSTANT_KINDS, AttentionHoldings, Floats, payoffs_of
from neuronet.games.simulation.play import initial_states, paired_games
from neuronet.games.simulation.profiles import Profile, parse_profile


def train_profile(game_setup: GameSetup, profile: Profile, seed: int, rounds: int) -> InitialState:
    """Return the state of a fresh network after a number of rounds of a profile."""
    return next(training_checkpoints(game_setup, profile, seed, [rounds]))


def training_checkpoints(game_setup: GameSetup, profile: Profile, seed: int, rounds: Sequence[int]) -> Iterator[InitialState]:
    """Yield the state of a network after each of several numbers of rounds.

    Args:
        game_setup: Settings of the game; its `rounds` is ignored.
        profile: Policies of the neurons.
        seed: Seed of the network and of all other random draws.
        rounds: Numbers of rounds, ascending.

    Raises:
        ConfigurationError: The numbers of rounds do not ascend.
    """
    if any(later < earlier for earlier, later in zip([0, *rounds], rounds, strict=False)):
        raise ConfigurationError(f"rounds must ascend from 0, got {list(rounds)}")
    games = paired_games(parse_profile(profile), initial_states(game_setup, [seed]), [seed])
    [(layers, start, _)] = games
    with closing(BatchedGames(game_setup, games)) as batched_games:
        for number in rounds:
            batched_games.run(number - batched_games.engine.round_number)
            yield replace(start, state=batched_games.state(), layers=layers)


def payoff_trajectory(
    game_setup: GameSetup,
    profile: Profile,
    seeds: Sequence[int],
    *,
    every: int,
    starts: InitialState | Sequence[InitialState] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield a table of payoffs at the beginning and after each `every` rounds, one row per seed and hidden neuron.

    Args:
        game_setup: Settings of the game; its `rounds` is the length.
        profile: Policies of the neurons; group sizes must not depend on the seed.
        seeds: Seeds as for `play`.
        every: Rounds between two tables, 1 or more.
        starts: Initial states as for `play`.

    Yields:
        Tables with the columns round, seed, layer, neuron, policy, those in INSTANT_KINDS, `gain` (change of attention per round
        since the last table) and `train_loss` (mean loss of the samples played since then, nan at first).

    Raises:
        ConfigurationError: `every` is below 1, or `starts` does not fit the seeds.
    """
    check_number("every", every, 1, whole=True)
    games = paired_games(parse_profile(profile), initial_states(game_setup, seeds, starts), seeds)
    layers = tuple(policies for policies, _, _ in games)
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
    layers: tuple[Layers, ...],
    sizes: Sequence[int],
    seeds: Sequence[int],
) -> pd.DataFrame:
    payoffs = payoffs_of(before, after, train_loss)
    arrays = {kind: tuple(layer[None] for layer in payoffs[kind]) for kind in (*INSTANT_KINDS, "gain")}
    arrays["train_loss"] = tuple(-layer[None] for layer in payoffs["loss"])
    table = payoff_table(arrays, [layers], sizes, seeds).drop(columns="profile")
    table.insert(0, "round", after.round)
    return table

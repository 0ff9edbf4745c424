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
from neuronet.engines.base.engine import expected_arrays
from neuronet.games.simulation.batched_games import Match, setup_of
from neuronet.games.simulation.game_setup import Situation, Start
from neuronet.games.simulation.outcomes import Outcomes, grouped, tabled
from neuronet.games.simulation.payoffs import HELD, KINDS, Floats, Holdings, payoffs_of
from neuronet.games.simulation.profiles import Profile, deviated, from_policies, layers_of, policies_of
from neuronet.registry.population_spec import population_from

AT_ONCE = 64
"""Most games on the axis of replicas."""

__all__ = [
    "Match",
    "Outcomes",
    "Profile",
    "Situation",
    "Start",
    "deviated",
    "from_policies",
    "grouped",
    "layers_of",
    "moments",
    "play",
    "policies_of",
    "starts_of",
    "stream",
    "trained",
]


def play(
    situation: Situation, profiles: Sequence[Profile], seeds: Sequence[int], starts: Start | Sequence[Start] | None = None
) -> Outcomes:
    """Play every profile from every seed.

    Profiles are paired: with the same seed they begin in the same place, play the same batches and meet the same chance.

    Args:
        situation: What all games have in common.
        profiles: Who follows which policy.
        seeds: Of the order of samples and all other chance; without starts, of a fresh network as well.
        starts: Where games begin: the same for all, or one for each seed; None for fresh networks.

    Raises:
        NeuroNetError: Something does not fit.
    """
    begins = starts_of(situation, seeds, starts)
    profiles = [population_from(profile) if isinstance(profile, str) else profile for profile in profiles]
    if not profiles or not begins:
        raise NeuroNetError("there is nothing to play: give at least one profile and one seed")
    games = [
        (layers_of(profile, start.network, start.seed), start, seed)
        for profile in profiles
        for start, seed in zip(begins, seeds, strict=True)
    ]
    shape = (len(profiles), len(begins))
    hidden = situation.hidden
    payoffs = {kind: tuple(np.empty((len(games), width)) for width in hidden) for kind in KINDS}
    before = {kind: tuple(np.empty((len(games), width)) for width in hidden) for kind in HELD}
    loss, accuracy, learnt = (np.empty(len(games)) for _ in range(3))
    for places in _parts(situation, games):
        with closing(Match(situation, [games[place] for place in places])) as match:
            first = match.holdings()
            learnt[places] = match.go(situation.rounds)
            loss[places], accuracy[places] = match.judged()
            paid = payoffs_of(first, match.holdings(), loss[places])
        for found, whole in ((paid, payoffs), (first.held, before)):
            for kind, arrays in whole.items():
                for layer, array in enumerate(arrays):
                    array[places] = found[kind][layer]
    shaped = {kind: tuple(array.reshape(*shape, -1) for array in arrays) for kind, arrays in payoffs.items()}
    held = {kind: tuple(array.reshape(*shape, -1) for array in arrays) for kind, arrays in before.items()}
    by_profile = tuple(tuple(layers for layers, _, _ in games[n * shape[1] : (n + 1) * shape[1]]) for n in range(shape[0]))
    return Outcomes(
        shaped,
        held,
        loss.reshape(shape),
        accuracy.reshape(shape),
        learnt.reshape(shape),
        by_profile,
        situation.sizes,
        tuple(seeds),
    )


def starts_of(situation: Situation, seeds: Sequence[int], starts: Start | Sequence[Start] | None) -> list[Start]:
    """Where the game of each seed begins.

    Raises:
        NeuroNetError: There are not as many starts as seeds.
    """
    if starts is None:
        return [Start(situation.network(seed), seed) for seed in seeds]
    if isinstance(starts, Start):
        return [starts] * len(seeds)
    if len(starts) != len(seeds):
        raise NeuroNetError(f"there must be a start for each of {len(seeds)} seeds, or one for all, got {len(starts)}")
    return list(starts)


def _parts(situation: Situation, games: Sequence[tuple[Layers, Start, int]]) -> Iterator[list[int]]:
    """The places of games that can be played at once, those with the same policies side by side."""
    alike: dict[Any, list[int]] = {}
    for place, (layers, start, seed) in enumerate(games):
        setup = setup_of(situation, layers, start.network, seed)
        groups = [setup.groups(layer) for layer in range(1, len(situation.sizes))]
        sizes = tuple(tuple(len(group.members) for group in layer) for layer in groups)
        alike.setdefault((start.round, sizes, tuple(expected_arrays(setup).items())), []).append(place)
    for places in alike.values():
        for first in range(0, len(places), AT_ONCE):
            yield places[first : first + AT_ONCE]


def trained(situation: Situation, profile: Profile, seed: int, rounds: int) -> Start:
    """Where a fresh network of this seed stands after its neurons have played a profile for so many rounds."""
    return next(iter(moments(situation, profile, seed, [rounds])))


def moments(situation: Situation, profile: Profile, seed: int, rounds: Sequence[int]) -> Iterator[Start]:
    """Where a fresh network of this seed stands after so many rounds of a profile: one start for each number, ascending.

    Raises:
        NeuroNetError: The numbers do not ascend.
    """
    if any(b < a for a, b in zip([0, *rounds], rounds, strict=False)):
        raise NeuroNetError(f"rounds must ascend from 0, got {list(rounds)}")
    network = situation.network(seed)
    layers = layers_of(profile, network, seed)
    fresh = Start(network, seed)
    with closing(Match(situation, [(layers, fresh, seed)])) as match:
        for number in rounds:
            match.go(number - match.engine.round_number)
            yield Start(network, seed, match.state(), layers)


def stream(
    situation: Situation, profile: Profile, seeds: Sequence[int], *, every: int, starts: Start | Sequence[Start] | None = None
) -> Iterator[pd.DataFrame]:
    """What the neurons hold while they play: after each `every` rounds, and at first, a line for each seed and hidden neuron.

    Args:
        situation: The game; its `rounds` say when it ends.
        profile: Who follows which policy; from every seed the groups must be of the same sizes.
        seeds: As for `play`.
        every: Rounds between two looks, 1 or more.
        starts: As for `play`.

    Returns:
        Tables with the columns round, seed, layer, neuron, policy, those in HELD, `gain` (the change of attention per round since
        the last look) and `learnt` (the mean loss of the samples played since then, nan at first).
    """
    check_number("every", every, 1, whole=True)
    begins = starts_of(situation, seeds, starts)
    games = [(layers_of(profile, start.network, start.seed), start, seed) for start, seed in zip(begins, seeds, strict=True)]
    layers = [tuple(each for each, _, _ in games)]
    with closing(Match(situation, games)) as match:
        before, learnt = match.holdings(), np.full(len(games), np.nan)
        end = before.round + situation.rounds
        yield _looked(before, before, learnt, layers, situation.sizes, seeds)
        while before.round < end:
            learnt = match.go(min(every, end - before.round))
            after = match.holdings()
            yield _looked(before, after, learnt, layers, situation.sizes, seeds)
            before = after


def _looked(
    before: Holdings,
    after: Holdings,
    learnt: Floats,
    layers: Sequence[tuple[Layers, ...]],
    sizes: Sequence[int],
    seeds: Sequence[int],
) -> pd.DataFrame:
    paid = payoffs_of(before, after, learnt)
    arrays = {kind: tuple(array[None] for array in paid[kind]) for kind in (*HELD, "gain")}
    arrays["learnt"] = tuple(-array[None] for array in paid["loss"])
    table = tabled(arrays, layers, sizes, seeds).drop(columns="profile")
    table.insert(0, "round", after.round)
    return table

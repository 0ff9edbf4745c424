"""Unilateral deviations: what one neuron gains by following another policy, while all others go on as they do.

Every deviation is replayed from the same start by the same seed as the profile itself, so that their difference is what the
deviation made, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.games.simulation.payoffs import KINDS, Floats
from neuronet.games.simulation.play import Profile, Situation, Start, deviated, layers_of, play, policies_of
from neuronet.games.simulation.profiles import text_for


@dataclass(frozen=True, eq=False)
class Deviations:
    """What M neurons gained by each of D policies, from S seeds.

    Attributes:
        gains: By the payoffs' names, (D, M, S): with the deviation, minus without.
        base: By the payoffs' names, (M, S): what the neurons had without.
        harm: (D, M, S), how much the network's test loss rose.
        deviators: Layer (1 for the first hidden one) and place of each neuron.
        policies: What they tried.
        own: What each plays in the profile.
        networks: The seed of each deviator's network.
        players: How many hidden neurons a network has.
        seeds: Of the order of samples and all other chance.
        round: After how many rounds the games began.
    """

    gains: Mapping[str, Floats]
    base: Mapping[str, Floats]
    harm: Floats
    deviators: tuple[tuple[int, int], ...]
    policies: tuple[Policy, ...]
    own: tuple[Policy, ...]
    networks: tuple[int, ...]
    players: int
    seeds: tuple[int, ...]
    round: int

    @property
    def tried(self) -> int:
        """How many deviations: a neuron and another policy than its own."""
        return sum(policy != own for own in self.own for policy in self.policies)

    def of(self, seeds: slice) -> Deviations:
        """The same of some of the seeds."""
        gains = {kind: array[..., seeds] for kind, array in self.gains.items()}
        base = {kind: array[..., seeds] for kind, array in self.base.items()}
        return replace(self, gains=gains, base=base, harm=self.harm[..., seeds], seeds=self.seeds[seeds])

    def trying(self, places: Sequence[int]) -> Deviations:
        """The same of some of the policies, by their places."""
        gains = {kind: array[list(places)] for kind, array in self.gains.items()}
        return replace(self, gains=gains, harm=self.harm[list(places)], policies=tuple(self.policies[n] for n in places))

    def table(self) -> pd.DataFrame:
        """A line for each deviator, policy and seed, with its gains."""
        D, M, S = self.harm.shape
        names = [text_for(policy) for policy in self.policies]
        own = [text_for(policy) for policy in self.own]
        index = {
            "round": self.round,
            "network": np.tile(np.repeat(self.networks, S), D),
            "policy": np.repeat(names, M * S),
            "layer": np.tile(np.repeat([layer for layer, _ in self.deviators], S), D),
            "neuron": np.tile(np.repeat([neuron for _, neuron in self.deviators], S), D),
            "plays": np.tile(np.repeat(own, S), D),
            "seed": np.tile(self.seeds, D * M),
        }
        had = {f"{kind}_without": np.tile(array.reshape(-1), D) for kind, array in self.base.items() if kind != "loss"}
        gains = {f"{kind}_gain": array.reshape(-1) for kind, array in self.gains.items() if kind != "loss"}
        return pd.DataFrame({**index, **had, **gains, "loss_rise": self.harm.reshape(-1)})


def deviations(
    situation: Situation,
    profile: Profile,
    policies: Sequence[Policy],
    seeds: Sequence[int],
    start: Start,
    *,
    deviators: Sequence[tuple[int, int]] | None = None,
) -> Deviations:
    """Let each neuron in turn follow each policy, and see what it gains.

    Args:
        situation: The game.
        profile: Who follows which policy.
        policies: What deviators try.
        seeds: Of the order of samples and all other chance, the same with a deviation and without.
        start: Where all games begin.
        deviators: Layer (1 for the first hidden one) and place of each neuron that may deviate; None for all hidden neurons.

    Raises:
        NeuroNetError: There is nobody to deviate, nothing to try, or something does not fit.
    """
    sizes = situation.sizes
    layers = layers_of(profile, start.network, start.seed)
    everyone = [(layer, neuron) for layer, width in enumerate(situation.hidden, start=1) for neuron in range(width)]
    chosen = everyone if deviators is None else [(int(layer), int(neuron)) for layer, neuron in deviators]
    strange = next((each for each in chosen if each not in set(everyone)), None)
    if strange is not None:
        raise NeuroNetError(f"a deviator is the layer and place of a hidden neuron, got {strange}: hidden is {situation.hidden}")
    if not chosen or not policies:
        raise NeuroNetError("there must be at least one deviator, and one policy to try")
    own = policies_of(layers, sizes)
    base = play(situation, [layers], seeds, start)
    tried = play(situation, [deviated(layers, sizes, *who, policy) for policy in policies for who in chosen], seeds, start)
    shape = (len(policies), len(chosen), len(seeds))
    gains, had = {}, {}
    for kind in KINDS:
        had[kind] = np.stack([base.payoffs[kind][layer - 1][0, :, neuron] for layer, neuron in chosen])
        with np.errstate(invalid="ignore"):  # a network may have diverged
            gains[kind] = _own_payoffs(tried.payoffs[kind], chosen, shape) - had[kind]
    harm = tried.loss.reshape(shape) - base.loss[0]
    networks = (start.seed,) * len(chosen)
    mine = tuple(own[layer - 1][neuron] for layer, neuron in chosen)
    return Deviations(gains, had, harm, tuple(chosen), tuple(policies), mine, networks, len(everyone), tuple(seeds), start.round)


def pooled(parts: Sequence[Deviations]) -> Deviations:
    """The deviations of several networks together, as if their neurons were those of one.

    Args:
        parts: The same policies tried from the same seeds, after as many rounds.

    Raises:
        NeuroNetError: They are not.
    """
    first = parts[0]
    for each in parts[1:]:
        if (each.policies, each.seeds, each.round) != (first.policies, first.seeds, first.round):
            raise NeuroNetError("deviations are pooled of the same policies, seeds and rounds")
    return replace(
        first,
        gains={kind: np.concatenate([each.gains[kind] for each in parts], axis=1) for kind in first.gains},
        base={kind: np.concatenate([each.base[kind] for each in parts]) for kind in first.base},
        harm=np.concatenate([each.harm for each in parts], axis=1),
        deviators=tuple(who for each in parts for who in each.deviators),
        own=tuple(policy for each in parts for policy in each.own),
        networks=tuple(seed for each in parts for seed in each.networks),
    )


def _own_payoffs(payoffs: Sequence[Floats], chosen: Sequence[tuple[int, int]], shape: tuple[int, int, int]) -> Floats:
    """What each deviator itself was paid, (D, M, S), from what everybody was, (D * M, S, J) for each layer."""
    found = np.empty(shape)
    for place, (layer, neuron) in enumerate(chosen):
        found[:, place] = payoffs[layer - 1].reshape(*shape, -1)[:, place, :, neuron]
    return found


def sample_of(situation: Situation, most: int | None, seed: int) -> list[tuple[int, int]]:
    """Hidden neurons that may deviate: all, or of each layer so many by chance.

    Args:
        situation: Whose neurons.
        most: Of a layer; None for all.
        seed: Decides who.
    """
    if most is not None:
        check_number("most deviators", most, 1, whole=True)
    found = []
    for layer, width in enumerate(situation.hidden, start=1):
        order = np.arange(width)
        if most is not None and most < width:
            order = np.sort(generator(seed, Purpose.POPULATION, layer, 1).permutation(width)[:most])
        found += [(layer, int(neuron)) for neuron in order]
    return found

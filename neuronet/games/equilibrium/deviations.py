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
from neuronet.games.simulation.play import GameSetup, InitialState, Profile, layers_of, play, policies_of, with_deviation
from neuronet.games.simulation.profiles import cached_short_name


@dataclass(frozen=True, eq=False)
class Deviations:
    """What M neurons gained by each of D policies, from S seeds.

    Attributes:
        gains: By the payoffs' names, (D, M, S): with the deviation, minus without.
        baseline: By the payoffs' names, (M, S): what the neurons had without.
        loss_increase: (D, M, S), how much the network's test loss rose.
        deviators: Layer (1 for the first hidden one) and place of each neuron.
        policies: What they tried.
        own: What each plays in the profile.
        networks: The seed of each deviator's network.
        players: How many hidden neurons a network has.
        seeds: Of the order of samples and all other chance.
        round: After how many rounds the games began.
    """

    gains: Mapping[str, Floats]
    baseline: Mapping[str, Floats]
    loss_increase: Floats
    deviators: tuple[tuple[int, int], ...]
    policies: tuple[Policy, ...]
    own: tuple[Policy, ...]
    networks: tuple[int, ...]
    players: int
    seeds: tuple[int, ...]
    round: int

    @property
    def num_tested(self) -> int:
        """How many deviations: a neuron and another policy than its own."""
        return sum(policy != own for own in self.own for policy in self.policies)

    def select_seeds(self, seeds: slice) -> Deviations:
        """The same of some of the seeds."""
        gains = {kind: array[..., seeds] for kind, array in self.gains.items()}
        base = {kind: array[..., seeds] for kind, array in self.baseline.items()}
        return replace(self, gains=gains, baseline=base, loss_increase=self.loss_increase[..., seeds], seeds=self.seeds[seeds])

    def select_policies(self, indices: Sequence[int]) -> Deviations:
        """The same of some of the policies, by their places."""
        gains = {kind: array[list(indices)] for kind, array in self.gains.items()}
        return replace(
            self, gains=gains, loss_increase=self.loss_increase[list(indices)], policies=tuple(self.policies[n] for n in indices)
        )

    def table(self) -> pd.DataFrame:
        """A line for each deviator, policy and seed, with its gains."""
        D, M, S = self.loss_increase.shape
        names = [cached_short_name(policy) for policy in self.policies]
        own = [cached_short_name(policy) for policy in self.own]
        index = {
            "round": self.round,
            "network": np.tile(np.repeat(self.networks, S), D),
            "policy": np.repeat(names, M * S),
            "layer": np.tile(np.repeat([layer for layer, _ in self.deviators], S), D),
            "neuron": np.tile(np.repeat([neuron for _, neuron in self.deviators], S), D),
            "plays": np.tile(np.repeat(own, S), D),
            "seed": np.tile(self.seeds, D * M),
        }
        baseline = {f"{kind}_without": np.tile(array.reshape(-1), D) for kind, array in self.baseline.items() if kind != "loss"}
        gains = {f"{kind}_gain": array.reshape(-1) for kind, array in self.gains.items() if kind != "loss"}
        return pd.DataFrame({**index, **baseline, **gains, "loss_increase": self.loss_increase.reshape(-1)})


def deviations(
    game_setup: GameSetup,
    profile: Profile,
    policies: Sequence[Policy],
    seeds: Sequence[int],
    start: InitialState,
    *,
    deviators: Sequence[tuple[int, int]] | None = None,
) -> Deviations:
    """Let each neuron in turn follow each policy, and see what it gains.

    Args:
        game_setup: The game.
        profile: Who follows which policy.
        policies: What deviators try.
        seeds: Of the order of samples and all other chance, the same with a deviation and without.
        start: Where all games begin.
        deviators: Layer (1 for the first hidden one) and place of each neuron that may deviate; None for all hidden neurons.

    Raises:
        NeuroNetError: There is nobody to deviate, nothing to try, or something does not fit.
    """
    sizes = game_setup.sizes
    layers = layers_of(profile, start.network, start.seed)
    all_neurons = [(layer, neuron) for layer, width in enumerate(game_setup.hidden, start=1) for neuron in range(width)]
    chosen = all_neurons if deviators is None else [(int(layer), int(neuron)) for layer, neuron in deviators]
    invalid = next((each for each in chosen if each not in set(all_neurons)), None)
    if invalid is not None:
        raise NeuroNetError(f"a deviator is the layer and place of a hidden neuron, got {invalid}: hidden is {game_setup.hidden}")
    if not chosen or not policies:
        raise NeuroNetError("there must be at least one deviator, and one policy to try")
    own = policies_of(layers, sizes)
    base = play(game_setup, [layers], seeds, start)
    tried = play(game_setup, [with_deviation(layers, sizes, *who, policy) for policy in policies for who in chosen], seeds, start)
    shape = (len(policies), len(chosen), len(seeds))
    gains, baseline = {}, {}
    for kind in KINDS:
        baseline[kind] = np.stack([base.payoffs[kind][layer - 1][0, :, neuron] for layer, neuron in chosen])
        with np.errstate(invalid="ignore"):  # a network may have diverged
            gains[kind] = _own_payoffs(tried.payoffs[kind], chosen, shape) - baseline[kind]
    loss_increase = tried.loss.reshape(shape) - base.loss[0]
    networks = (start.seed,) * len(chosen)
    mine = tuple(own[layer - 1][neuron] for layer, neuron in chosen)
    return Deviations(
        gains,
        baseline,
        loss_increase,
        tuple(chosen),
        tuple(policies),
        mine,
        networks,
        len(all_neurons),
        tuple(seeds),
        start.round,
    )


def concatenate(parts: Sequence[Deviations]) -> Deviations:
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
        baseline={kind: np.concatenate([each.baseline[kind] for each in parts]) for kind in first.baseline},
        loss_increase=np.concatenate([each.loss_increase for each in parts], axis=1),
        deviators=tuple(who for each in parts for who in each.deviators),
        own=tuple(policy for each in parts for policy in each.own),
        networks=tuple(seed for each in parts for seed in each.networks),
    )


def _own_payoffs(payoffs: Sequence[Floats], chosen: Sequence[tuple[int, int]], shape: tuple[int, int, int]) -> Floats:
    """What each deviator itself was paid, (D, M, S), from what everybody was, (D * M, S, J) for each layer."""
    found = np.empty(shape)
    for index, (layer, neuron) in enumerate(chosen):
        found[:, index] = payoffs[layer - 1].reshape(*shape, -1)[:, index, :, neuron]
    return found


def sample_deviators(game_setup: GameSetup, max_per_layer: int | None, seed: int) -> list[tuple[int, int]]:
    """Hidden neurons that may deviate: all, or of each layer so many by chance.

    Args:
        game_setup: Whose neurons.
        max_per_layer: Of a layer; None for all.
        seed: Decides who.
    """
    if max_per_layer is not None:
        check_number("most deviators", max_per_layer, 1, whole=True)
    found = []
    for layer, width in enumerate(game_setup.hidden, start=1):
        order = np.arange(width)
        if max_per_layer is not None and max_per_layer < width:
            order = np.sort(generator(seed, Purpose.POPULATION, layer, 1).permutation(width)[:max_per_layer])
        found += [(layer, int(neuron)) for neuron in order]
    return found

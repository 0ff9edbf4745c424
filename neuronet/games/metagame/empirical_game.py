"""Empirical games over policies: payoffs of policies are measured in games of many neurons.

The neurons of a layer are exchangeable before the first round, so that the payoff of a policy depends on the number of neurons
per policy. All counts of J neurons are too many games. The deviation-preserving reduction (Wiedenbeck and Wellman 2012)
measures n players instead: one neuron chooses for itself, and each of the other n - 1 players stands for an equal part of the
other J - 1 neurons. The gain of a deviation is then the gain of a single neuron.

In a game between two layers, each layer as a whole chooses a policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from neuronet.core import (
    ConfigurationError,
    Layers,
    PerLayer,
    Policy,
    check_number,
    layer_groups,
)
from neuronet.games.metagame.analysis_result import Interval
from neuronet.games.metagame.symmetric_game import Ints, SymmetricGame, compositions
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.outcomes import Outcomes
from neuronet.games.simulation.payoffs import Floats, check_kind
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import ReducedProfile
from neuronet.games.solutions.normal_form import NormalFormGame
from neuronet.policies import AttentionSeeking
from neuronet.registry import short_name
from neuronet.statistics import sampled_means


@dataclass(frozen=True, eq=False)
class MetaGame:
    """Payoffs of the policies of a layer, by seed.

    Attributes:
        names: Names of the P policies.
        players: Number of players n of the reduced game.
        neurons: Number of neurons J of the layer.
        others: Number of other neurons per policy, (M, P), for each combination of n - 1 opponents.
        payoffs_by_seed: For each payoff, the payoff of p against combination m, (S, P, M).
        loss: Test loss of the network, (S, P, M).
        accuracy: Test accuracy of the network, (S, P, M), 0 to 1; nan for regression.
        seeds: The S seeds.
    """

    names: tuple[str, ...]
    players: int
    neurons: int
    others: Ints
    payoffs_by_seed: Mapping[str, Floats]
    loss: Floats
    accuracy: Floats
    seeds: tuple[int, ...]

    def game(self, kind: str = "attention") -> SymmetricGame:
        """Return the game of the mean payoffs over the seeds."""
        return SymmetricGame(
            self.names, self.players, self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))].mean(axis=0)
        )

    def resampled(self, kind: str, count: int, seed: int = 0) -> SymmetricGame:
        """Return games whose payoffs are drawn around the means over the seeds, on a leading axis; see `sampled_means`."""
        return SymmetricGame(
            self.names,
            self.players,
            sampled_means(self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))], count, seed),
        )

    def normal_form(self, kind: str = "attention") -> NormalFormGame:
        """Return the game of the mean payoffs in normal form, which other libraries can take."""
        return self.game(kind).normal_form(f"payoff {kind} of {self.neurons} neurons")

    def means(self, kind: str = "attention") -> pd.DataFrame:
        """Return one row per policy and combination of opponents, with the mean payoff and its 95% interval by Student's t."""
        interval = Interval.of_means(self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))])
        others = pd.DataFrame(self.others, columns=[f"others {name}" for name in self.names])
        return pd.DataFrame({"policy": self.names}).merge(others, how="cross").assign(**interval.columns("mean"))

    def table(self) -> pd.DataFrame:
        """Return one row per seed, policy and combination of opponents, with counts of neurons, payoffs, loss and accuracy."""
        _, P, M = self.loss.shape
        neurons = (self.others + np.eye(P, dtype=np.int64)[:, None]).reshape(P * M, P)
        profiles = pd.DataFrame(neurons, columns=[f"neurons {name}" for name in self.names])
        profiles.insert(0, "policy", np.repeat(self.names, M))
        paid = {kind: array.reshape(-1) for kind, array in self.payoffs_by_seed.items() if kind != "loss"}
        table = pd.DataFrame({"seed": self.seeds}).merge(profiles, how="cross")
        return table.assign(**paid, test_loss=self.loss.reshape(-1), test_accuracy=self.accuracy.reshape(-1))


@dataclass(frozen=True, eq=False)
class LayerGame:
    """Payoffs of two layers that choose policies as a whole, by seed.

    Attributes:
        names: Names of the P policies.
        neurons: Number of neurons in each layer.
        payoffs_by_seed: For each payoff, the mean payoff of the neurons of the first and second layer if the first layer
            follows p and the second q, (S, 2, P, P).
        loss: Test loss of the network, (S, P, P).
        accuracy: Test accuracy of the network, (S, P, P), 0 to 1; nan for regression.
        seeds: The S seeds.
    """

    names: tuple[str, ...]
    neurons: tuple[int, int]
    payoffs_by_seed: Mapping[str, Floats]
    loss: Floats
    accuracy: Floats
    seeds: tuple[int, ...]

    def payoffs(self, kind: str = "attention") -> Floats:
        """Return the mean payoffs over the seeds, (2, P, P)."""
        return np.asarray(self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))].mean(axis=0))

    def normal_form(self, kind: str = "attention") -> NormalFormGame:
        """Return the game of the mean payoffs in normal form, which other libraries can take."""
        return NormalFormGame(
            (self.names,) * 2, self.payoffs(kind), ("first layer", "second layer"), f"payoff {kind} of two layers"
        )

    def resampled(self, kind: str, count: int, seed: int = 0) -> Floats:
        """Return the mean payoffs drawn around those over the seeds, (count, 2, P, P)."""
        return sampled_means(self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))], count, seed)

    def gains(self, kind: str = "attention") -> pd.DataFrame:
        """Return what a layer gains that alone leaves a pair of policies, one row per layer, other policy and pair.

        Columns: layer ("first" or "second"), instead (its other policy), first and second (the pair), gain (mean over the seeds,
        paired), low and high (95% interval by Student's t).
        """
        first, second = np.moveaxis(self.payoffs_by_seed[check_kind(kind, tuple(self.payoffs_by_seed))], 1, 0)
        moved = (first[:, :, None, :], second.swapaxes(1, 2)[..., None])
        parts = []
        for layer, instead, stays in zip(("first", "second"), moved, (first, second), strict=True):
            index = pd.MultiIndex.from_product([[layer], *[self.names] * 3], names=["layer", "instead", "first", "second"])
            interval = Interval.of_means(instead - stays[:, None])
            parts.append(index.to_frame(index=False).assign(**interval.columns("gain")).query(f"instead != {layer}"))
        return pd.concat(parts, ignore_index=True)

    def table(self) -> pd.DataFrame:
        """Return one row per seed and pair of policies, with the payoffs of both layers, loss and accuracy."""
        index = pd.MultiIndex.from_product([self.seeds, self.names, self.names], names=["seed", "first", "second"])
        paid = {
            f"{kind} {layer}": array[:, number].reshape(-1)
            for kind, array in self.payoffs_by_seed.items()
            if kind != "loss"
            for number, layer in enumerate(("first", "second"))
        }
        ends = {"test_loss": self.loss.reshape(-1), "test_accuracy": self.accuracy.reshape(-1)}
        return index.to_frame(index=False).assign(**paid, **ends)


def opponent_counts(neurons: int, players: int, policies: int) -> Ints:
    """Return the number of other neurons per policy, (M, P), for each combination of n - 1 opponents.

    If the neurons cannot be divided evenly among the players, the largest remainders are rounded up.
    """
    rows = compositions(players - 1, policies)
    quotas = rows * (neurons - 1) / (players - 1)
    counts = np.floor(quotas + 1e-9).astype(np.int64)
    for row, (quota, count) in enumerate(zip(quotas, counts, strict=True)):
        left = neurons - 1 - int(count.sum())
        counts[row, np.argsort(count - quota, kind="stable")[:left]] += 1
    return counts


def meta_game(
    game_setup: GameSetup,
    policies: Sequence[Policy],
    seeds: Sequence[int],
    *,
    players: int = 4,
    layer: int = 1,
    other_layers_policy: Policy | None = None,
    starts: Sequence[InitialState] = (),
) -> MetaGame:
    """Measure the payoff of each policy in a layer against each combination of opponents.

    Initial attention differs between neurons, and the members of groups are random. The payoff of a group is therefore
    corrected by the payoff of the same neurons, relative to the layer's mean, in the profiles of one policy alone with the
    same seed. The mean of the correction over random members is 0.

    Args:
        game_setup: Settings of the game.
        policies: P policies, 2 or more.
        seeds: S seeds, 2 or more, of the networks, the order of samples and the members of groups.
        players: Number of players n of the reduced game, from 2 to the number of neurons of the layer.
        layer: Layer, 1 for the first hidden layer.
        other_layers_policy: Policy of the other layers; None for attention-seeking.
        starts: States in which games begin, such as those of a trained run, in turn over the seeds; none for fresh networks.

    Raises:
        ConfigurationError: A value is out of range.
    """
    names = _policy_names(policies, seeds)
    check_number("layer", layer, 1, len(game_setup.hidden), whole=True)
    neurons = game_setup.hidden[layer - 1]
    check_number("players", players, 2, neurons, whole=True)
    others, count = opponent_counts(neurons, players, len(policies)), len(policies)
    profiles = [
        ReducedProfile(tuple(policies), focal_player, tuple(row), layer, other_layers_policy or AttentionSeeking())
        for focal_player in range(count)
        for row in others.tolist()
    ]
    states = [replace(starts[row % len(starts)], seed=seed) for row, seed in enumerate(seeds)] if starts else None
    outcomes = play(game_setup, profiles, seeds, states)
    alone = [p * len(others) + int(np.flatnonzero(others[:, p] == neurons - 1)[0]) for p in range(count)]
    members = _focal_members(outcomes, layer, policies)
    paid = {
        kind: _focal_payoffs(outcomes.payoffs[kind][layer - 1], members, alone).reshape(-1, count, len(others))
        for kind in game_setup.kinds
    }
    shape = (count, len(others), len(seeds))
    loss, accuracy = (np.moveaxis(array.reshape(shape), -1, 0) for array in (outcomes.loss, outcomes.accuracy))
    return MetaGame(names, players, neurons, others, paid, loss, accuracy, tuple(seeds))


def _focal_members(outcomes: Outcomes, layer: int, policies: Sequence[Policy]) -> list[list[Ints]]:
    """Return the neurons of a layer that follow the focal neuron's policy, (members,) for each profile and seed."""
    per_policy, neurons = len(outcomes.layers) // len(policies), outcomes.sizes[layer]
    followed = [policies[profile // per_policy] for profile in range(len(outcomes.layers))]

    def members(layers: Layers, focal: Policy) -> Ints:
        groups = layer_groups(layers[layer - 1], neurons, layer)
        return np.array(next(group.members for group in groups if group.policy == focal))

    return [[members(layers, focal) for layers in games] for games, focal in zip(outcomes.layers, followed, strict=True)]


def _focal_payoffs(paid: Floats, members: Sequence[Sequence[Ints]], alone: Sequence[int]) -> Floats:
    """Return the corrected mean payoff of the focal neuron's policy in each profile, (S, profiles).

    Args:
        paid: Payoff of each neuron of the layer, (profiles, S, J).
        members: Neurons with the focal neuron's policy, for each profile and seed.
        alone: The profiles of one policy alone.
    """
    baseline = paid[list(alone)].mean(axis=0)
    corrected = paid - baseline + baseline.mean(axis=-1, keepdims=True)
    means = [
        [neurons[own].mean() for neurons, own in zip(games, chosen, strict=True)]
        for games, chosen in zip(corrected, members, strict=True)
    ]
    return np.array(means).T


def layer_game(game_setup: GameSetup, policies: Sequence[Policy], seeds: Sequence[int]) -> LayerGame:
    """Measure the payoffs of two hidden layers for each pair of policies, one for each layer as a whole.

    Args:
        game_setup: Settings of the game, with two hidden layers.
        policies: P policies, 2 or more.
        seeds: S seeds, 2 or more.

    Raises:
        ConfigurationError: There are not two hidden layers, or a value is out of range.
    """
    names = _policy_names(policies, seeds)
    if len(game_setup.hidden) != 2:
        raise ConfigurationError(f"a game between layers needs two hidden layers, got {len(game_setup.hidden)}")
    profiles = [PerLayer((one, other, AttentionSeeking())) for one, other in product(policies, repeat=2)]
    outcomes = play(game_setup, profiles, seeds)
    shape = (len(policies), len(policies), len(seeds))
    paid = {
        kind: np.stack([np.moveaxis(payoff.mean(axis=-1).reshape(shape), -1, 0) for payoff in outcomes.payoffs[kind]], axis=1)
        for kind in game_setup.kinds
    }
    loss, accuracy = (np.moveaxis(array.reshape(shape), -1, 0) for array in (outcomes.loss, outcomes.accuracy))
    return LayerGame(names, (game_setup.hidden[0], game_setup.hidden[1]), paid, loss, accuracy, tuple(seeds))


def _policy_names(policies: Sequence[Policy], seeds: Sequence[int]) -> tuple[str, ...]:
    names = tuple(short_name(policy) for policy in policies)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigurationError(f"a meta-game needs two policies or more, all different, got {', '.join(names) or 'none'}")
    if len(seeds) < 2:
        raise ConfigurationError(f"a meta-game needs two seeds or more for its intervals, got {len(seeds)}")
    return names

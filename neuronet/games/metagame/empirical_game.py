"""The meta-game: policies are what players choose among, and what they earn is measured in games of many neurons.

The neurons of a layer are alike before the first round, so that what a policy earns depends on how many follow which. Every count
of J neurons would be too many games; the deviation-preserving reduction (Wiedenbeck and Wellman 2012) measures n players instead:
one neuron chooses for itself, and each of the n - 1 other players stands for an equal part of the other J - 1 neurons, so that
what is gained by deviating alone is a single neuron's gain.

Where the players are two layers, each layer as a whole chooses a policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group, Layers, PerLayer, Population
from neuronet.games.metagame.symmetric_game import Ints, SymmetricGame, compositions
from neuronet.games.simulation.payoffs import KINDS, Floats, check_kind
from neuronet.games.simulation.play import GameSetup, Outcomes, play, policies_of
from neuronet.policies import AttentionSeeking
from neuronet.registry import short_name
from neuronet.statistics import bootstrap_means


@dataclass(frozen=True)
class ReducedProfile(Population):
    """A layer of which one neuron follows one policy, and the others are shared out by number; who does is left to chance.

    The same seed has the same neuron choose, and neighbours in one order, whatever the counts.

    Attributes:
        policies: Which there are.
        focal_player: The place in `policies` of the one neuron's.
        others: How many of the other neurons follow each.
        layer: Which, 1 for the first hidden layer.
        other_layers_policy: What the neurons of all other layers follow.
    """

    policies: tuple[Policy, ...]
    focal_player: int
    others: tuple[int, ...]
    layer: int
    other_layers_policy: Policy

    def groups(self, network: Network, seed: int) -> Layers:
        """The layer shared out, larger groups first, so that games of the same sizes can be played at once."""
        order = generator(seed, Purpose.POPULATION, self.layer).permutation(network.sizes[self.layer]).tolist()
        ends = np.cumsum([1, *self.others]).tolist()
        if ends[-1] != len(order):
            raise NeuroNetError(f"layer {self.layer} has {len(order)} neurons, but {ends[-1]} are shared out")
        members = [order[start:stop] for start, stop in pairwise(ends)]
        members[self.focal_player] = [order[0], *members[self.focal_player]]
        parts = sorted((-len(each), place) for place, each in enumerate(members) if each)
        shared = tuple(Group(self.policies[place], tuple(sorted(members[place]))) for _, place in parts)
        layers: list[Policy | tuple[Group, ...]] = [self.other_layers_policy] * (len(network.sizes) - 1)
        layers[self.layer - 1] = shared
        return tuple(layers)


@dataclass(frozen=True, eq=False)
class MetaGame:
    """What the policies earned in a layer, seed by seed.

    Attributes:
        names: The P policies.
        players: n of the reduced game.
        neurons: J of the layer.
        others: (M, P): how many of the other neurons followed each policy, for each way to share out n - 1 players.
        payoffs_by_seed: By the payoffs' names, (S, P, M): what a follower of p earned against the others m.
        loss: (S, P, M), the network's test loss.
        accuracy: (S, P, M), likewise, 0 to 1; nan where targets are values.
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
        """The game of the mean payoffs over the seeds."""
        return SymmetricGame(self.names, self.players, self.payoffs_by_seed[check_kind(kind)].mean(axis=0))

    def resampled(self, kind: str, count: int, seed: int = 0) -> SymmetricGame:
        """As many games, on a leading axis, each of the mean payoffs over seeds drawn anew with putting back."""
        return SymmetricGame(self.names, self.players, bootstrap_means(self.payoffs_by_seed[check_kind(kind)], count, seed))

    def means(self, kind: str = "attention", resamples: int = 1000) -> pd.DataFrame:
        """A line for each policy and way to share out the others: counts of the others, mean payoff with its 95% interval."""
        game, resampled = self.game(kind), self.resampled(kind, resamples)
        low, high = np.quantile(resampled.payoffs, (0.025, 0.975), axis=0)
        P, M = game.payoffs.shape
        others = {f"others {name}": np.tile(self.others[:, p], P) for p, name in enumerate(self.names)}
        values = {"mean": game.payoffs.reshape(-1), "low": low.reshape(-1), "high": high.reshape(-1)}
        return pd.DataFrame({"policy": np.repeat(self.names, M), **others, **values})

    def table(self) -> pd.DataFrame:
        """A line for each seed, policy and way to share out the others: counts of neurons, payoffs, loss, accuracy."""
        S, P, M = self.loss.shape
        followers = self.others[None] + np.eye(P, dtype=np.int64)[:, None]
        counts = {f"neurons {name}": np.tile(followers[..., p].reshape(-1), S) for p, name in enumerate(self.names)}
        index = {"seed": np.repeat(self.seeds, P * M), "policy": np.tile(np.repeat(self.names, M), S)}
        paid = {kind: array.reshape(-1) for kind, array in self.payoffs_by_seed.items() if kind != "loss"}
        ends = {"test_loss": self.loss.reshape(-1), "test_accuracy": self.accuracy.reshape(-1)}
        return pd.DataFrame({**index, **counts, **paid, **ends})


@dataclass(frozen=True, eq=False)
class LayerGame:
    """What two layers earned, seed by seed, where each as a whole follows a policy.

    Attributes:
        names: The P policies.
        neurons: How many there are in each layer.
        payoffs_by_seed: By the payoffs' names, (S, 2, P, P): what a neuron of the first and of the second layer earned on
            average where the first follows p and the second q.
        loss: (S, P, P), the network's test loss.
        accuracy: (S, P, P), likewise, 0 to 1; nan where targets are values.
        seeds: The S seeds.
    """

    names: tuple[str, ...]
    neurons: tuple[int, int]
    payoffs_by_seed: Mapping[str, Floats]
    loss: Floats
    accuracy: Floats
    seeds: tuple[int, ...]

    def payoffs(self, kind: str = "attention") -> Floats:
        """(2, P, P), the mean over the seeds."""
        found: Floats = self.payoffs_by_seed[check_kind(kind)].mean(axis=0)
        return found

    def resampled(self, kind: str, count: int, seed: int = 0) -> Floats:
        """(count, 2, P, P), each the mean over seeds drawn anew with putting back."""
        return bootstrap_means(self.payoffs_by_seed[check_kind(kind)], count, seed)

    def table(self) -> pd.DataFrame:
        """A line for each seed and pair of policies: what either layer earned, loss, accuracy."""
        S, P, _ = self.loss.shape
        index = {
            "seed": np.repeat(self.seeds, P * P),
            "first": np.tile(np.repeat(self.names, P), S),
            "second": np.tile(self.names, S * P),
        }
        paid = {
            f"{kind} {layer}": array[:, number].reshape(-1)
            for kind, array in self.payoffs_by_seed.items()
            if kind != "loss"
            for number, layer in enumerate(("first", "second"))
        }
        return pd.DataFrame({**index, **paid, "test_loss": self.loss.reshape(-1), "test_accuracy": self.accuracy.reshape(-1)})


def opponent_counts(neurons: int, players: int, policies: int) -> Ints:
    """How many of the other neurons follow each policy, (M, P), for each way to share out n - 1 players.

    Where the others cannot be divided evenly among the players, the largest remainders are rounded up.
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
) -> MetaGame:
    """Measure what each policy earns in a layer against every way in which the others are shared out.

    Some neurons are born rich, and who follows which policy is left to chance. So what a group earned is corrected by what the
    same neurons earned, by the same seed and above the layer's mean, in the societies of one policy alone; on average over that
    chance the correction is 0.

    Args:
        game_setup: The network, its world, and how long a game lasts.
        policies: P, 2 or more.
        seeds: S, 2 or more; each has its own network, order of samples and members of groups.
        players: n of the reduced game, 2 or more, at most the neurons of the layer.
        layer: Whose neurons choose, 1 for the first hidden layer.
        other_layers_policy: What neurons of other layers follow; None for attention-seeking.

    Raises:
        NeuroNetError: Something is out of range.
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
    outcomes = play(game_setup, profiles, seeds)
    alone = [p * len(others) + int(np.flatnonzero(others[:, p] == neurons - 1)[0]) for p in range(count)]
    paid = {kind: _focal_payoffs(outcomes, kind, layer, policies, alone).reshape(-1, count, len(others)) for kind in KINDS}
    shape = (count, len(others), len(seeds))
    loss, accuracy = (np.moveaxis(array.reshape(shape), -1, 0) for array in (outcomes.loss, outcomes.accuracy))
    return MetaGame(names, players, neurons, others, paid, loss, accuracy, tuple(seeds))


def _focal_payoffs(outcomes: Outcomes, kind: str, layer: int, policies: Sequence[Policy], alone: Sequence[int]) -> Floats:
    """What the chooser's policy earned in every profile, (S, profiles)."""
    paid = outcomes.payoffs[kind][layer - 1]
    baseline = paid[list(alone)].mean(axis=0)
    corrected = paid - baseline + baseline.mean(axis=-1, keepdims=True)
    found = np.empty(paid.shape[1::-1])
    each = len(paid) // len(policies)
    for profile, games in enumerate(outcomes.layers):
        for seed, layers in enumerate(games):
            theirs = policies_of(layers, outcomes.sizes)[layer - 1]
            follow = np.array([policy == policies[profile // each] for policy in theirs])
            found[seed, profile] = corrected[profile, seed, follow].mean()
    return found


def layer_game(game_setup: GameSetup, policies: Sequence[Policy], seeds: Sequence[int]) -> LayerGame:
    """Measure what two hidden layers earn for every pair of policies, one for each layer as a whole.

    Raises:
        NeuroNetError: There are not two hidden layers, or something is out of range.
    """
    names = _policy_names(policies, seeds)
    if len(game_setup.hidden) != 2:
        raise NeuroNetError(f"a game between layers needs two hidden layers, got {len(game_setup.hidden)}")
    profiles = [PerLayer((one, other, AttentionSeeking())) for one, other in product(policies, repeat=2)]
    outcomes = play(game_setup, profiles, seeds)
    count, shape = len(policies), (len(policies), len(policies), len(seeds))
    paid = {
        kind: np.stack([np.moveaxis(each.mean(axis=-1).reshape(shape), -1, 0) for each in outcomes.payoffs[kind]], axis=1)
        for kind in KINDS
    }
    loss, accuracy = (np.moveaxis(array.reshape(shape), -1, 0) for array in (outcomes.loss, outcomes.accuracy))
    assert paid["loss"].shape == (len(seeds), 2, count, count)
    return LayerGame(names, (game_setup.hidden[0], game_setup.hidden[1]), paid, loss, accuracy, tuple(seeds))


def _policy_names(policies: Sequence[Policy], seeds: Sequence[int]) -> tuple[str, ...]:
    names = tuple(short_name(policy) for policy in policies)
    if len(names) < 2 or len(set(names)) < len(names):
        raise NeuroNetError(f"a meta-game needs two different policies or more, got {', '.join(names) or 'none'}")
    if len(seeds) < 2:
        raise NeuroNetError(f"a meta-game needs two seeds or more, for its intervals, got {len(seeds)}")
    return names

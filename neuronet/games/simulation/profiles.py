"""Profiles: the policy of each neuron, and unilateral deviations from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import cast

import numpy as np

from neuronet.core import (
    ConfigurationError,
    Group,
    Layers,
    Network,
    Policy,
    Population,
    Purpose,
    generator,
    layer_groups,
    policies_by_layer,
)
from neuronet.registry import Policies, parse_population, short_name

Profile = Policies | Layers
"""A text, a policy, a population, one of these per listening layer, or the groups of each layer."""


@dataclass(frozen=True)
class GivenLayers(Population):
    """Population with the same policy, or the same groups, of each listening layer in every network."""

    layers: Layers

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the layers as given.

        Raises:
            ConfigurationError: They do not fit the network.
        """
        return policies_by_layer(self.layers, network.sizes)


@dataclass(frozen=True)
class ReducedProfile(Population):
    """Population in which a layer has one focal neuron, and its other neurons follow policies in given numbers.

    With equal seeds, the focal neuron and the order in which members are assigned do not depend on the counts.

    Attributes:
        policies: Policies of the layer.
        focal_player: Index of the focal neuron's policy.
        others: Number of other neurons per policy.
        layer: Layer, 1 for the first hidden layer.
        other_layers_policy: Policy of all other layers.
    """

    policies: tuple[Policy, ...]
    focal_player: int
    others: tuple[int, ...]
    layer: int
    other_layers_policy: Policy

    @staticmethod
    def focal_neuron(seed: int, layer: int, neurons: int) -> int:
        """Return the index of the focal neuron in a layer with this number of neurons."""
        return int(generator(seed, Purpose.POPULATION, layer).permutation(neurons)[0])

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the groups of the layer, larger ones first, so that games with equal group sizes can share a batch."""
        order = generator(seed, Purpose.POPULATION, self.layer).permutation(network.sizes[self.layer]).tolist()
        ends = np.cumsum([1, *self.others]).tolist()
        if ends[-1] != len(order):
            raise ConfigurationError(f"the counts of layer {self.layer} must sum to its {len(order)} neurons, got {ends[-1]}")
        members = [order[start:stop] for start, stop in pairwise(ends)]
        members[self.focal_player] = [order[0], *members[self.focal_player]]
        by_size = sorted((-len(indices), number) for number, indices in enumerate(members) if indices)
        groups = tuple(Group(self.policies[number], tuple(sorted(members[number]))) for _, number in by_size)
        layers: list[Policy | tuple[Group, ...]] = [self.other_layers_policy] * (len(network.sizes) - 1)
        layers[self.layer - 1] = groups
        return tuple(layers)


def parse_profile(profile: Profile) -> Population:
    """Return the population of a profile.

    Raises:
        NeuroNetError: A text cannot be parsed, or the profile has another type.
    """
    if isinstance(profile, tuple) and any(isinstance(layer, tuple) for layer in profile):
        return GivenLayers(cast(Layers, profile))
    return parse_population(cast(Policies, profile))


def cached_short_name(policy: Policy) -> str:
    """Return the short name of a policy, cached because the registry look-up is slow."""
    try:
        return _cached_short_name(policy)
    except TypeError:  # a policy that cannot be hashed
        return short_name(policy)


_cached_short_name = lru_cache(maxsize=256)(short_name)


def policies_of(layers: Layers, sizes: Sequence[int]) -> list[list[Policy]]:
    """Return the policy of each neuron, layer by layer."""
    result = []
    for number, layer in enumerate(layers, start=1):
        groups = layer_groups(layer, sizes[number], number)
        policy_by_neuron = {index: group.policy for group in groups for index in group.members}
        result.append([policy_by_neuron[index] for index in range(sizes[number])])
    return result


def with_deviation(layers: Layers, sizes: Sequence[int], layer: int, neuron: int, policy: Policy) -> Layers:
    """Return the profile in which one neuron follows another policy, in a group of its own at the end of its layer.

    Args:
        layers: The profile.
        sizes: Neurons in each layer, inputs first.
        layer: Layer of the neuron, 1 for the first hidden layer.
        neuron: Index of the neuron.
        policy: Policy of the deviation; it may equal the present one.
    """
    groups = layer_groups(layers[layer - 1], sizes[layer], layer)
    others = [(group.policy, tuple(index for index in group.members if index != neuron)) for group in groups]
    kept = tuple(Group(known, indices) for known, indices in others if indices)
    return (*layers[: layer - 1], (*kept, Group(policy, (neuron,))), *layers[layer:])

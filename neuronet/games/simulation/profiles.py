"""Profiles: the policy of each neuron, and unilateral deviations from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from neuronet.core import Group, Layers, Network, Policy, layer_groups, policies_by_layer
from neuronet.registry import Policies, parse_population, short_name

Profile = Policies | Layers
"""A text, a policy, a population, one of these per listening layer, or the groups of each layer."""


def layers_of(profile: Profile, network: Network, seed: int) -> Layers:
    """Return the policy or the groups of each listening layer.

    Args:
        profile: Policies of the neurons.
        network: Network to which the profile applies.
        seed: Seed that draws the members of groups given by shares.

    Raises:
        NeuroNetError: The profile does not fit the network.
    """
    if isinstance(profile, tuple) and any(isinstance(layer, tuple) for layer in profile):
        return policies_by_layer(profile, network.sizes)
    return parse_population(cast(Policies, profile)).groups(network, seed)


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


def layers_from_policies(policies: Sequence[Sequence[Policy]]) -> tuple[tuple[Group, ...], ...]:
    """Return the groups of a network given the policy of each neuron; neurons with equal policies form one group."""
    return tuple(_grouped(layer) for layer in policies)


def _grouped(layer: Sequence[Policy]) -> tuple[Group, ...]:
    members: list[tuple[Policy, list[int]]] = []
    for index, policy in enumerate(layer):
        same = next((indices for known, indices in members if known is policy or known == policy), None)
        if same is None:
            members.append((policy, [index]))
        else:
            same.append(index)
    return tuple(Group(policy, tuple(indices)) for policy, indices in members)


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

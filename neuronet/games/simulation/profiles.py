"""Profiles: which policy every neuron follows, and how one of them may deviate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group, Layers, layer_groups, policies_by_layer
from neuronet.registry import Policies, parse_population, short_name

Profile = Policies | Layers
"""A text, a policy, a population, one for each listening layer, or the groups of each layer."""


def layers_of(profile: Profile, network: Network, seed: int) -> Layers:
    """For each listening layer a policy, or the groups that share it out.

    Args:
        profile: Who follows which policy.
        network: Of whom.
        seed: Decides who is in which group, where that is left to chance.

    Raises:
        NeuroNetError: The profile does not fit the network.
    """
    if isinstance(profile, tuple) and any(isinstance(each, tuple) for each in profile):
        return policies_by_layer(profile, network.sizes)
    return parse_population(profile).groups(network, seed)  # type: ignore[arg-type]


def cached_short_name(policy: Policy) -> str:
    """A policy's short text; looking for its name takes a while, and is done once for each policy."""
    try:
        return _cached_short_name(policy)
    except TypeError:  # a policy of the user's that cannot be hashed
        return short_name(policy)


_cached_short_name = lru_cache(maxsize=256)(short_name)


def policies_of(layers: Layers, sizes: Sequence[int]) -> list[list[Policy]]:
    """The policy of every neuron, layer by layer."""
    found = []
    for number, each in enumerate(layers, start=1):
        groups = layer_groups(each, sizes[number], number)
        policy_by_neuron = {index: group.policy for group in groups for index in group.members}
        found.append([policy_by_neuron[index] for index in range(sizes[number])])
    return found


def layers_from_policies(policies: Sequence[Sequence[Policy]]) -> Layers:
    """The groups of a network whose every neuron's policy is known; those of the same policy are together."""
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
    """The profile in which one neuron alone follows another policy; it is in a group by itself, the last of its layer.

    Args:
        layers: The profile.
        sizes: Neurons in each layer, inputs first.
        layer: The neuron's, 1 for the first hidden layer.
        neuron: Its place.
        policy: What it plays instead; it may be what it plays already.
    """
    groups = layer_groups(layers[layer - 1], sizes[layer], layer)
    others = [(group.policy, tuple(index for index in group.members if index != neuron)) for group in groups]
    kept = tuple(Group(known, indices) for known, indices in others if indices)
    return (*layers[: layer - 1], (*kept, Group(policy, (neuron,))), *layers[layer:])

"""Profiles: which policy every neuron follows, and how one of them may deviate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group, Layers, by_layer, layer_groups
from neuronet.registry.population_spec import Policies, population_from, short_text

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
        return by_layer(profile, network.sizes)
    return population_from(profile).groups(network, seed)  # type: ignore[arg-type]


def text_for(policy: Policy) -> str:
    """A policy's short text; looking for its name takes a while, and is done once for each policy."""
    try:
        return _text_for(policy)
    except TypeError:  # a policy of the user's that cannot be hashed
        return short_text(policy)


_text_for = lru_cache(maxsize=256)(short_text)


def policies_of(layers: Layers, sizes: Sequence[int]) -> list[list[Policy]]:
    """The policy of every neuron, layer by layer."""
    found = []
    for number, each in enumerate(layers, start=1):
        groups = layer_groups(each, sizes[number], number)
        by_place = {place: group.policy for group in groups for place in group.members}
        found.append([by_place[place] for place in range(sizes[number])])
    return found


def from_policies(policies: Sequence[Sequence[Policy]]) -> Layers:
    """The groups of a network whose every neuron's policy is known; those of the same policy are together."""
    return tuple(_grouped(layer) for layer in policies)


def _grouped(layer: Sequence[Policy]) -> tuple[Group, ...]:
    members: list[tuple[Policy, list[int]]] = []
    for place, policy in enumerate(layer):
        same = next((places for known, places in members if known is policy or known == policy), None)
        if same is None:
            members.append((policy, [place]))
        else:
            same.append(place)
    return tuple(Group(policy, tuple(places)) for policy, places in members)


def deviated(layers: Layers, sizes: Sequence[int], layer: int, neuron: int, policy: Policy) -> Layers:
    """The profile in which one neuron alone follows another policy; it is in a group by itself, the last of its layer.

    Args:
        layers: The profile.
        sizes: Neurons in each layer, inputs first.
        layer: The neuron's, 1 for the first hidden layer.
        neuron: Its place.
        policy: What it plays instead; it may be what it plays already.
    """
    groups = layer_groups(layers[layer - 1], sizes[layer], layer)
    others = [(group.policy, tuple(place for place in group.members if place != neuron)) for group in groups]
    kept = tuple(Group(known, places) for known, places in others if places)
    return (*layers[: layer - 1], (*kept, Group(policy, (neuron,))), *layers[layer:])

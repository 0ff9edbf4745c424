"""Assignment of policies to neurons in a network that has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neuronet.core import Group, Ints, Network, Policy
from neuronet.engines.base import Setup


def policies_by_node(setup: Setup) -> dict[int, Policy]:
    """Return the policy of each neuron, by its node in the graph."""
    return {
        int(setup.network.nodes[layer][index]): group.policy
        for layer in range(1, len(setup.network.sizes))
        for group in setup.groups(layer)
        for index in group.members
    }


def most_common_policy(setup: Setup, layer: int) -> Policy:
    """Return the policy that most neurons of a layer follow; the first group's in a tie."""
    return max(setup.groups(layer), key=lambda group: len(group.members)).policy


def with_network(setup: Setup, network: Network, policies: Mapping[int, Policy]) -> Setup:
    """Return the setup with another network.

    The groups of a layer keep their order, and new ones come last, so that replicas with other members have the same groups.

    Args:
        setup: Setup before the change.
        network: Network after it.
        policies: Policy of each of its neurons, by node.
    """
    order: list[Policy] = []
    numbers_by_id: dict[int, int] = {}  # a policy may be unhashable
    for policy in (*policies_by_node(setup).values(), *policies.values()):
        if id(policy) not in numbers_by_id:
            number = next((number for number, known in enumerate(order) if known == policy), len(order))
            order += [policy] * (number == len(order))
            numbers_by_id[id(policy)] = number
    layers = []
    for nodes in network.nodes[1:]:
        numbers = np.asarray([numbers_by_id[id(policies[node])] for node in nodes.tolist()])
        members = [(policy, np.flatnonzero(numbers == number)) for number, policy in enumerate(order)]
        layers.append(tuple(Group(policy, tuple(indices.tolist())) for policy, indices in members if indices.size))
    present = frozenset(node for nodes in network.nodes for node in nodes.tolist())
    silent, frozen = setup.silent & present, setup.frozen & present
    return replace(setup, network=network, policies=tuple(layers), silent=silent, frozen=frozen, max_node=_max_node(setup))


def new_nodes(setup: Setup, count: int) -> Ints:
    """Return nodes for new neurons: numbers that no neuron has had."""
    return np.arange(_max_node(setup) + 1, _max_node(setup) + 1 + count)


def _max_node(setup: Setup) -> int:
    return max(setup.max_node, *(int(nodes.max()) for nodes in setup.network.nodes))

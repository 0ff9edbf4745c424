"""Who follows which policy when neurons change sides, come or go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neuronet.core.policy import Policy
from neuronet.core.structure.network import Ints, Network
from neuronet.core.structure.population import Group
from neuronet.engines.base import Setup


def policies_by_node(setup: Setup) -> dict[int, Policy]:
    """Who follows which policy, by node."""
    return {
        int(setup.network.nodes[layer][place]): group.policy
        for layer in range(1, len(setup.network.sizes))
        for group in setup.groups(layer)
        for place in group.members
    }


def most_common_policy(setup: Setup, layer: int) -> Policy:
    """The policy that most neurons of a layer follow; of equally many, the one of the first group."""
    return max(setup.groups(layer), key=lambda group: len(group.members)).policy


def with_network(setup: Setup, network: Network, policies: Mapping[int, Policy]) -> Setup:
    """The same game in another network.

    The groups of a layer keep their order, and new ones come last, so that replicas with other members have the same groups.

    Args:
        setup: The game as it is.
        network: Where it goes on.
        policies: Who follows which policy there, by node.
    """
    order: list[Policy] = []
    for policy in (*policies_by_node(setup).values(), *policies.values()):
        if not any(known is policy or known == policy for known in order):
            order.append(policy)
    layers = []
    for nodes in network.nodes[1:]:
        following = [
            next(n for n, known in enumerate(order) if known is p or known == p) for p in map(policies.get, nodes.tolist())
        ]
        places = [(policy, np.flatnonzero(np.asarray(following) == number)) for number, policy in enumerate(order)]
        layers.append([Group(policy, tuple(some.tolist())) for policy, some in places if some.size])
    present = frozenset(int(node) for nodes in network.nodes for node in nodes)
    silent, frozen = setup.silent & present, setup.frozen & present
    return replace(setup, network=network, policies=layers, silent=silent, frozen=frozen, max_node=_max_node(setup))


def new_nodes(setup: Setup, count: int) -> Ints:
    """Nodes for newcomers: numbers that nobody has had."""
    return np.arange(_max_node(setup) + 1, _max_node(setup) + 1 + count)


def _max_node(setup: Setup) -> int:
    return max(setup.max_node, *(int(nodes.max()) for nodes in setup.network.nodes))

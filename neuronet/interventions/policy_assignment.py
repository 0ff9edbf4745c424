"""Assignment of policies to neurons in a network that has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neuronet.core import Group, Ints, Network, Policy
from neuronet.engines.base import Setup


def most_common_policy(setup: Setup, layer: int) -> Policy:
    """Return the policy that most neurons of a layer follow; the first group's in a tie."""
    return max(setup.groups(layer), key=lambda group: len(group.members)).policy


def with_network(setup: Setup, network: Network, changed: Mapping[int, Policy]) -> Setup:
    """Return the setup with another network.

    The groups of a layer keep their order, and new ones come last, so that replicas with other members have the same groups.

    Args:
        setup: Setup before the change.
        network: Network after it.
        changed: Policy of each neuron that is new or has another one, by node; all others keep theirs.
    """
    order: list[Policy] = []
    nodes, numbers = _numbered_policies(setup, changed, order)
    layers = []
    for own in network.nodes[1:]:
        assigned = numbers[np.searchsorted(nodes, own, side="right") - 1]
        members = [(policy, np.flatnonzero(assigned == number)) for number, policy in enumerate(order)]
        layers.append(tuple(Group(policy, tuple(indices.tolist())) for policy, indices in members if indices.size))
    present = frozenset(node for own in network.nodes for node in own.tolist())
    silent, frozen = setup.silent & present, setup.frozen & present
    return replace(setup, network=network, policies=tuple(layers), silent=silent, frozen=frozen, max_node=_max_node(setup))


def _numbered_policies(setup: Setup, changed: Mapping[int, Policy], order: list[Policy]) -> tuple[Ints, Ints]:
    """Return the nodes of all neurons, ascending, and the number of each one's policy; the last entry of a node is valid.

    Args:
        setup: Setup before the change.
        changed: Policy of each neuron that is new or has another one, by node.
        order: Filled with the policies, in the order of their numbers.
    """
    known: dict[int, int] = {}  # by identity: a policy may be unhashable

    def number(policy: Policy) -> int:
        if id(policy) not in known:
            known[id(policy)] = next((place for place, other in enumerate(order) if other == policy), len(order))
            order.extend([policy] * (known[id(policy)] == len(order)))
        return known[id(policy)]

    nodes, numbers = [], []
    for layer in range(1, len(setup.network.sizes)):
        for group in setup.groups(layer):
            nodes.append(setup.network.nodes[layer][list(group.members)])
            numbers.append(np.full(len(group.members), number(group.policy)))
    nodes.append(np.fromiter(changed.keys(), dtype=np.int64))
    numbers.append(np.fromiter(map(number, changed.values()), dtype=np.int64))
    every_node = np.concatenate(nodes)
    ranks = np.argsort(every_node, kind="stable")
    return every_node[ranks], np.concatenate(numbers)[ranks]


def new_nodes(setup: Setup, count: int) -> Ints:
    """Return nodes for new neurons: numbers that no neuron has had."""
    return np.arange(_max_node(setup) + 1, _max_node(setup) + 1 + count)


def _max_node(setup: Setup) -> int:
    return max(setup.max_node, *(int(nodes.max()) for nodes in setup.network.nodes))

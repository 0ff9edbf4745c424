"""Populations: which neurons follow which policy."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

from neuronet.core.errors import ConfigurationError, check_number, check_order, shown
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, check_seed, generator
from neuronet.core.structure.groups import Group, Layers, as_policy, check_policy_form
from neuronet.core.structure.network import Network

if TYPE_CHECKING:
    import networkx as nx


class Population(ABC):
    """Assignment of policies to the neurons of a network.

    The same seed gives the same groups; replicas with other seeds have other members in groups of the same sizes. Wherever a
    policy is needed, the functions below also take its text, such as "greedy(top=3)".
    """

    @abstractmethod
    def groups(self, network: Network, seed: int) -> Layers:
        """Return the policy or the groups of each listening layer, as a Setup takes them.

        Args:
            network: The network.
            seed: Decides which neurons are in which group, where that is random.

        Raises:
            ConfigurationError: The population does not fit the network.
        """

    @staticmethod
    def shares(parts: Mapping[Policy | str, float] | Iterable[tuple[Policy | str, float]]) -> Shares:
        """Return a population with a share of the neurons for each policy: `{"attention": 0.9, "free-rider": 0.1}`."""
        return Shares(_pairs(parts))

    @staticmethod
    def per_layer(layers: Iterable[Policy | str | Shares | Sequence[tuple[Policy | str, float]]]) -> PerLayer:
        """Return a population with a policy, or shares, for each listening layer, the outputs last.

        Raises:
            ConfigurationError: An entry is neither, or there is no order of layers.
        """
        check_order("layers", layers)
        return PerLayer(tuple(_layer(layer) for layer in layers))

    @staticmethod
    def by_neuron(policies: Mapping[int, Policy | str], default: Policy | str) -> ByNode:
        """Return a population with a policy for each node of the network's graph; other nodes follow the default.

        Raises:
            ConfigurationError: A node is not an integer.
        """
        return ByNode.of(((node, as_policy(policy)) for node, policy in policies.items()), as_policy(default))

    @staticmethod
    def by_attribute(graph: nx.Graph, attribute: str, policies: Mapping[Any, Policy | str], default: Policy | str) -> ByNode:
        """Return a population with a policy for each value of a node attribute; nodes without such a value follow the default.

        Nodes with such a value that do not listen, such as inputs, are left out.

        Raises:
            ConfigurationError: No node of the graph has one of these values.
        """
        known = {value: as_policy(policy) for value, policy in policies.items()}
        values = dict(graph.nodes(data=attribute))
        found = [(node, known[value]) for node, value in values.items() if value in known]
        if not found:
            raise ConfigurationError(f"no node's '{attribute}' is any of {', '.join(map(repr, policies))}")
        return ByNode.of(found, as_policy(default), must_listen=False)

    @staticmethod
    def by_function(function: Callable[[int, int], Policy]) -> ByFunction:
        """Return a population in which each neuron follows `function(node, layer)`; the first listening layer is 1.

        A record of a run cannot hold a function: to continue the run, pass the population again.
        """
        return ByFunction(function)


def _pairs(parts: Any) -> tuple[Any, ...]:
    """Return pairs of a policy and a share; what is no such pair is left for Shares to refuse."""
    items = list(parts.items()) if isinstance(parts, Mapping) else list(parts)
    is_pair = [isinstance(item, tuple | list) and len(item) == 2 for item in items]
    return tuple((as_policy(item[0]), item[1]) if pair else item for item, pair in zip(items, is_pair, strict=True))


def _layer(given: Any) -> Any:
    if isinstance(given, Mapping | list | tuple):
        return Shares(_pairs(given))
    return as_policy(given) if isinstance(given, str) else given


@dataclass(frozen=True)
class Shares(Population):
    """Population with a share of each hidden layer for each policy; members are drawn at random.

    Output neurons follow the first policy: their payoff comes from the environment, not from listeners. Counts are rounded by
    largest remainders. If one share grows at the cost of another and policies keep their order, no third group changes.

    Attributes:
        parts: Policies and shares from 0 to 1, which add up to 1.

    Raises:
        ConfigurationError: The shares do not add up to 1, or a part is not such a pair.
    """

    parts: tuple[tuple[Policy, float], ...]

    def __post_init__(self) -> None:
        try:
            parts = tuple((policy, share) for policy, share in self.parts if not isinstance(self.parts, Mapping))
        except (TypeError, ValueError):
            parts = ()
        if not parts:
            raise ConfigurationError(f"shares must be one or more pairs of a policy and a number from 0 to 1, got {self.parts!r}")
        for policy, share in parts:
            check_policy_form(policy)
            check_number("a share", share, 0, 1)
        total = math.fsum(share for _, share in parts)
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise ConfigurationError(f"shares must add up to 1, got {' + '.join(f'{share:g}' for _, share in parts)} = {total:g}")
        object.__setattr__(self, "parts", tuple((policy, float(share)) for policy, share in parts))

    def groups(self, network: Network, seed: int) -> Layers:
        """Return each hidden layer shared out; the outputs follow the first policy."""
        hidden = [self.layer(size, seed, number) for number, size in enumerate(network.sizes[1:-1], start=1)]
        layers = (*hidden, self.parts[0][0])
        self.check_shares_are_present(layers)
        return layers

    def layer(self, neurons: int, seed: int, number: int) -> Policy | tuple[Group, ...]:
        """Return the policy or groups of one layer."""
        check_seed(seed)
        order = generator(seed, Purpose.POPULATION, number).permutation(neurons).tolist()
        ends = accumulate(_counts([share for _, share in self.parts], neurons), initial=0)
        spans = zip(self.parts, pairwise(ends), strict=True)
        groups = tuple(Group(policy, tuple(sorted(order[start:stop]))) for (policy, _), (start, stop) in spans if stop > start)
        return groups[0].policy if len(groups) == 1 else groups

    def check_shares_are_present(self, layers: Layers) -> None:
        """Raise an error if a positive share is too small for a single neuron in all of these layers."""
        present: list[Policy] = []
        for layer in layers:
            present += [layer] if isinstance(layer, Policy) else [group.policy for group in layer]
        for policy, share in self.parts:
            if share > 0 and policy not in present:
                raise ConfigurationError(f"a share of {share:g} is too small for even one neuron to follow {policy!r}")


def _counts(shares: Sequence[float], neurons: int) -> list[int]:
    """Return the number of neurons of each policy by largest remainders; of equal remainders the first wins."""
    quotas = [round(share * neurons, 9) for share in shares]
    counts = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda position: counts[position] - quotas[position])
    for position in by_remainder[: neurons - sum(counts)]:
        counts[position] += 1
    return counts


@dataclass(frozen=True)
class PerLayer(Population):
    """Population with a policy, or shares, for each listening layer, the outputs last.

    Attributes:
        layers: One entry for each listening layer.

    Raises:
        ConfigurationError: An entry is neither.
    """

    layers: tuple[Policy | Shares, ...]

    def __post_init__(self) -> None:
        for layer in self.layers:
            if not isinstance(layer, Shares):
                check_policy_form(layer)

    def groups(self, network: Network, seed: int) -> Layers:
        """Return each layer as given; shares of the output layer apply to the output neurons."""
        depth = len(network.sizes) - 1
        if len(self.layers) != depth:
            raise ConfigurationError(
                f"policies must be one policy, or one for each of {depth} listening layers, got {len(self.layers)}"
            )
        pairs = enumerate(zip(self.layers, network.sizes[1:], strict=True), start=1)
        return tuple(self._layer(layer, size, seed, number) for number, (layer, size) in pairs)

    def _layer(self, given: Policy | Shares, neurons: int, seed: int, number: int) -> Policy | tuple[Group, ...]:
        if isinstance(given, Policy):
            return given
        groups = given.layer(neurons, seed, number)
        given.check_shares_are_present((groups,))
        return groups


@dataclass(frozen=True)
class ByNode(Population):
    """Population with a policy for each of some nodes of the network's graph; all other neurons follow the default.

    Attributes:
        default: Policy of nodes that are not named.
        members: Other policies, each with its nodes in ascending order.
        must_listen: Whether a node that does not listen is refused instead of left out.

    Raises:
        ConfigurationError: A node is not an integer, or is named twice.
    """

    default: Policy
    members: tuple[tuple[Policy, tuple[int, ...]], ...] = ()
    must_listen: bool = True

    def __post_init__(self) -> None:
        check_policy_form(self.default)
        nodes: list[Any] = list(chain.from_iterable(part for _, part in self.members))
        wrong = next((node for node in nodes if isinstance(node, bool) or not isinstance(node, Integral)), None)
        if wrong is not None:
            raise ConfigurationError(f"a policy is assigned to nodes, which are integers, got {shown(wrong)}")
        twice = next((node for node in nodes if nodes.count(node) > 1), None) if len(set(nodes)) < len(nodes) else None
        if twice is not None:
            raise ConfigurationError(f"node {twice} can follow one policy only, but is named twice")
        for policy, _ in self.members:
            check_policy_form(policy)
        ordered = tuple((policy, tuple(sorted(int(node) for node in part))) for policy, part in self.members if part)
        object.__setattr__(self, "members", ordered)

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, Policy]], default: Policy, *, must_listen: bool = True) -> ByNode:
        """Return the population of pairs of a node and its policy."""
        members: list[tuple[Policy, list[int]]] = []
        for node, policy in pairs:
            known = next((nodes for other, nodes in members if other is policy or other == policy), None)
            if known is None:
                members.append((policy, [node]))
            else:
                known.append(node)
        return cls(default, tuple((policy, tuple(nodes)) for policy, nodes in members), must_listen)

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the groups of each layer in the order of their first members.

        Raises:
            ConfigurationError: A node does not listen or is not in the network.
        """
        policies = {node: policy for policy, nodes in self.members for node in nodes}
        if self.must_listen:
            missing = sorted(set(policies).difference(*(nodes.tolist() for nodes in network.nodes[1:])))
            if missing:
                raise ConfigurationError(f"node {missing[0]} cannot follow a policy: it has no speakers or is not in the network")
        return _groups_by_node(network, lambda node, layer: policies.get(node, self.default))


@dataclass(frozen=True)
class ByFunction(Population):
    """Population in which a function gives each neuron's policy.

    Attributes:
        function: `function(node, layer)`, called for every neuron that listens.
    """

    function: Callable[[int, int], Policy]

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the groups of each layer in the order of their first members."""
        return _groups_by_node(network, self.policy)

    def policy(self, node: int, layer: int) -> Policy:
        """Return what the function gives for a neuron."""
        return self.function(node, layer)


def _groups_by_node(network: Network, policy_of: Callable[[int, int], Policy]) -> Layers:
    return tuple(_groups_of_layer(nodes.tolist(), number, policy_of) for number, nodes in enumerate(network.nodes[1:], start=1))


def _groups_of_layer(nodes: Sequence[int], number: int, policy_of: Callable[[int, int], Policy]) -> Policy | tuple[Group, ...]:
    members: list[tuple[Policy, list[int]]] = []
    for position, node in enumerate(nodes):
        policy = policy_of(node, number)
        known = next((positions for other, positions in members if other is policy or other == policy), None)
        if known is None:
            check_policy_form(policy)
            members.append((policy, [position]))
        else:
            known.append(position)
    return members[0][0] if len(members) == 1 else tuple(Group(policy, tuple(positions)) for policy, positions in members)


def as_population(given: Any) -> Population:
    """Return the population for a policy, a sequence with one for each listening layer, shares by policy, or a population.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(given, Population):
        return given
    if isinstance(given, Policy):
        return Shares(((given, 1.0),))
    if isinstance(given, Mapping):
        return Population.shares(given)
    check_order("policies", given)
    if isinstance(given, Iterable) and not isinstance(given, str):
        population = Population.per_layer(given)
        return as_population(population.layers[0]) if len(population.layers) == 1 else population
    raise ConfigurationError(f"policies must be a policy, one for each listening layer, or a Population, got {shown(given)}")

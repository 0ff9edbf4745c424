"""Populations: which neurons follow which policy."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Any

import networkx as nx

from neuronet.core.errors import ConfigurationError, PolicyError, check_number, shown
from neuronet.core.policy import OPTIONAL_FIELDS, Policy
from neuronet.core.random_streams import Purpose, check_seed, generator
from neuronet.core.structure.network import Network


@dataclass(frozen=True)
class Group:
    """Neurons of a layer that follow the same policy.

    Attributes:
        policy: Their policy.
        members: Their positions in the layer, ascending from 0.

    Raises:
        PolicyError: The policy is not a valid policy.
        ConfigurationError: The members are not such numbers.
    """

    policy: Policy
    members: tuple[int, ...]

    def __post_init__(self) -> None:
        check_policy_form(self.policy)
        try:
            members = tuple(int(member) for member in self.members)
            whole = all(member == given for member, given in zip(members, self.members, strict=True))
        except (TypeError, ValueError):
            members, whole = (), False
        if not members or not whole or members[0] < 0 or any(a >= b for a, b in pairwise(members)):
            raise ConfigurationError(f"members must be ascending positions in the layer, at least one, got {self.members!r}")
        object.__setattr__(self, "members", members)


def check_policy_form(policy: object) -> None:
    """Raise an error if an object is not a policy or declares needs that do not exist.

    Raises:
        PolicyError: It is not a valid policy.
    """
    if not isinstance(policy, Policy):
        raise PolicyError(f"a policy must be an instance of a subclass of neuronet.Policy, got {shown(policy)}")
    if not isinstance(policy.needs, frozenset) or not policy.needs <= OPTIONAL_FIELDS:
        allowed = ", ".join(sorted(OPTIONAL_FIELDS))
        raise PolicyError(f"{policy!r}: needs must be a frozenset of names among {allowed}, got {policy.needs!r}")


def layer_groups(given: Policy | Iterable[Group], neurons: int, layer: int | str) -> tuple[Group, ...]:
    """Return the groups of a layer: those given, or a single group of all neurons.

    Args:
        given: A policy for the whole layer, or groups that share it out.
        neurons: Number of neurons in the layer.
        layer: Number or name of the layer, for the message.

    Raises:
        ConfigurationError: A neuron is in no group, or in two.
    """
    if isinstance(given, Policy):
        return (Group(given, tuple(range(neurons))),)
    groups = tuple(given) if isinstance(given, Iterable) else ()
    if not groups or not all(isinstance(group, Group) for group in groups):
        raise ConfigurationError(f"layer {layer} must have a policy, or groups that share it out, got {shown(given)}")
    members = sorted(chain.from_iterable(group.members for group in groups))
    if members != list(range(neurons)):
        raise ConfigurationError(f"the groups of layer {layer} must share out its {neurons} neurons, each in one group")
    return groups


def policies_by_layer(given: Any, sizes: Sequence[int]) -> tuple[Policy | tuple[Group, ...], ...]:
    """Return the policy or the groups of every listening layer.

    Args:
        given: A policy for all layers, or for each listening layer a policy or groups.
        sizes: Number of neurons in each layer, the inputs first.

    Raises:
        ConfigurationError: The number of layers differs, or an entry does not fit its layer.
    """
    depth = len(sizes) - 1
    is_sequence = isinstance(given, Iterable) and not isinstance(given, str)
    layers: list[Any] = [given] * depth if isinstance(given, Policy) else list(given) if is_sequence else []
    if len(layers) != depth:
        raise ConfigurationError(f"policies must be one policy, or one for each of {depth} listening layers, got {shown(given)}")
    groups = [layer_groups(layer, sizes[number], number) for number, layer in enumerate(layers, start=1)]
    return tuple(layer if isinstance(layer, Policy) else group for layer, group in zip(layers, groups, strict=True))


Layers = tuple[Policy | tuple[Group, ...], ...]
"""A policy, or the groups of neurons, for each listening layer."""


class Population(ABC):
    """Assignment of policies to the neurons of a network.

    The same seed gives the same groups; replicas with other seeds have other members in groups of the same sizes.
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
    def shares(parts: Iterable[tuple[Policy, float]]) -> Shares:
        """Return a population with a share of the neurons for each policy: `[(AttentionSeeking(), 0.9), (FreeRider(), 0.1)]`."""
        return Shares(tuple(parts))

    @staticmethod
    def per_layer(layers: Iterable[Policy | Shares | Sequence[tuple[Policy, float]]]) -> PerLayer:
        """Return a population with a policy, or shares, for each listening layer, the outputs last."""
        given: list[Any] = list(layers)
        return PerLayer(tuple(Shares(tuple(layer)) if isinstance(layer, list | tuple) else layer for layer in given))

    @staticmethod
    def by_neuron(policies: Mapping[int, Policy], default: Policy) -> ByFunction:
        """Return a population with a policy for each node of the network's graph; other nodes follow the default."""
        named = dict(policies)
        return ByFunction(lambda node, layer: named.get(node, default), frozenset(named))

    @staticmethod
    def by_attribute(graph: nx.DiGraph, attribute: str, policies: Mapping[Any, Policy], default: Policy) -> ByFunction:
        """Return a population with a policy for each value of a node attribute; nodes without such a value follow the default.

        Raises:
            ConfigurationError: No node of the graph has one of these values.
        """
        values = dict(graph.nodes(data=attribute))
        if not any(value in policies for value in values.values()):
            raise ConfigurationError(f"no node's '{attribute}' is any of {', '.join(map(repr, policies))}")
        return ByFunction(lambda node, layer: policies.get(values.get(node), default))

    @staticmethod
    def by_function(function: Callable[[int, int], Policy]) -> ByFunction:
        """Return a population in which each neuron follows `function(node, layer)`; the first listening layer is 1."""
        return ByFunction(function)


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
            parts = tuple((policy, share) for policy, share in self.parts)
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
class ByFunction(Population):
    """Population in which a function gives each neuron's policy.

    Attributes:
        function: `function(node, layer)`, called for every neuron that listens.
        named: Nodes that must exist and listen.
    """

    function: Callable[[int, int], Policy]
    named: frozenset[int] = frozenset()

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the groups of each layer in the order of their first members."""
        listening = set(chain.from_iterable(nodes.tolist() for nodes in network.nodes[1:]))
        missing = sorted(self.named - listening)
        if missing:
            raise ConfigurationError(f"node {missing[0]} cannot follow a policy: it has no speakers or is not in the network")
        return tuple(self._layer(nodes.tolist(), number) for number, nodes in enumerate(network.nodes[1:], start=1))

    def _layer(self, nodes: Sequence[int], number: int) -> Policy | tuple[Group, ...]:
        members: list[tuple[Policy, list[int]]] = []
        for position, node in enumerate(nodes):
            policy = self.function(node, number)
            known = next((positions for other, positions in members if other is policy or other == policy), None)
            if known is None:
                check_policy_form(policy)
                members.append((policy, [position]))
            else:
                known.append(position)
        return members[0][0] if len(members) == 1 else tuple(Group(policy, tuple(positions)) for policy, positions in members)


def as_population(given: Any) -> Population:
    """Return the population for a policy, for a sequence with one policy for each listening layer, or for a population.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(given, Population):
        return given
    if isinstance(given, Policy):
        return Shares(((given, 1.0),))
    if isinstance(given, Iterable) and not isinstance(given, str):
        population = Population.per_layer(given)
        return as_population(population.layers[0]) if len(population.layers) == 1 else population
    raise ConfigurationError(f"policies must be a policy, one for each listening layer, or a Population, got {shown(given)}")

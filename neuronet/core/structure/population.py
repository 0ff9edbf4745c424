"""Who follows which policy: the groups of a layer, and populations that share out a whole network."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Any

import networkx as nx

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import OPTIONAL_FIELDS, Policy
from neuronet.core.random_streams import Purpose, check_seed, generator
from neuronet.core.structure.network import Network


@dataclass(frozen=True)
class Group:
    """The neurons of a layer that follow the same policy.

    Attributes:
        policy: Theirs.
        members: Their places within the layer, ascending from 0.

    Raises:
        NeuroNetError: The policy is none, or the members are not such numbers.
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
            raise NeuroNetError(f"members must be places within the layer in ascending order, at least one, got {self.members!r}")
        object.__setattr__(self, "members", members)


def check_policy_form(policy: object) -> None:
    """Refuse what is no policy, or one that needs what nobody can see.

    Raises:
        NeuroNetError: It is.
    """
    if not isinstance(policy, Policy):
        raise NeuroNetError(f"a policy must be an instance of a subclass of neuronet.Policy, got {policy!r}")
    if not isinstance(policy.needs, frozenset):
        raise NeuroNetError(f"{policy!r} must give its needs as a frozenset of words, got {policy.needs!r}")
    if not policy.needs <= OPTIONAL_FIELDS:
        wrong = ", ".join(sorted(policy.needs - OPTIONAL_FIELDS))
        raise NeuroNetError(f"{policy!r} needs '{wrong}': it may need {', '.join(sorted(OPTIONAL_FIELDS))}")


def layer_groups(given: Policy | Iterable[Group], neurons: int, layer: int | str) -> tuple[Group, ...]:
    """The groups of a layer: those given, or one of everybody.

    Args:
        given: A policy for the whole layer, or groups that share it out.
        neurons: How many there are in the layer.
        layer: Its number, for the message.

    Raises:
        NeuroNetError: A neuron is in no group, or in two.
    """
    if isinstance(given, Policy):
        return (Group(given, tuple(range(neurons))),)
    groups = tuple(given) if isinstance(given, Iterable) else ()
    if not groups or not all(isinstance(group, Group) for group in groups):
        raise NeuroNetError(f"layer {layer} must have a policy, or groups that share it out, got {given!r}")
    members = sorted(chain.from_iterable(group.members for group in groups))
    if members != list(range(neurons)):
        raise NeuroNetError(f"the groups of layer {layer} must share out its {neurons} neurons, each in one group")
    return groups


def policies_by_layer(given: Any, sizes: Sequence[int]) -> tuple[Policy | tuple[Group, ...], ...]:
    """The policy or the groups of every listening layer.

    Args:
        given: A policy for everybody, or for each listening layer a policy or groups.
        sizes: Neurons in each layer, the inputs first.

    Raises:
        NeuroNetError: There are not as many as layers, or one does not fit.
    """
    depth = len(sizes) - 1
    several = isinstance(given, Iterable) and not isinstance(given, str)
    layers: list[Any] = [given] * depth if isinstance(given, Policy) else list(given) if several else []
    if len(layers) != depth:
        raise NeuroNetError(f"there must be one policy, or one for each of {depth} listening layers, got {given!r}")
    groups = [layer_groups(each, sizes[number], number) for number, each in enumerate(layers, start=1)]
    return tuple(each if isinstance(each, Policy) else group for each, group in zip(layers, groups, strict=True))


Layers = tuple[Policy | tuple[Group, ...], ...]
"""For each listening layer a policy, or the groups that share it out."""


class Population(ABC):
    """Which neurons of a network follow which policy.

    The same seed gives the same groups; replicas with other seeds have other members in groups of the same sizes.
    """

    @abstractmethod
    def groups(self, network: Network, seed: int) -> Layers:
        """Who follows which policy in this network, as a Setup takes it.

        Args:
            network: Its neurons.
            seed: Decides who is in which group, where that is left to chance.

        Raises:
            NeuroNetError: The population does not fit the network.
        """

    @staticmethod
    def shares(parts: Iterable[tuple[Policy, float]]) -> Shares:
        """Each policy with its share of the neurons, such as `[(AttentionSeeking(), 0.9), (FreeRider(), 0.1)]`."""
        return Shares(tuple(parts))

    @staticmethod
    def per_layer(layers: Iterable[Policy | Shares | Sequence[tuple[Policy, float]]]) -> PerLayer:
        """For each listening layer, the outputs last, a policy or shares of its own."""
        return PerLayer(tuple(Shares(tuple(each)) if isinstance(each, Sequence) else each for each in layers))

    @staticmethod
    def by_neuron(policies: Mapping[int, Policy], default: Policy) -> ByFunction:
        """A policy for each node of the network's graph; the default for those that are not named."""
        named = dict(policies)
        return ByFunction(lambda node, layer: named.get(node, default), frozenset(named))

    @staticmethod
    def by_attribute(graph: nx.DiGraph, attribute: str, policies: Mapping[Any, Policy], default: Policy) -> ByFunction:
        """A policy for each value of a node's attribute; the default for nodes that have another value, or none.

        Raises:
            NeuroNetError: No node of the graph has one of these values.
        """
        values = dict(graph.nodes(data=attribute))
        if not any(value in policies for value in values.values()):
            raise NeuroNetError(f"no node's '{attribute}' is any of {', '.join(map(repr, policies))}")
        return ByFunction(lambda node, layer: policies.get(values.get(node), default))

    @staticmethod
    def by_function(function: Callable[[int, int], Policy]) -> ByFunction:
        """What `function(node, layer)` says for each neuron, layers counted from 1 for the first that listens."""
        return ByFunction(function)


@dataclass(frozen=True)
class Shares(Population):
    """Policies by the share of neurons that follow them, in every hidden layer; who does is left to chance.

    Output neurons follow the policy named first: they are paid by the environment, not by listeners. Counts are rounded by
    largest remainders. If policies keep their order and one share grows at the cost of another, nobody else changes sides.

    Attributes:
        parts: Policies and shares from 0 to 1, which add up to 1.

    Raises:
        NeuroNetError: They do not.
    """

    parts: tuple[tuple[Policy, float], ...]

    def __post_init__(self) -> None:
        try:
            parts = tuple((policy, share) for policy, share in self.parts)
        except (TypeError, ValueError):
            parts = ()
        if not parts:
            raise NeuroNetError(f"shares must be pairs of a policy and a number from 0 to 1, at least one, got {self.parts!r}")
        for policy, share in parts:
            check_policy_form(policy)
            check_number("a share", share, 0, 1)
        total = math.fsum(share for _, share in parts)
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise NeuroNetError(f"shares must add up to 1, got {' + '.join(f'{share:g}' for _, share in parts)} = {total:g}")
        object.__setattr__(self, "parts", tuple((policy, float(share)) for policy, share in parts))

    def groups(self, network: Network, seed: int) -> Layers:
        """Each hidden layer shared out; the outputs follow the policy named first."""
        hidden = [self.layer(size, seed, number) for number, size in enumerate(network.sizes[1:-1], start=1)]
        layers = (*hidden, self.parts[0][0])
        self.check_shares_are_present(layers)
        return layers

    def layer(self, neurons: int, seed: int, number: int) -> Policy | tuple[Group, ...]:
        """One layer shared out."""
        check_seed(seed)
        order = generator(seed, Purpose.POPULATION, number).permutation(neurons).tolist()
        ends = accumulate(_counts([share for _, share in self.parts], neurons), initial=0)
        spans = zip(self.parts, pairwise(ends), strict=True)
        found = tuple(Group(policy, tuple(sorted(order[start:stop]))) for (policy, _), (start, stop) in spans if stop > start)
        return found[0].policy if len(found) == 1 else found

    def check_shares_are_present(self, layers: Layers) -> None:
        """Refuse a share that is too small for a single neuron in all of these layers."""
        there = [
            policy for each in layers for policy in ([each] if isinstance(each, Policy) else [group.policy for group in each])
        ]
        for policy, share in self.parts:
            if share > 0 and policy not in there:
                raise NeuroNetError(f"a share of {share:g} is too small for even one neuron to follow {policy!r}")


def _counts(shares: Sequence[float], neurons: int) -> list[int]:
    """How many follow each, by largest remainders; of equal remainders the first wins."""
    quotas = [round(share * neurons, 9) for share in shares]
    counts = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda position: counts[position] - quotas[position])
    for position in by_remainder[: neurons - sum(counts)]:
        counts[position] += 1
    return counts


@dataclass(frozen=True)
class PerLayer(Population):
    """A policy or shares for each listening layer, the outputs last.

    Attributes:
        layers: One for each listening layer.

    Raises:
        NeuroNetError: One is neither.
    """

    layers: tuple[Policy | Shares, ...]

    def __post_init__(self) -> None:
        for each in self.layers:
            if not isinstance(each, Shares):
                check_policy_form(each)

    def groups(self, network: Network, seed: int) -> Layers:
        """Each layer as it is given; shares of the output layer share out the output neurons."""
        depth = len(network.sizes) - 1
        if len(self.layers) != depth:
            raise NeuroNetError(f"there must be one policy, or one for each of {depth} listening layers, got {len(self.layers)}")
        pairs = enumerate(zip(self.layers, network.sizes[1:], strict=True), start=1)
        return tuple(self._layer(each, size, seed, number) for number, (each, size) in pairs)

    def _layer(self, given: Policy | Shares, neurons: int, seed: int, number: int) -> Policy | tuple[Group, ...]:
        if isinstance(given, Policy):
            return given
        found = given.layer(neurons, seed, number)
        given.check_shares_are_present((found,))
        return found


@dataclass(frozen=True)
class ByFunction(Population):
    """A policy for each neuron by what a function says.

    Attributes:
        function: `function(node, layer)`, called for every neuron that listens.
        named: Nodes that must be there and listen.
    """

    function: Callable[[int, int], Policy]
    named: frozenset[int] = frozenset()

    def groups(self, network: Network, seed: int) -> Layers:
        """The groups in the order of their first members."""
        listening = set(chain.from_iterable(nodes.tolist() for nodes in network.nodes[1:]))
        missing = sorted(self.named - listening)
        if missing:
            raise NeuroNetError(f"node {missing[0]} listens to nobody or is not in the network: it can follow no policy")
        return tuple(self._layer(nodes.tolist(), number) for number, nodes in enumerate(network.nodes[1:], start=1))

    def _layer(self, nodes: Sequence[int], number: int) -> Policy | tuple[Group, ...]:
        members: list[tuple[Policy, list[int]]] = []
        for position, node in enumerate(nodes):
            policy = self.function(node, number)
            same = next((positions for known, positions in members if known is policy or known == policy), None)
            if same is None:
                check_policy_form(policy)
                members.append((policy, [position]))
            else:
                same.append(position)
        return members[0][0] if len(members) == 1 else tuple(Group(policy, tuple(positions)) for policy, positions in members)


def as_population(given: Any) -> Population:
    """The population that is meant by a policy for everybody, or by one for each listening layer.

    Raises:
        NeuroNetError: It is none of these.
    """
    if isinstance(given, Population):
        return given
    if isinstance(given, Policy):
        return Shares(((given, 1.0),))
    if isinstance(given, Iterable) and not isinstance(given, str):
        several = Population.per_layer(given)
        return as_population(several.layers[0]) if len(several.layers) == 1 else several
    raise NeuroNetError(f"there must be a policy, one for each listening layer, or a Population, got {given!r}")

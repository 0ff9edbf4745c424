"""Groups: the neurons of a layer that follow the same policy, and the texts of policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import lt
from typing import Any

import numpy as np

from neuronet.core.errors import ConfigurationError, PolicyError, check_order, shown
from neuronet.core.policy import OPTIONAL_FIELDS, Policy

MANY_MEMBERS = 1000
"""Members of a group from which they are checked as an array."""


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
        members = _ascending_positions(self.members)
        if not members:
            raise ConfigurationError(f"members must be ascending positions in the layer, at least one, got {self.members!r}")
        object.__setattr__(self, "members", members)


def _ascending_positions(given: Any) -> tuple[int, ...]:
    """Return ascending integers from 0 as a tuple; an empty one if they are not such."""
    if isinstance(given, tuple | range) and len(given) > MANY_MEMBERS:  # a layer may have a million neurons
        array = np.asarray(given)
        if array.ndim == 1 and array.dtype == np.int64:
            return tuple(array.tolist()) if array[0] >= 0 and (np.diff(array) > 0).all() else ()
    if isinstance(given, tuple) and all(type(member) is int for member in given):
        return given if given and given[0] >= 0 and all(map(lt, given, given[1:])) else ()
    try:
        members = tuple(int(member) for member in given)
        whole = all(member == own for member, own in zip(members, given, strict=True))
    except (TypeError, ValueError):
        return ()
    return members if members and whole and members[0] >= 0 and all(a < b for a, b in pairwise(members)) else ()


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


_POLICY_PARSERS: list[Callable[[str], Policy]] = []


def parse_policies_with(parse: Callable[[str], Policy]) -> None:
    """Let populations take texts for policies; the registry of names calls this when it is loaded.

    Args:
        parse: Returns the policy of a text.
    """
    _POLICY_PARSERS[:] = [parse]


def as_policy(given: Any) -> Policy:
    """Return a policy, or that of a text.

    Raises:
        SpecError: The text cannot be parsed.
        PolicyError: It is no policy.
    """
    policy = _POLICY_PARSERS[0](given) if isinstance(given, str) and _POLICY_PARSERS else given
    check_policy_form(policy)
    return policy


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
    check_order(f"layer {layer}", given)
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
        ConfigurationError: The number of layers differs, an entry does not fit its layer, or there is no order of layers.
    """
    depth = len(sizes) - 1
    check_order("policies", given)
    is_sequence = isinstance(given, Iterable) and not isinstance(given, str)
    layers: list[Any] = [given] * depth if isinstance(given, Policy) else list(given) if is_sequence else []
    if len(layers) != depth:
        raise ConfigurationError(f"policies must be one policy, or one for each of {depth} listening layers, got {shown(given)}")
    groups = [layer_groups(layer, sizes[number], number) for number, layer in enumerate(layers, start=1)]
    return tuple(layer if isinstance(layer, Policy) else group for layer, group in zip(layers, groups, strict=True))


Layers = tuple[Policy | tuple[Group, ...], ...]
"""A policy, or the groups of neurons, for each listening layer."""

"""Who follows which policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from neuronet.errors import NeuroNetError
from neuronet.policy import OPTIONAL_SIGHTS, Policy


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
    if not policy.needs <= OPTIONAL_SIGHTS:
        wrong = ", ".join(sorted(policy.needs - OPTIONAL_SIGHTS))
        raise NeuroNetError(f"{policy!r} needs '{wrong}': it may need {', '.join(sorted(OPTIONAL_SIGHTS))}")


def layer_groups(given: Policy | Iterable[Group], neurons: int, layer: int) -> tuple[Group, ...]:
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


def by_layer(given: Any, sizes: Sequence[int]) -> tuple[Policy | tuple[Group, ...], ...]:
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

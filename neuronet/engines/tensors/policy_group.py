"""The neurons of a layer that follow one policy, in some or all of the replicas."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neuronet.core.array_types import Memory
from neuronet.core.observation import Birth
from neuronet.core.policy import Policy
from neuronet.core.random_streams import RandomStream
from neuronet.core.structure.population import Group
from neuronet.engines.base.engine import check_memory
from neuronet.engines.tensors.device import to_device

if TYPE_CHECKING:
    from neuronet.engines.tensors.layer import Layer


class PolicyGroup:
    """One call of a policy serves them all.

    Args:
        layer: Where they are.
        policy: Theirs.
        replicas: Which replicas they are in; None if all, or if there is but one game.
        members: (M,) places within the layer, or (replicas, M) where replicas differ; None for everybody.
        number: Which of the layer's groups they are, for the names in a state.

    Attributes:
        memory: What the policy keeps for them; axis J has M entries.
    """

    def __init__(self, layer: Layer, policy: Policy, replicas: slice | None, members: Tensor | None, number: int) -> None:
        self.policy = policy
        self.hooks = policy.hooks
        self.needs = policy.needs
        self.linear = policy.linear
        self.number = number
        self.replicas = replicas
        self.members = members
        self.is_whole_layer = replicas is None and members is None
        self.draws = RandomStream(self._draw)
        self._layer = layer
        self.count = layer.lengths["J"] if members is None else members.shape[-1]
        self.memory: Memory = policy.initial_memory(Birth(self.draws, self._zeros))
        check_memory(policy, self.memory)

    def lead(self) -> tuple[int, ...]:
        """The leading axis of their arrays."""
        if self.replicas is None:
            return self._layer.lead
        return (self.replicas.stop - self.replicas.start,)

    def _zeros(self, axes: str) -> Tensor:
        lengths = self._layer.lengths | {"J": self.count}
        return self._layer.empty(*self.lead(), *(lengths[letter] for letter in axes)).zero_()

    def _draw(self, kind: str, name: str, axes: str) -> Tensor:
        return self.take(self._layer.draw(kind, name, axes), axes)

    def take(self, array: Tensor, axes: str) -> Tensor:
        """Their part of an array of the whole layer, whose trailing axes are spelled in letters."""
        if self.replicas is not None and array.ndim > len(axes):
            array = array[self.replicas]
        if self.members is None or "J" not in axes:
            return array
        place = axes.index("J") - len(axes)
        if self.members.ndim == 1:
            return array.index_select(place, self.members)
        if array.ndim == len(axes):
            array = array[None]
        shape = [1] * len(axes)
        shape[place] = self.count
        return torch.take_along_dim(array, self.members.view(-1, *shape), dim=place)

    def put(self, whole: Tensor, part: Tensor, axes: str) -> None:
        """Write their part of an array of the whole layer, in place."""
        target = whole if self.replicas is None else whole[self.replicas]
        if self.members is None:
            target.copy_(part)
            return
        place = axes.index("J") - len(axes)
        shape = list(target.shape)
        shape[place] = self.count
        if self.members.ndim == 1:
            target.index_copy_(place, self.members, part.expand(shape))
            return
        index = [1] * len(axes)
        index[place] = self.count
        target.scatter_(place, self.members.view(-1, *index).expand(shape), part.expand(shape))


def policy_groups(layer: Layer, replicas: Sequence[tuple[Group, ...]]) -> list[PolicyGroup]:
    """Those who follow each policy of a layer, replicas with the same policies together.

    Args:
        layer: The layer.
        replicas: Its groups in each replica; all have as many, with as many members.
    """
    found = []
    start = 0
    for _, run in groupby(replicas, key=lambda groups: [(group.policy, len(group.members)) for group in groups]):
        block = list(run)
        part = slice(start, start + len(block))
        start = part.stop
        for number, group in enumerate(block[0]):
            members = _members([groups[number].members for groups in block], layer)
            found.append(PolicyGroup(layer, group.policy, None if len(block) == len(replicas) else part, members, number))
    return found


def _members(replicas: list[tuple[int, ...]], layer: Layer) -> Tensor | None:
    alike = all(members == replicas[0] for members in replicas)
    if alike and len(replicas[0]) == layer.lengths["J"]:
        return None
    return to_device(torch.tensor(replicas[0] if alike else replicas, dtype=torch.int64), layer.device)

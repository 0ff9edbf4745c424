"""The neurons of a layer that follow one policy, in some or all of the replicas."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from neuronet.core import (
    OPTIONAL_FIELDS,
    Birth,
    Group,
    Memory,
    Observation,
    Policy,
    PolicyError,
    Projection,
    RandomStream,
    Scales,
    projection_of,
)
from neuronet.engines.base.answers import check_answer, check_memory
from neuronet.engines.tensors.kernels.device import to_device
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace


class PolicyGroup:
    """Neurons of a layer that one call of a policy serves.

    Args:
        space: Space of the layer's tensors.
        policy: Policy of the group.
        replicas: Replicas in which the group is; None for all, or for a single game.
        members: (M,) indices within the layer, or (replicas, M) where replicas differ; None for the whole layer.
        number: Position among the layer's groups, for the names in a state.

    Attributes:
        memory: Memory of the policy; axis J has M entries.
        layer: Number of the listening layer.
        lengths: Length of each axis by its letter; J counts the group's neurons.
        dtype: Precision of the engine.
        projection: How its changes are projected, if it is the whole layer and its policy says so.
    """

    def __init__(self, space: TensorSpace, policy: Policy, replicas: slice | None, members: Tensor | None, number: int) -> None:
        self.policy = policy
        self.layer, self.dtype = space.layer, space.dtype
        self.hooks = policy.hooks
        self.needs = policy.needs
        self.hidden_fields = OPTIONAL_FIELDS - policy.needs
        self.linear = policy.linear
        self.number = number
        self.replicas = replicas
        self.members = members
        self.is_whole_layer = replicas is None and members is None
        self.count = space.lengths["J"] if members is None else members.shape[-1]
        self.lead = space.lead if replicas is None else (replicas.stop - replicas.start,)
        self.lengths = lengths = space.lengths | {"J": self.count}
        draws = RandomStream(lambda kind, name, axes: self.take(space.draw_initial(kind, name, axes), axes))
        zeros = lambda axes: space.empty(*self.lead, *(lengths[letter] for letter in axes)).zero_()  # noqa: E731
        self.projection = projection_of(policy) if self.is_whole_layer else None
        self.memory: Memory = policy.initial_memory(Birth(draws, zeros))
        self._buffers: dict[str, Tensor] = {}  # copies that belong to this group alone
        self.check_memory(self.memory, "initial_memory")

    def check_answer(self, hook: str, answer: Tensor, axes: str, shape: tuple[int, ...]) -> None:
        """Refuse what the policy returns from a hook, unless it has this shape, of the group's part, and the engine's precision.

        Raises:
            PolicyError: It has not.
        """
        check_answer(self.policy, hook, self.layer, answer, axes, (*self.lead, *shape), self.dtype)

    def check_memory(self, memory: Memory, hook: str) -> None:
        """Refuse a memory that the policy does not declare, or of another shape.

        Raises:
            PolicyError: It is such a memory.
        """
        check_memory(self.policy, self.layer, memory, self.lead, self.lengths, hook)

    def keep(self, memory: Memory) -> None:
        """Remember copies of these arrays, since the next round may overwrite them; buffers of earlier copies are used again."""
        held = {_storage(array) for array in self.memory.values()}
        kept: dict[str, Tensor] = {}
        for name, array in memory.items():
            old, buffer = self.memory[name], self._buffers.get(name)
            if array is old:
                kept[name] = array
            elif buffer is not None and old is buffer and array.dtype == buffer.dtype and _storage(array) not in held:
                kept[name] = buffer.copy_(array)
            else:
                kept[name] = self._buffers[name] = array.clone()
        self.memory = kept

    def accumulate(self, projection: Projection, obs: Observation) -> None:
        """Add the outer products of a round to the projector, in place."""
        rows, projector = projection.rows(obs, self.memory), self.memory[projection.name]
        self.check_answer("projection", rows, "nS", (*rows.shape[-2:-1], self.lengths["S"]))
        add_product = torch.baddbmm if self.lead else torch.addmm
        add_product(projector, rows.mT, rows, beta=projection.keep, out=projector)

    def scales(self, response: Tensor, obs: Observation) -> Scales:
        """Return the factors of the policy, each (..., M) or None for 1.

        Raises:
            PolicyError: One has another shape.
        """
        scales = self.policy.scales(response, obs, self.memory)
        if not isinstance(scales, Scales):
            raise PolicyError(
                f"{self.policy!r} must return Scales(...) from scales in layer {self.layer}, got {type(scales).__name__}"
            )
        for name, part in zip(Scales._fields, scales, strict=True):
            if part is not None:
                self.check_answer(f"scales.{name}", part, "J", (self.count,))
        return scales

    def take(self, array: Tensor, axes: str) -> Tensor:
        """Return the group's part of an array of the whole layer; `axes` spells its trailing axes."""
        if self.replicas is not None and array.ndim > len(axes):
            array = array[self.replicas]
        return self.take_members(array, axes)

    def take_members(self, array: Tensor, axes: str) -> Tensor:
        """Return the group's part of an array of the whole layer in the group's replicas; otherwise as `take`."""
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
        """Write the group's part of an array of the whole layer, in place."""
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


def _storage(array: Tensor) -> int:
    return array.untyped_storage().data_ptr()


def policy_groups(space: TensorSpace, replicas: Sequence[tuple[Group, ...]]) -> list[PolicyGroup]:
    """Return the policy groups of a layer; consecutive replicas whose groups of a number have the same policy share that group.

    Args:
        space: Space of the layer's tensors.
        replicas: Groups of the layer in each replica, equal in number and in their sizes.
    """
    found = []
    for number in range(len(replicas[0])):
        start = 0
        for policy, run in groupby((groups[number] for groups in replicas), key=lambda group: group.policy):
            block = [group.members for group in run]
            part = slice(start, start := start + len(block))
            whole = len(block) == len(replicas)
            found.append(PolicyGroup(space, policy, None if whole else part, _members(block, space), number))
    return found


def _members(replicas: list[tuple[int, ...]], space: TensorSpace) -> Tensor | None:
    equal = all(members == replicas[0] for members in replicas)
    if equal and len(replicas[0]) == space.lengths["J"]:
        return None
    return to_device(torch.tensor(replicas[0] if equal else replicas, dtype=torch.int64), space.device)

"""Neurons of a sparse layer that follow one policy and have similar numbers of neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import OPTIONAL_FIELDS, Birth, Policy, PolicyError, RandomStream
from neuronet.engines.base.ragged import PAIRED, is_ragged
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.sparse.neighbour_lists import Lists
from neuronet.engines.tensors.sparse.space import SparseSpace


@dataclass(frozen=True)
class Neighbourhood:
    """Neighbours of the neurons of a group.

    Attributes:
        members: (M,), the neurons, ascending.
        speakers: Their speakers.
        listeners: Their listeners; None for output neurons.
        biases: Number of connections of the layer, E: the bias of neuron j is at E + j in an array over all synapses.
        neurons: Number of neurons of the layer.
    """

    members: NDArray[np.int64]
    speakers: Lists
    listeners: Lists | None
    biases: int
    neurons: int


class NeighbourGroup(PolicyGroup):
    """Group of a sparse layer. Its policy sees M neurons as M games of one neuron each, on the leading axis.

    A neuron has its own neighbours along the axes I, S and K, padded to the same number with zeros, which masks say. Arrays of
    the whole layer along J and one of these axes have an entry for each connection: (E,) in the order of the pattern, and for S
    the J biases behind.

    Args:
        space: Space of the layer's tensors.
        policy: Policy of the group.
        neighbourhood: Neighbours of its neurons.
        number: Position of the policy among the layer's groups, for the names in a state.
        rows: (M,), position of the neurons among all members of that group.

    Attributes:
        rows: (M,), position of the neurons among all that follow the policy.
    """

    def __init__(
        self, space: SparseSpace, policy: Policy, neighbourhood: Neighbourhood, number: int, rows: NDArray[np.int64]
    ) -> None:
        self.policy = policy
        self.layer, self.dtype, self._device = space.layer, space.dtype, space.device
        self.hooks, self.needs, self.linear = policy.hooks, policy.needs, policy.linear
        self.hidden_fields = OPTIONAL_FIELDS - policy.needs
        self.number, self.rows = number, rows
        self.is_whole_layer = False
        self.replicas = None
        self.neighbourhood = neighbourhood
        count = len(neighbourhood.members)
        self.members = None if count == neighbourhood.neurons else self._index(neighbourhood.members)
        self.count, self.lead = 1, (count,)
        speakers, listeners = neighbourhood.speakers, neighbourhood.listeners
        self._lists = {"I": speakers, "S": speakers} | ({} if listeners is None else {"K": listeners})
        self._synapses = self._synapse_places()
        width = 0 if listeners is None else listeners.width
        self.lengths = space.lengths | {"J": 1, "I": speakers.width, "S": speakers.width + 1, "K": width}
        draws = RandomStream(lambda kind, name, axes: self.take(space.draw_initial(kind, name, axes), axes))
        self.memory = policy.initial_memory(Birth(draws, self._zeros))
        self._buffers = {}
        self.check_memory(self.memory, "initial_memory")

    def _index(self, array: NDArray[np.int64]) -> Tensor:
        return torch.as_tensor(array, device=self._device)

    def _zeros(self, axes: str) -> Tensor:
        shape = (*self.lead, *(self.lengths[letter] for letter in axes))
        return torch.zeros(shape, dtype=self.dtype, device=self._device)

    def _synapse_places(self) -> Lists:
        speakers, members = self.neighbourhood.speakers, self._index(self.neighbourhood.members)[:, None]
        padding = speakers.padding
        return Lists(
            speakers.neighbours,
            torch.cat((speakers.places, self.neighbourhood.biases + members), dim=1),
            None if padding is None else torch.cat((padding, torch.zeros_like(members, dtype=torch.bool)), dim=1),
            speakers.lengths + 1,
        )

    def take_members(self, array: Tensor, axes: str) -> Tensor:
        """Return the group's part of an array of the whole layer, (M, ...) with J = 1; `axes` spells its trailing axes."""
        pair = next((letter for letter in axes if letter in PAIRED), None)
        if pair is not None and "J" in axes:
            return self._take_pairs(array, axes, pair)
        if "J" in axes:
            place = axes.index("J")
            rows = array.movedim(place, 0)
            chosen = rows if self.members is None else rows.index_select(0, self.members)
            return chosen.unsqueeze(place + 1)
        if pair is not None:
            return self._take_neighbours(array, axes.index(pair), self._lists.get(pair))
        return array.expand(*self.lead, *array.shape)

    def _take_pairs(self, array: Tensor, axes: str, pair: str) -> Tensor:
        """Return (M, 1, W) or (M, W, 1) of an array over connections, in the order of the letters."""
        if len(axes) > 2:
            raise PolicyError(f"{self.policy!r} uses an array with axes '{axes}', which a sparse layer does not have")
        lists = self._synapses if pair == "S" else self._lists.get(pair)
        if lists is None:
            return array.new_zeros((*self.lead, *(self.lengths[letter] for letter in axes)))
        part = array.index_select(0, lists.places.view(-1)).view(lists.places.shape)
        if lists.padding is not None:
            part.masked_fill_(lists.padding, 0)
        return part.unsqueeze(1 if axes.index("J") < axes.index(pair) else 2)

    def _take_neighbours(self, array: Tensor, place: int, lists: Lists | None) -> Tensor:
        """Return the neighbours' part of an array along an axis of the whole layer below or above."""
        rows = array.movedim(place, 0)
        if lists is None:
            return rows[:0].movedim(0, place).expand(*self.lead, *rows[:0].movedim(0, place).shape)
        part = rows.index_select(0, lists.neighbours.view(-1)).view(*lists.neighbours.shape, *rows.shape[1:])
        if lists.padding is not None:
            part.masked_fill_(lists.padding[(..., *[None] * (rows.ndim - 1))], 0)
        return part.movedim(1, place + 1)

    def put(self, whole: Tensor, part: Tensor, axes: str) -> None:
        """Write the group's part of an array of the whole layer, in place: along J alone, with a batch, or over synapses."""
        if axes == "JS":
            put_entries(whole, part.squeeze(1), self._synapses)
            return
        rows, values = whole.movedim(axes.index("J") - len(axes), 0), part.squeeze(axes.index("J") + 1)
        if self.members is None:
            rows.copy_(values)
        else:
            rows.index_copy_(0, self.members, values.contiguous())

    def state_places(self, axes: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the place of each entry within a member's block of a memory, and whether it is one, (M, ...) without J.

        Args:
            axes: Letters of the memory, J first.
        """
        members = len(self.rows)
        places: NDArray[Any] = np.zeros(members, dtype=np.int64)
        valid: NDArray[Any] = np.ones(members, dtype=np.bool_)
        for letter in axes[1:]:
            width = self.lengths[letter]
            length = np.full(members, width)
            if letter in PAIRED and letter in self._lists:
                length = self._lists[letter].lengths + (letter == "S")
            within = np.tile(np.arange(width), (members, 1))
            exists = within < length[:, None]
            if letter == "S":  # the bias is last in padded lists, too
                within[:, -1], exists[:, :-1], exists[:, -1] = length - 1, within[:, :-1] < length[:, None] - 1, True
            column = (members, *[1] * (places.ndim - 1), width)
            places = places[..., None] * length.reshape(-1, *[1] * places.ndim) + within.reshape(column)
            valid = valid[..., None] & exists.reshape(column)
        return places, valid

    def remembers_pairs(self, name: str) -> bool:
        """Return whether a memory has an entry for each pair of connected neurons."""
        return is_ragged(self.policy.memory_axes[name])


def put_entries(whole: Tensor, part: Tensor, lists: Lists) -> None:
    """Write padded lists (M, W) into an array over connections, in place."""
    if lists.padding is None:
        whole.index_copy_(0, lists.places.view(-1), part.reshape(-1))
    else:
        there = ~lists.padding
        whole.index_copy_(0, lists.places[there], part[there])

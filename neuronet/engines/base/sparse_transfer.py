"""Transfer of a layer's state between two sparse networks: by connection, without matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Group, Ints, SparseNetwork
from neuronet.engines.base.index_maps import MISSING, old_indices
from neuronet.engines.base.ragged import entries, is_ragged
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import LayerState

Places = tuple[Ints, Ints]
"""Places in the new array, and the places of the same entries in the old one."""


class SparseTransfer:
    """Copies arrays of an old layer to a new one, where the same neurons are connected in both sparse networks.

    Args:
        old: The game until now.
        old_layer: Its layer.
        new: The game from now on.
        layer: The layer that the old one has become.
    """

    def __init__(self, old: Setup, old_layer: int, new: Setup, layer: int) -> None:
        assert isinstance(old.network, SparseNetwork)
        assert isinstance(new.network, SparseNetwork)
        self._old, self._new, self._old_network, self._new_network = old, new, old.network, new.network
        self._old_layer, self._layer = old_layer, layer
        self._indices = old_indices(new.network, layer, old.network, old_layer)

    def copy_layer(self, before: LayerState, after: LayerState) -> None:
        """Copy synapses, and the memory of neurons that keep their policy, into the new layer, in place."""
        neurons = np.flatnonzero(self._indices["J"] >= 0)
        new, old = self._connections()
        for name, synapses in after.buffers.items():
            synapses.weights[new] = before.buffers[name].weights[old]
            synapses.bias[neurons] = before.buffers[name].bias[self._indices["J"][neurons]]
        groups = list(zip(self._new.groups(self._layer), after.memories, strict=True))
        for old_group, old_memory in zip(self._old.groups(self._old_layer), before.memories, strict=False):
            for group, memory in groups:
                if old_group.policy == group.policy:
                    self._copy_memory(old_group, old_memory, group, memory)

    def _connections(self) -> Places:
        """Return the places of connections that are in both networks."""
        before, after = self._old_network.patterns[self._old_layer - 1], self._new_network.patterns[self._layer - 1]
        same = (np.array_equal(self._indices[letter], np.arange(size)) for letter, size in zip("JI", before.shape, strict=True))
        if before is after and all(same):
            everything = np.arange(after.count)
            return everything, everything
        old = (before.rows.astype(np.int64), before.columns.astype(np.int64))
        new = (self._indices["J"][after.rows], self._indices["I"][after.columns])
        return _matches(new, old, before.shape)

    def _copy_memory(self, old_group: Group, old_memory: Any, group: Group, memory: Any) -> None:
        rows = np.full(self._old_network.sizes[self._old_layer], MISSING)
        rows[list(old_group.members)] = np.arange(len(old_group.members))
        before = self._indices["J"][list(group.members)]
        indices = dict(self._indices) | {"J": np.where(before >= 0, rows[before], MISSING)}
        if not (indices["J"] >= 0).any():
            return
        places: dict[str, Any] = {}
        for name, axes in group.policy.memory_axes.items():
            if axes not in places:
                places[axes] = self._memory_places(axes, old_group, group, indices)
            new, old = places[axes]
            memory[name][new] = old_memory[name][old]

    def _memory_places(self, axes: str, old_group: Group, group: Group, indices: dict[str, Ints]) -> tuple[Any, Any]:
        """Return the index of the entries that are kept, in the new and in the old array."""
        if not is_ragged(axes):
            kept = [np.flatnonzero(indices[letter] >= 0) for letter in axes]
            return np.ix_(*kept), np.ix_(*(indices[letter][own] for letter, own in zip(axes, kept, strict=True)))
        old = entries(self._old_network, self._old_layer, axes, old_group.members)
        new = entries(self._new_network, self._layer, axes, group.members)
        moved = tuple(indices[letter][part] for letter, part in zip(axes, new, strict=True))
        return _matches(moved, old, tuple(int(part.max(initial=0)) + 1 for part in old))


def _matches(new: tuple[Ints, ...], old: tuple[Ints, ...], shape: tuple[int, ...]) -> Places:
    """Return the places of new entries whose old indices are those of an old entry, and the old places.

    Args:
        new: Old index of each new entry along each axis, MISSING for none.
        old: Index of each old entry along each axis.
        shape: Lengths of the axes, in which all old entries are.
    """
    candidates = np.flatnonzero(np.logical_and.reduce([(part >= 0) & (part < n) for part, n in zip(new, shape, strict=True)]))
    keys = np.ravel_multi_index(old, shape)
    wanted = np.ravel_multi_index(tuple(part[candidates] for part in new), shape)
    order: NDArray[np.int64] = np.argsort(keys, kind="stable")
    ordered = keys[order]
    places = np.minimum(np.searchsorted(ordered, wanted), max(len(keys) - 1, 0))
    found = ordered[places] == wanted if len(keys) else np.zeros(len(wanted), dtype=np.bool_)
    return candidates[found], order[places[found]]

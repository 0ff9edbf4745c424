"""Masks of connected entries, and index maps between the layers of two networks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Bools, Ints, Network
from neuronet.engines.base.setup import Setup, axis_lengths

MISSING = -1
"""Index of an entry that the old network did not have."""


def connected_mask(setup: Setup, layer: int, axes: str) -> Bools:
    """Return where the neurons, speakers and listeners that an entry is about are all connected.

    Args:
        setup: The game.
        layer: Listening layer, 1 for the first.
        axes: Letters among J, K, I, S and O, which spell the result's shape; without J, all entries count as connected.
    """
    lengths = axis_lengths(setup.network.sizes, layer)
    counts = np.ones([lengths[letter] for letter in axes], dtype=np.bool_)
    masks = setup.network.masks
    below = masks[layer - 1]
    listening = masks[layer] if layer < len(masks) else None
    heard = {
        "I": below,
        "S": None if below is None else np.pad(below, ((0, 0), (0, 1)), constant_values=True),
        "K": None if listening is None else listening.T,
    }
    for letter, mask in heard.items():
        if "J" in axes and letter in axes and mask is not None:
            shape = [lengths[axis] if axis in ("J", letter) else 1 for axis in axes]
            counts &= (mask if axes.index("J") < axes.index(letter) else mask.T).reshape(shape)
    return counts


def find_old_layer(new: Network, layer: int, old: Network) -> int | None:
    """Return the layer of the old network that shares neurons with this one; None if it is new."""
    return next((number for number, nodes in enumerate(old.nodes) if np.isin(new.nodes[layer], nodes).any()), None)


def old_indices(new: Network, layer: int, old: Network, old_layer: int) -> Mapping[str, Ints]:
    """Return, for each letter, the old index of every place along that axis; MISSING for new places.

    Args:
        new: The new network.
        layer: One of its listening layers.
        old: The old network.
        old_layer: The layer that has become it.
    """

    def neighbour_indices(offset: int) -> Ints:
        return _indices_in(_nodes(new, layer + offset), _nodes(old, old_layer + offset))

    speakers = neighbour_indices(-1)
    return {
        "J": neighbour_indices(0),
        "I": speakers,
        "S": np.append(speakers, len(old.nodes[old_layer - 1])),
        "K": neighbour_indices(1),
        "O": np.arange(new.sizes[-1]),
    }


def _nodes(network: Network, layer: int) -> Ints:
    return network.nodes[layer] if layer < len(network.nodes) else np.zeros(0, dtype=np.int64)


def _indices_in(nodes: NDArray[np.int64], among: NDArray[np.int64]) -> Ints:
    """Return the index of each node among others; MISSING for nodes that are not among them."""
    order = np.argsort(among)
    places = np.minimum(np.searchsorted(among[order], nodes), max(len(among) - 1, 0))
    if not len(among):
        return np.full(len(nodes), MISSING)
    return np.where(among[order[places]] == nodes, order[places], MISSING)

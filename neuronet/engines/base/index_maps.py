"""Where the arrays of a layer mean something, and where the same neurons stand in another game."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuronet.core.structure.network import Bools, Ints, Network
from neuronet.engines.base.engine import Setup, axis_lengths

MISSING = -1


def connected_mask(setup: Setup, layer: int, axes: str) -> Bools:
    """True where the neurons, speakers and listeners of an array's place are all connected; shape as the letters spell.

    Args:
        setup: The game.
        layer: Which listening layer, 1 for the first.
        axes: Letters among J, K, I, S and O; without J it is what a whole layer keeps in common, so that all are connected.
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
            shape = [lengths[each] if each in ("J", letter) else 1 for each in axes]
            counts &= (mask if axes.index("J") < axes.index(letter) else mask.T).reshape(shape)
    return counts


def find_old_layer(new: Network, layer: int, old: Network) -> int | None:
    """Which layer of the old network has become this one: the one with neurons in common; None if it is new."""
    here = new.nodes[layer]
    return next((number for number, nodes in enumerate(old.nodes) if np.isin(here, nodes).any()), None)


def old_indices(new: Network, layer: int, old: Network, old_layer: int) -> Mapping[str, Ints]:
    """For each letter, where each place along that axis was before; NOBODY for what was not there.

    Args:
        new: The network that is.
        layer: Which of its listening layers.
        old: The network that was.
        old_layer: Which of its layers that was.
    """

    def neighbour_indices(offset: int) -> Ints:
        ours, theirs = layer + offset, old_layer + offset
        there = new.nodes[ours] if ours < len(new.nodes) else np.zeros(0, dtype=np.int64)
        return _indices_in(there, old.nodes[theirs] if theirs < len(old.nodes) else np.zeros(0, dtype=np.int64))

    speakers = neighbour_indices(-1)
    return {
        "J": neighbour_indices(0),
        "I": speakers,
        "S": np.append(speakers, len(old.nodes[old_layer - 1])),
        "K": neighbour_indices(1),
        "O": np.arange(new.sizes[-1]),
    }


def _indices_in(nodes: NDArray[np.int64], among: NDArray[np.int64]) -> Ints:
    """The place of each node among others; NOBODY for those that are not there."""
    known = {node: place for place, node in enumerate(among.tolist())}
    return np.asarray([known.get(node, MISSING) for node in nodes.tolist()], dtype=np.int64)

"""Arrays of sparse layers: one entry for each pair of connected neurons, instead of a matrix.

In the state of a sparse network, `weights` and the optimizer's arrays for them are (E,), in the order of the layer's pattern. A
memory with axis J and a letter of I, S or K is one-dimensional, too: the blocks of the group's members one after another, each
with the entries of the member's own speakers (I; S has the bias behind) or listeners (K) alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuronet.core import Ints, SparseNetwork, to_dense
from neuronet.engines.base.setup import Setup, axis_lengths
from neuronet.engines.base.state import Floats, LayerState, State, SynapseArrays

PAIRED = frozenset("ISK")
"""Axes along which the neurons of a sparse layer have entries of their own."""


def is_ragged(axes: str) -> bool:
    """Return whether an array with these axes has an entry for each pair of connected neurons in a sparse layer."""
    return "J" in axes and bool(PAIRED & set(axes))


def degrees(network: SparseNetwork, layer: int) -> tuple[Ints, Ints]:
    """Return the numbers of speakers and of listeners of each neuron of a listening layer, (J,) each."""
    heard = network.patterns[layer - 1].in_degrees
    last = layer == len(network.patterns)
    return heard, np.zeros_like(heard) if last else network.patterns[layer].out_degrees


def block_lengths(network: SparseNetwork, layer: int, axes: str, members: Sequence[int] | Ints) -> list[Ints]:
    """Return, for each letter behind J, the number of entries that each member has along it."""
    chosen = np.asarray(members)
    speakers, listeners = (counts[chosen] for counts in degrees(network, layer))
    lengths = {"I": speakers, "S": speakers + 1, "K": listeners, "O": np.full_like(speakers, network.sizes[-1])}
    return [lengths[letter] for letter in axes if letter != "J"]


def array_shape(network: SparseNetwork, layer: int, axes: str, members: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a memory in the state of a sparse network."""
    if is_ragged(axes):
        return (int(np.prod(block_lengths(network, layer, axes, members), axis=0).sum()),)
    lengths = axis_lengths(network.sizes, layer) | {"J": len(members)}
    return tuple(lengths[letter] for letter in axes)


def dense_game(setup: Setup) -> Setup:
    """Return the same game with a matrix for each layer.

    Raises:
        StateError: A layer is too large for a matrix.
    """
    return replace(setup, network=to_dense(setup.network)) if setup.network.is_sparse else setup


def to_dense_state(state: State, setup: Setup) -> State:
    """Return the state of a sparse game as that of `dense_game`; entries without a connection are 0."""
    network = setup.network
    if not isinstance(network, SparseNetwork):
        return state
    lengths = [axis_lengths(network.sizes, number) for number in range(1, len(network.sizes))]

    def matrix(array: Floats, number: int, axes: str, members: tuple[int, ...]) -> Floats:
        if not is_ragged(axes):
            return array
        shape = [(lengths[number - 1] | {"J": len(members)})[letter] for letter in axes]
        whole = np.zeros(shape, dtype=array.dtype)
        whole[entries(network, number, axes, members)] = array
        return whole

    return _mapped(state, setup, lambda pattern, array: pattern.to_dense(array), matrix)


def to_sparse_state(state: State, setup: Setup) -> State:
    """Return the state of `dense_game(setup)` as that of the sparse game."""
    network = setup.network
    if not isinstance(network, SparseNetwork):
        return state

    def flat(array: Floats, number: int, axes: str, members: tuple[int, ...]) -> Floats:
        return np.asarray(array[entries(network, number, axes, members)]) if is_ragged(axes) else array

    return _mapped(state, setup, lambda pattern, array: array[pattern.rows, pattern.columns], flat)


def _mapped(state: State, setup: Setup, synapses: Any, memory: Any) -> State:
    network = setup.network
    assert isinstance(network, SparseNetwork)
    layers = []
    for number, layer in enumerate(state.layers, start=1):
        pattern = network.patterns[number - 1]
        buffers = {name: SynapseArrays(synapses(pattern, part.weights), part.bias) for name, part in layer.buffers.items()}
        groups = zip(setup.groups(number), layer.memories, strict=False)
        memories = tuple(
            {name: memory(array, number, group.policy.memory_axes[name], group.members) for name, array in arrays.items()}
            for group, arrays in groups
        )
        layers.append(LayerState.of(buffers, memories))
    return State(state.round, tuple(layers), state.messages)


def entries(network: SparseNetwork, layer: int, axes: str, members: Sequence[int] | Ints) -> tuple[Ints, ...]:
    """Return the index along each axis of the entries of an array over connections, in their order.

    Args:
        network: The network.
        layer: Listening layer, 1 for the first.
        axes: Letters of the array, J and at least one of I, S and K among them.
        members: Neurons along J, whose index is their position here.
    """
    chosen = np.asarray(members, dtype=np.int64)
    letters = [letter for letter in axes if letter != "J"]
    lengths = dict(zip(letters, block_lengths(network, layer, axes, chosen), strict=True))
    blocks = np.prod(list(lengths.values()), axis=0)
    rows = np.repeat(np.arange(len(chosen)), blocks)
    within = np.arange(len(rows)) - (np.cumsum(blocks) - blocks)[rows]
    indices = {"J": rows}
    for letter in reversed(letters):
        own = lengths[letter][rows]
        indices[letter] = _neighbour(network, layer, letter, chosen[rows], within % own)
        within //= own
    return tuple(indices[letter] for letter in axes)


def _neighbour(network: SparseNetwork, layer: int, letter: str, neurons: Ints, number: Ints) -> Ints:
    """Return the index in its layer of a neuron's neighbour with a number, from 0."""
    if letter == "O" or (letter == "K" and layer == len(network.patterns)):
        return number
    pattern = network.patterns[layer].transposed[0] if letter == "K" else network.patterns[layer - 1]
    places = pattern.starts[neurons] + number
    if letter != "S":
        return np.asarray(pattern.columns[places], dtype=np.int64)
    is_bias = places == pattern.starts[neurons + 1]
    found = np.full(len(neurons), pattern.speakers)
    found[~is_bias] = pattern.columns[places[~is_bias]]
    return found

"""State of a layer of neurons: collected from the agents, and given back to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Group, pick
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import LayerState, SynapseArrays
from neuronet.engines.base.state_checks import memory_shapes


def collect_state(neurons: Sequence[Neuron], layer: int, setup: Setup) -> LayerState:
    """Return the state of a listening layer.

    Args:
        neurons: Its neurons.
        layer: Its number; the first is layer 1.
        setup: Setup of the network.
    """
    sizes, dtype = setup.network.sizes, np.dtype(setup.dtype)
    buffers = {}
    for name in ("", *setup.optimizer.state_names):
        rows = np.zeros((sizes[layer], sizes[layer - 1] + 1), dtype=dtype)
        for neuron in neurons:
            rows[neuron.index, neuron.axis_indices["S"]] = neuron.optimizer_state[name] if name else neuron.synapses
        buffers[name] = SynapseArrays(rows[:, :-1].copy(), rows[:, -1].copy())
    memories = [
        {
            name: _memory(neurons, group, name, np.zeros(shape, dtype=dtype))
            for name, shape in memory_shapes(sizes, layer, group).items()
        }
        for group in setup.groups(layer)
    ]
    return LayerState.of(buffers, tuple(memories))


def restore_state(neurons: Sequence[Neuron], state: LayerState, groups: Sequence[Group]) -> None:
    """Give the neurons of a listening layer the state that `collect_state` returned; their attention is yet to be posted."""
    for neuron in neurons:
        at = (neuron.index, neuron.speakers)
        rows = {name: np.append(arrays.weights[at], arrays.bias[neuron.index]) for name, arrays in state.buffers.items()}
        neuron.synapses[:] = rows.pop("")
        for name, array in neuron.optimizer_state.items():
            array[:] = rows[name]
    for number, group in enumerate(groups):
        for place, neuron in _members(neurons, group):
            neuron.memory = {
                name: pick(state.memories[number][name], axes, neuron.axis_indices | place).copy()
                for name, axes in group.policy.memory_axes.items()
            }


def _memory(neurons: Sequence[Neuron], group: Group, name: str, memory: NDArray[Any]) -> NDArray[Any]:
    """Return what a group remembers by a name, written into an array of zeros."""
    axes = group.policy.memory_axes[name]
    if "J" not in axes:  # all neurons keep equal copies
        return next((np.array(neuron.memory[name]) for _, neuron in _members(neurons, group)), memory)
    for place, neuron in _members(neurons, group):
        memory[_mesh_indices(memory.shape, axes, neuron.axis_indices | place)] = neuron.memory[name]
    return memory


def _members(neurons: Sequence[Neuron], group: Group) -> Iterator[tuple[dict[str, slice], Neuron]]:
    """Yield each member of a group, with its place along axis J of the group's arrays."""
    places = {member: place for place, member in enumerate(group.members)}
    for neuron in neurons:
        if neuron.index in places:
            place = places[neuron.index]
            yield {"J": slice(place, place + 1)}, neuron


def _mesh_indices(shape: tuple[int, ...], axes: str, picks: Mapping[str, Any]) -> tuple[Any, ...]:
    places = [np.arange(length)[picks.get(letter, slice(None))] for length, letter in zip(shape, axes, strict=True)]
    return np.ix_(*places)

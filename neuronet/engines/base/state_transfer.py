"""Transfer of a state to a game with other policies, another network or other channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Birth, Group, LayerRandom, RandomStream, SparseNetwork
from neuronet.engines.base.checks import check_replicas
from neuronet.engines.base.index_maps import MISSING, connected_mask, find_old_layer, old_indices
from neuronet.engines.base.ragged import dense_game, to_dense_state, to_sparse_state
from neuronet.engines.base.setup import Setup, axis_lengths
from neuronet.engines.base.sparse_memory import initial_memory
from neuronet.engines.base.sparse_transfer import SparseTransfer
from neuronet.engines.base.state import LayerState, State, SynapseArrays, stack_replicas
from neuronet.engines.base.state_checks import check_state


def with_policies(setups: Sequence[Setup], policies: Any) -> list[Setup]:
    """Return the same games with other policies.

    Args:
        setups: The game of each replica.
        policies: What a Setup takes, for all replicas.

    Raises:
        NeuroNetError: They do not fit, or the replicas would differ in more than they may.
    """
    changed = [replace(setup, policies=policies) for setup in setups]
    check_replicas(changed)
    return changed


def transfer_state(state: State, old: Sequence[Setup], new: Sequence[Setup]) -> State:
    """Return the state of a game in which neurons go on with other policies, or in another network.

    Weights, biases and the optimizer's arrays stay where the same two neurons are still connected; new connections have the
    weights of the new network. A neuron with an unchanged policy keeps its memory about neighbours that are still connected.
    All other memory is the initial one. Example: layer 1 has nodes 4, 5, 6 with policies a, a, b, and node 5 switches to b. Node
    4 keeps its memory (row 0 of group 0), node 6 keeps its own, which moves from row 0 to row 1 of group 1, and node 5 begins
    with the initial memory of b in row 0 of group 1.

    Args:
        state: A state of the old games.
        old: The game of each replica until now.
        new: The same games with other policies or networks.

    Raises:
        StateError: The state does not fit the old games.
    """
    check_state(state, old)
    if len(old) == 1:
        return _transferred(state, old[0], new[0])
    games = enumerate(zip(old, new, strict=True))
    return stack_replicas([_transferred(state.replica(place), before, after) for place, (before, after) in games])


def _transferred(state: State, old: Setup, new: Setup) -> State:
    if old.network.is_sparse != new.network.is_sparse:
        moved = _transferred(to_dense_state(state, old), dense_game(old), dense_game(new))
        return to_sparse_state(moved, new)
    layers = []
    for number in range(1, len(new.network.sizes)):
        layer, old_number = _initial_layer(new, number), find_old_layer(new.network, number, old.network)
        if old_number:
            transfer = SparseTransfer if new.network.is_sparse else _ArrayTransfer
            transfer(old, old_number, new, number).copy_layer(state.layer(old_number), layer)
        layers.append(layer)
    same = all(np.array_equal(ours, theirs) for ours, theirs in zip(new.network.nodes, old.network.nodes, strict=False))
    kept = same and new.network.sizes == old.network.sizes and new.channels == old.channels  # otherwise messages are lost
    return State(state.round, tuple(layers), {key: array.copy() for key, array in state.messages.items()} if kept else {})


def _initial_layer(setup: Setup, layer: int) -> LayerState:
    """Return the initial state of a layer; the optimizer's arrays are 0."""
    dtype, network = np.dtype(setup.dtype), setup.network
    weights_by_layer = network.values if isinstance(network, SparseNetwork) else network.weights
    weights, memory = weights_by_layer[layer - 1].astype(dtype), initial_memory if network.is_sparse else _initial_memory
    bias = network.biases[layer - 1].astype(dtype)
    return LayerState(
        weights,
        bias,
        {name: SynapseArrays(np.zeros_like(weights), np.zeros_like(bias)) for name in setup.optimizer.state_names},
        tuple(memory(setup, layer, group) for group in setup.groups(layer)),
    )


class _ArrayTransfer:
    """Copies arrays of an old layer to a new one, where the same neurons are connected in both."""

    def __init__(self, old: Setup, old_layer: int, new: Setup, layer: int) -> None:
        self.old, self.old_layer, self.new, self.layer = old, old_layer, new, layer
        self.indices = old_indices(new.network, layer, old.network, old_layer)

    def copy_layer(self, before: LayerState, after: LayerState) -> None:
        """Copy synapses, and the memory of neurons that keep their policy, into the new layer, in place.

        Memory that the neurons of a group share is copied as long as one of them keeps the policy.
        """
        for name, synapses in after.buffers.items():
            self.copy(before.buffers[name].weights, synapses.weights, "JI")
            self.copy(before.buffers[name].bias, synapses.bias, "J")
        new_groups = list(zip(self.new.groups(self.layer), after.memories, strict=True))
        for old_group, old_memory in zip(self.old.groups(self.old_layer), before.memories, strict=False):
            for group, memory in new_groups:
                if old_group.policy == group.policy:
                    for name, axes in group.policy.memory_axes.items():
                        self.copy(old_memory[name], memory[name], axes, (old_group, group))

    def copy(self, old: NDArray[Any], new: NDArray[Any], axes: str, groups: tuple[Group, Group] | None = None) -> None:
        """Write the old entries into the new array, in place; do nothing if no neuron of the old array is left.

        Args:
            old: Old array of the whole layer, or of the first group.
            new: New array of the whole layer, or of the second group, with its initial values.
            axes: Letters of its axes.
            groups: Old and new group; None for the whole layer.
        """
        old_mask, new_mask = connected_mask(self.old, self.old_layer, axes), connected_mask(self.new, self.layer, axes)
        indices = dict(self.indices)
        if groups is not None:
            rows = {member: row for row, member in enumerate(groups[0].members)}
            indices["J"] = np.asarray([rows.get(place, MISSING) for place in self.indices["J"][list(groups[1].members)].tolist()])
            if "J" in axes:
                old_mask, new_mask = old_mask[list(groups[0].members)], new_mask[list(groups[1].members)]
        if not (indices["J"] >= 0).any():
            return
        target = np.ix_(*(np.flatnonzero(indices[letter] >= 0) for letter in axes))
        source = np.ix_(*(indices[letter][indices[letter] >= 0] for letter in axes))
        new[target] = np.where(old_mask[source] & new_mask[target], old[source], new[target])


def _initial_memory(setup: Setup, layer: int, group: Group) -> dict[str, NDArray[Any]]:
    """Return the initial memory of the members of a group."""
    lengths = axis_lengths(setup.network.sizes, layer)
    dtype = np.dtype(setup.dtype)
    rng = LayerRandom(setup.seed, layer, lengths)
    draws = RandomStream(
        lambda kind, name, axes: rng.draw(kind, name, axes).astype(dtype), {"J": np.asarray(group.members, dtype=np.int64)}
    )
    own = lengths | {"J": len(group.members)}
    memory = group.policy.initial_memory(Birth(draws, lambda axes: np.zeros([own[letter] for letter in axes], dtype=dtype)))
    return {name: np.array(array) for name, array in memory.items()}

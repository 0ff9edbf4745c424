"""When neurons change their policy or their neighbours in mid-game, or messages their channels: what the state becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.channels.router import is_router_state
from neuronet.core.observation import Birth
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.core.structure.population import Group, Population
from neuronet.engines.base.engine import Setup, State, axis_lengths, check_replicas, check_state, memory_name
from neuronet.engines.base.index_maps import MISSING, connected_mask, find_old_layer, old_indices


def with_policies(setups: Sequence[Setup], policies: Any) -> list[Setup]:
    """The same games with other policies.

    Args:
        setups: One for each replica.
        policies: A Population, or what a Setup takes, for all replicas.

    Raises:
        NeuroNetError: They do not fit, or replicas would differ in more than they may.
    """
    changed = [
        replace(each, policies=policies.groups(each.network, each.seed) if isinstance(policies, Population) else policies)
        for each in setups
    ]
    check_replicas(changed)
    return changed


def with_channels(setups: Sequence[Setup], channels: Any) -> list[Setup]:
    """The same games with other channels.

    Args:
        setups: One for each replica.
        channels: What a Setup takes, for all replicas.

    Raises:
        NeuroNetError: They do not fit.
    """
    return [replace(each, channels=channels) for each in setups]


def without_in_flight(state: State) -> State:
    """The state of a game with nothing under way."""
    return State(state.round, {name: array for name, array in state.arrays.items() if not is_router_state(name)})


def transfer_state(state: State, old: Sequence[Setup], new: Sequence[Setup]) -> State:
    """The state of a game whose neurons go on with other policies, or in another network.

    Weights, biases and what the optimizer keeps stay as they are where the same two neurons are still connected; new
    connections have the weights of the new network. A neuron whose policy stays the same keeps its memory, as far as it is about
    those neighbours; any other is born anew, with the memory that it would have had at the start of the game.

    Args:
        state: Where the game stands.
        old: The game of each replica until now.
        new: The same games with other policies or networks.

    Raises:
        NeuroNetError: The state is not one of the old games.
    """
    check_state(state, old)
    if len(old) == 1:
        return State(state.round, _transferred_arrays(state, old[0], new[0]))
    replicas = [_transferred_arrays(state.replica(place), a, b) for place, (a, b) in enumerate(zip(old, new, strict=True))]
    return State(state.round, {name: np.stack([arrays[name] for arrays in replicas]) for name in replicas[0]})


def _transferred_arrays(state: State, old: Setup, new: Setup) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for layer in range(1, len(new.network.sizes)):
        arrays |= _initial_synapses(new, layer)
        groups = new.groups(layer)
        memories = [_initial_memory(new, layer, group) for group in groups]
        old_layer = find_old_layer(new.network, layer, old.network)
        if old_layer:
            transfer = _ArrayTransfer(old, old_layer, new, layer)
            for kept in ("", *(f"{name}." for name in new.optimizer.state_names)):
                for name, axes in (("weights", "JI"), ("bias", "J")):
                    transfer.copy(state.arrays[f"{old_layer}.{kept}{name}"], arrays[f"{layer}.{kept}{name}"], axes)
            for old_number, old_group in enumerate(old.groups(old_layer)):
                for group, memory in zip(groups, memories, strict=True):
                    if old_group.policy == group.policy:
                        _transfer_memory(transfer, state, old_number, (old_group, group), memory)
        for number, memory in enumerate(memories):
            arrays |= {memory_name(layer, number, name): array for name, array in memory.items()}
    same = all(np.array_equal(ours, theirs) for ours, theirs in zip(new.network.nodes, old.network.nodes, strict=False))
    if same and new.network.sizes == old.network.sizes and new.channels == old.channels:  # otherwise what is under way is lost
        arrays |= {name: array.copy() for name, array in state.arrays.items() if is_router_state(name)}
    return arrays


def _initial_synapses(setup: Setup, layer: int) -> dict[str, NDArray[Any]]:
    """The weights and biases that the game begins with, and the zeros of its optimizer."""
    dtype, network = np.dtype(setup.dtype), setup.network
    arrays = {"weights": network.weights[layer - 1].astype(dtype), "bias": network.biases[layer - 1].astype(dtype)}
    found = {f"{layer}.{name}": array for name, array in arrays.items()}
    for kept in setup.optimizer.state_names:
        found |= {f"{layer}.{kept}.{name}": np.zeros_like(array) for name, array in arrays.items()}
    return found


class _ArrayTransfer:
    """Takes arrays over from a layer to what has become of it: where the same neurons were connected before and are now."""

    def __init__(self, old: Setup, old_layer: int, new: Setup, layer: int) -> None:
        self.old, self.old_layer, self.new, self.layer = old, old_layer, new, layer
        self.indices = old_indices(new.network, layer, old.network, old_layer)

    def copy(self, old: NDArray[Any], new: NDArray[Any], axes: str, groups: tuple[Group, Group] | None = None) -> None:
        """Write what was kept into the new array, in place; nothing, if nobody is left who kept it.

        Args:
            old: What was kept, of the whole layer or of the first of the groups.
            new: What is kept at first, of the whole layer or of the second.
            axes: Its letters.
            groups: Whose memory it is.
        """
        there, here = connected_mask(self.old, self.old_layer, axes), connected_mask(self.new, self.layer, axes)
        indices = dict(self.indices)
        if groups is not None:
            rows = {member: row for row, member in enumerate(groups[0].members)}
            indices["J"] = np.asarray([rows.get(place, MISSING) for place in self.indices["J"][list(groups[1].members)].tolist()])
            if "J" in axes:
                there, here = there[list(groups[0].members)], here[list(groups[1].members)]
        if not (indices["J"] >= 0).any():
            return
        target = np.ix_(*(np.flatnonzero(indices[letter] >= 0) for letter in axes))
        source = np.ix_(*(indices[letter][indices[letter] >= 0] for letter in axes))
        new[target] = np.where(there[source] & here[target], old[source], new[target])


def _initial_memory(setup: Setup, layer: int, group: Group) -> dict[str, NDArray[Any]]:
    """The memory that the members of a group are born with."""
    lengths = axis_lengths(setup.network.sizes, layer)
    dtype = np.dtype(setup.dtype)
    rng = LayerRandom(setup.seed, layer, lengths)
    draws = RandomStream(
        lambda kind, name, axes: rng.draw(kind, name, axes).astype(dtype), {"J": np.asarray(group.members, dtype=np.int64)}
    )
    own = lengths | {"J": len(group.members)}
    memory = group.policy.initial_memory(Birth(draws, lambda axes: np.zeros([own[letter] for letter in axes], dtype=dtype)))
    return {name: np.array(array) for name, array in memory.items()}


def _transfer_memory(
    transfer: _ArrayTransfer, state: State, old_number: int, groups: tuple[Group, Group], memory: dict[str, NDArray[Any]]
) -> None:
    """Give those who were in the old group already what they kept there; what it keeps in common goes on as long as one stays."""
    for name, axes in groups[0].policy.memory_axes.items():
        transfer.copy(state.arrays[memory_name(transfer.old_layer, old_number, name)], memory[name], axes, groups)

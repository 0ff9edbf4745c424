"""The state of a game: what the next round depends on, as numpy arrays with flat names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from neuronet.channels import check_router_state, is_router_state
from neuronet.core import Group, Network, StateError
from neuronet.engines.base.setup import Setup, axis_lengths

_MEMORY = re.compile(r"(\d+)\.group(\d+)\.(.+)")


def synapse_name(layer: int, part: str, optimizer_state: str = "") -> str:
    """Return the name of a layer's array: `2.weights`, `2.bias`, or `2.velocity.weights` for a part of the optimizer.

    Args:
        layer: Listening layer, 1 for the first.
        part: "weights" or "bias".
        optimizer_state: Name of an array of the optimizer; "" for the weights and biases themselves.
    """
    return f"{layer}.{optimizer_state}.{part}" if optimizer_state else f"{layer}.{part}"


def memory_name(layer: int, group: int, name: str) -> str:
    """Return the name of a group's memory array, such as `2.group0.income` for the first group of layer 2."""
    return f"{layer}.group{group}.{name}"


class MemoryName(NamedTuple):
    """Parts of the name of a memory array.

    Attributes:
        layer: Listening layer, 1 for the first.
        group: Position of the group within the layer, 0 for the first.
        name: Name that the policy gives the array.
    """

    layer: int
    group: int
    name: str


def parse_memory_name(name: str) -> MemoryName | None:
    """Return the parts of the name of a memory array; None if it is the name of another array."""
    match = _MEMORY.fullmatch(name)
    return None if match is None else MemoryName(int(match[1]), int(match[2]), match[3])


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the next round depends on; either engine can continue from it.

    Attributes:
        round: Number of rounds played.
        arrays: Arrays by name: `1.weights` (J, I) and `1.bias` (J,) for the first listening layer, `1.velocity.weights` and so
            on for the optimizer, `1.group0.NAME` (members, ...) for the memory of the layer's first group. Where channels delay
            messages, `1.in_flight.demand.0.2` (B, K) passed the first channel above layer 1 two rounds ago, and
            `1.history.2.speaker_activity` (B, I) belongs to a round for which layer 1 still awaits demands. R replicas have a
            leading axis R.
    """

    round: int
    arrays: Mapping[str, np.ndarray[Any, Any]]

    def weights(self, layer: int) -> np.ndarray[Any, Any]:
        """Return the weights of a listening layer, (J, I) or (R, J, I); the first is layer 1."""
        return self.arrays[synapse_name(layer, "weights")]

    def bias(self, layer: int) -> np.ndarray[Any, Any]:
        """Return the biases of a listening layer, (J,) or (R, J); the first is layer 1."""
        return self.arrays[synapse_name(layer, "bias")]

    def memory(self, layer: int, group: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return the memory arrays of a group of a listening layer, by the names that its policy gives them."""
        return {kept.name: array for kept, array in self.memories() if (kept.layer, kept.group) == (layer, group)}

    def memories(self) -> Iterator[tuple[MemoryName, np.ndarray[Any, Any]]]:
        """Yield every memory array with the parts of its name."""
        for name, array in self.arrays.items():
            kept = parse_memory_name(name)
            if kept is not None:
                yield kept, array

    def network(self, old: Network) -> Network:
        """Return a network with the weights and biases of this state, and everything else as in the old one."""
        depth = range(1, len(old.weights) + 1)
        return replace(
            old,
            weights=tuple(self.weights(layer).astype(np.float64) for layer in depth),
            biases=tuple(self.bias(layer).astype(np.float64) for layer in depth),
        )

    def replica(self, index: int) -> State:
        """Return the state of one of the replicas."""
        return State(self.round, {name: array[index] for name, array in self.arrays.items()})

    def without_messages(self) -> State:
        """Return the state without messages in flight and without rounds that await demands."""
        return State(self.round, {name: array for name, array in self.arrays.items() if not is_router_state(name)})

    def messages(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the messages in flight and the rounds that await demands, by name."""
        return {name: array for name, array in self.arrays.items() if is_router_state(name)}


def stack_replicas(states: Sequence[State]) -> State:
    """Return one state of R replicas, made of R single ones that have played the same number of rounds."""
    first = states[0]
    return State(first.round, {name: np.stack([state.arrays[name] for state in states]) for name in first.arrays})


def expected_arrays(setup: Setup) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a state's arrays for a game, without the axis of replicas and without messages."""
    shapes: dict[str, tuple[int, ...]] = {}
    sizes = setup.network.sizes
    for layer in range(1, len(sizes)):
        for kept in ("", *setup.optimizer.state_names):
            shapes[synapse_name(layer, "weights", kept)] = (sizes[layer], sizes[layer - 1])
            shapes[synapse_name(layer, "bias", kept)] = (sizes[layer],)
        for number, group in enumerate(setup.groups(layer)):
            for name, shape in memory_shapes(sizes, layer, group).items():
                shapes[memory_name(layer, number, name)] = shape
    return shapes


def memory_shapes(sizes: Sequence[int], layer: int, group: Group) -> dict[str, tuple[int, ...]]:
    """Return the shape of each memory array of a group."""
    lengths = axis_lengths(sizes, layer) | {"J": len(group.members)}
    return {name: tuple(lengths[letter] for letter in axes) for name, axes in group.policy.memory_axes.items()}


def check_state(state: State, setups: Sequence[Setup]) -> None:
    """Refuse a state that does not fit a game and its replicas.

    Raises:
        StateError: An array is missing, unknown, of another shape, or non-zero where the network has no connection.
    """
    lead = () if len(setups) == 1 else (len(setups),)
    expected = expected_arrays(setups[0])
    check_router_state(state.arrays, setups[0].channels, setups[0].network.sizes, len(lead))
    names = state.without_messages().arrays.keys()
    if names != expected.keys():
        odd = sorted(names ^ expected.keys())[0]
        raise StateError(f"incompatible state: '{odd}' is {'missing' if odd in expected else 'unknown'}")
    for name, shape in expected.items():
        if state.arrays[name].shape != lead + shape:
            raise StateError(f"incompatible state: '{name}' must have shape {lead + shape}, got {state.arrays[name].shape}")
    for replica, setup in enumerate(setups):
        for layer, mask in enumerate(setup.network.masks, start=1):
            for kept in ("", *setup.optimizer.state_names):
                name = synapse_name(layer, "weights", kept)
                array = state.arrays[name][replica] if lead else state.arrays[name]
                if mask is not None and array[~mask].any():
                    raise StateError(f"incompatible state: '{name}' is non-zero where the network has no connection")

"""The state of a game: what the next round depends on, as numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import count, takewhile
from typing import Any

import numpy as np

from neuronet.channels import HistoryKey, InFlightKey, MessageKey
from neuronet.core import Network, StateError
from neuronet.engines.base.array_names import ArrayKey, MemoryKey, SynapseKey, format_name, parse_name

Floats = np.ndarray[Any, Any]
PARTS = ("weights", "bias")


@dataclass(frozen=True, eq=False)
class SynapseArrays:
    """One number for each synapse of a layer: its strength, or what an optimizer keeps about it.

    Attributes:
        weights: (J, I), or (E,) in a sparse network; R replicas have a leading axis R.
        bias: (J,); R replicas have a leading axis R.
    """

    weights: Floats
    bias: Floats


@dataclass(frozen=True, eq=False)
class LayerState:
    """State of a listening layer; R replicas have a leading axis R in all arrays.

    Attributes:
        weights: (J, I), the attention of its neurons; (E,), in the order of its pattern, in a sparse network.
        bias: (J,), their biases.
        optimizer: The optimizer's arrays by name, such as "velocity".
        memories: For each group of the layer, what it remembers by name, (members, ...); groups at the end that remember nothing
            may be missing.
    """

    weights: Floats
    bias: Floats
    optimizer: Mapping[str, SynapseArrays] = field(default_factory=dict)
    memories: tuple[Mapping[str, Floats], ...] = ()

    @classmethod
    def of(cls, buffers: Mapping[str, SynapseArrays], memories: tuple[Mapping[str, Floats], ...]) -> LayerState:
        """Return the state of a layer from its memories and its `buffers`."""
        optimizer = {name: arrays for name, arrays in buffers.items() if name}
        return cls(buffers[""].weights, buffers[""].bias, optimizer, memories)

    @property
    def buffers(self) -> dict[str, SynapseArrays]:
        """Weights and biases under the name "", and the optimizer's arrays by their names."""
        return {"": SynapseArrays(self.weights, self.bias), **self.optimizer}


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the next round depends on; either engine can continue from it.

    Attributes:
        round: Number of rounds played.
        layers: State of each listening layer.
        messages: Messages in flight and rounds that await demands, where channels delay messages.
    """

    round: int
    layers: tuple[LayerState, ...]
    messages: Mapping[MessageKey, Floats] = field(default_factory=dict)

    def layer(self, number: int) -> LayerState:
        """Return the state of a listening layer; the first is layer 1."""
        return self.layers[number - 1]

    def with_layer(self, number: int, **changes: Any) -> State:
        """Return the state with other fields of a listening layer; the first is layer 1."""
        layers = list(self.layers)
        layers[number - 1] = replace(layers[number - 1], **changes)
        return replace(self, layers=tuple(layers))

    def network(self, old: Network) -> Network:
        """Return a network with the weights and biases of this state, and everything else as in the old one."""
        return old.with_parameters(
            tuple(layer.weights.astype(np.float64) for layer in self.layers),
            tuple(layer.bias.astype(np.float64) for layer in self.layers),
        )

    def map(self, change: Callable[[Floats], Floats]) -> State:
        """Return the state with a change to each array."""
        return State(self.round, _map(change, self.layers), _map(change, self.messages))

    def replica(self, index: int) -> State:
        """Return the state of one of the replicas."""
        return self.map(lambda array: array[index])

    def without_messages(self) -> State:
        """Return the state without messages in flight and without rounds that await demands."""
        return replace(self, messages={})

    @property
    def arrays(self) -> dict[ArrayKey, Floats]:
        """All arrays by their keys, without copies."""
        found: dict[ArrayKey, Floats] = {}
        for number, layer in enumerate(self.layers, start=1):
            for optimizer, synapses in layer.buffers.items():
                found[SynapseKey(number, "weights", optimizer)] = synapses.weights
                found[SynapseKey(number, "bias", optimizer)] = synapses.bias
            for group, memory in enumerate(layer.memories):
                found |= {MemoryKey(number, group, name): array for name, array in memory.items()}
        for key, array in self.messages.items():
            found[key] = array
        return found

    def to_arrays(self) -> dict[str, Floats]:
        """Return all arrays by their names in a file.

        `1.weights` and `1.bias` belong to the first listening layer, `1.velocity.weights` and so on to its optimizer, and
        `1.group0.NAME` to its first group. `1.in_flight.demand.0.2` passed the first channel above layer 1 two rounds ago, and
        `1.history.2.speaker_activity` belongs to a round for which layer 1 still awaits demands.
        """
        return {format_name(key): array for key, array in self.arrays.items()}

    @classmethod
    def from_arrays(cls, number: int, arrays: Mapping[str, Floats]) -> State:
        """Return the state of arrays with the names of `to_arrays`.

        Args:
            number: Number of rounds played.
            arrays: The arrays, in any order.

        Raises:
            StateError: An array is missing, or a name is unknown.
        """
        keys = {name: parse_name(name) for name in arrays}
        synapses: dict[int, dict[str, dict[str, Floats]]] = {}
        memories: dict[int, dict[int, dict[str, Floats]]] = {}
        messages: dict[MessageKey, Floats] = {}
        for name, array in arrays.items():
            match keys[name]:
                case SynapseKey(layer, part, optimizer):
                    synapses.setdefault(layer, {}).setdefault(optimizer, {})[part] = array
                case MemoryKey(layer, group, kept):
                    memories.setdefault(layer, {}).setdefault(group, {})[kept] = array
                case InFlightKey() | HistoryKey() as message:
                    messages[message] = array
        layers = list(takewhile(synapses.__contains__, count(1)))
        for name, key in keys.items():
            if key is None or (isinstance(key, SynapseKey | MemoryKey) and key.layer not in layers):
                raise StateError(f"incompatible state: '{name}' is unknown")
        found = [_layer_state(layer, synapses[layer], memories.get(layer, {})) for layer in layers]
        return cls(number, tuple(found), messages)


def _layer_state(
    layer: int, synapses: Mapping[str, Mapping[str, Floats]], memories: Mapping[int, Mapping[str, Floats]]
) -> LayerState:
    for optimizer, arrays in {"": {}, **synapses}.items():
        for part in PARTS:
            if part not in arrays:
                raise StateError(f"incompatible state: '{format_name(SynapseKey(layer, part, optimizer))}' is missing")
    buffers = {optimizer: SynapseArrays(**arrays) for optimizer, arrays in synapses.items()}
    last = max(memories, default=-1)
    if last >= buffers[""].bias.size:  # more groups than neurons
        name = format_name(MemoryKey(layer, last, next(iter(memories[last]))))
        raise StateError(f"incompatible state: '{name}' is unknown")
    return LayerState.of(buffers, tuple(memories.get(group, {}) for group in range(last + 1)))


def stack_replicas(states: Sequence[State]) -> State:
    """Return one state of R replicas, made of R single ones that have played the same number of rounds."""
    layers, messages = (
        _map(lambda *arrays: np.stack(arrays), *parts)
        for parts in ([state.layers for state in states], [state.messages for state in states])
    )
    return State(states[0].round, layers, messages)


def _map(change: Callable[..., Floats], *trees: Any) -> Any:
    """Return a tree of mappings, tuples and dataclasses, its arrays computed from those at the same place in other trees."""
    first = trees[0]
    if isinstance(first, np.ndarray):
        return change(*trees)
    if isinstance(first, Mapping):
        return {key: _map(change, *(tree[key] for tree in trees)) for key in first}
    if isinstance(first, tuple):
        return tuple(_map(change, *parts) for parts in zip(*trees, strict=True))
    return type(first)(*(_map(change, *(getattr(tree, part.name) for tree in trees)) for part in fields(first)))

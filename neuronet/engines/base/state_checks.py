"""Which arrays a game's state has, and checks that a state fits a game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neuronet.channels import HISTORY_NAMES, HistoryKey, InFlightKey, MessageKey, channels_by_location, layer_delays
from neuronet.core import Group, SparseNetwork, StateError
from neuronet.engines.base.array_names import ArrayKey, MemoryKey, SynapseKey, format_name
from neuronet.engines.base.ragged import array_shape
from neuronet.engines.base.setup import Setup, axis_lengths
from neuronet.engines.base.state import Floats, State


def expected_arrays(setup: Setup) -> dict[ArrayKey, tuple[int, ...]]:
    """Return the keys and shapes of a state's arrays for a game, without the axis of replicas and without messages."""
    shapes: dict[ArrayKey, tuple[int, ...]] = {}
    network, sizes = setup.network, setup.network.sizes
    for layer in range(1, len(sizes)):
        sparse = network if isinstance(network, SparseNetwork) else None
        for optimizer in ("", *setup.optimizer.state_names):
            matrix = (sizes[layer], sizes[layer - 1])
            shapes[SynapseKey(layer, "weights", optimizer)] = (sparse.patterns[layer - 1].count,) if sparse else matrix
            shapes[SynapseKey(layer, "bias", optimizer)] = (sizes[layer],)
        for number, group in enumerate(setup.groups(layer)):
            for name, axes in group.policy.memory_axes.items():
                shape = array_shape(sparse, layer, axes, group.members) if sparse else memory_shapes(sizes, layer, group)[name]
                shapes[MemoryKey(layer, number, name)] = shape
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
    if not isinstance(state, State):
        raise StateError(f"an engine continues from a State, as engine.state() returns it, got {type(state).__name__}")
    lead = () if len(setups) == 1 else (len(setups),)
    _check_messages(state.messages, setups[0], len(lead))
    expected, arrays = expected_arrays(setups[0]), state.without_messages().arrays
    if arrays.keys() != expected.keys():
        odd = {format_name(key): key for key in arrays.keys() ^ expected.keys()}
        name = min(odd)
        raise StateError(f"incompatible state: '{name}' is {'missing' if odd[name] in expected else 'unknown'}")
    for key, shape in expected.items():
        if arrays[key].shape != lead + shape:
            found = f"must have shape {lead + shape}, got {arrays[key].shape}"
            raise StateError(f"incompatible state: '{format_name(key)}' {found}")
    for replica, setup in enumerate(setups):
        if setup.network.is_sparse:
            continue
        for number, (layer, mask) in enumerate(zip(state.layers, setup.network.masks, strict=True), start=1):
            for optimizer, synapses in layer.buffers.items():
                weights = synapses.weights[replica] if lead else synapses.weights
                if mask is not None and weights[~mask].any():
                    name = format_name(SynapseKey(number, "weights", optimizer))
                    raise StateError(f"incompatible state: '{name}' is non-zero where the network has no connection")


def _check_messages(messages: Mapping[MessageKey, Floats], setup: Setup, lead: int) -> None:
    """Refuse messages or round contexts that do not fit the game's channels; their arrays have `lead` leading axes."""
    sizes = setup.network.sizes
    channels_at = channels_by_location(setup.channels, sizes)
    delays = layer_delays(channels_at, len(sizes))
    kept: dict[tuple[int, int], set[str]] = {}
    for key, array in messages.items():
        match key:
            case InFlightKey(layer, direction, position, age):
                pipeline = channels_at.get((direction, layer), ())
                possible = position < len(pipeline) and 1 <= age <= pipeline[position].history_length
                width = sizes[layer + (direction == "demand")] if possible else None
            case HistoryKey(layer, age, name):
                possible = 1 <= age <= delays.get(layer, 0)
                widths = {"speaker_activity": layer - 1, "broadcast": -1}
                width = sizes[widths.get(name, layer)] if possible else None
                kept.setdefault((layer, age), set()).add(name)
        if width is None:
            raise StateError(f"incompatible state: '{format_name(key)}' is not an array of a game with these channels")
        without_width = key == HistoryKey(key.layer, key.age, "reward")
        axes = lead + (1 if without_width else 2)
        if array.ndim != axes or (not without_width and array.shape[-1] != width):
            expected = f"{axes} axes" if without_width else f"{axes} axes, the last of {width}"
            raise StateError(f"incompatible state: '{format_name(key)}' must have {expected}, got {array.shape}")
    for (layer, age), names in kept.items():
        missing = [HistoryKey(layer, age, name) for name in sorted(HISTORY_NAMES) if name not in {*names, "jacobian"}]
        if age > 1 and (layer, age - 1) not in kept:
            missing.append(HistoryKey(layer, age - 1, "speaker_activity"))
        if missing:
            raise StateError(f"incompatible state: '{format_name(missing[0])}' is missing")

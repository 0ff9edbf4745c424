"""Message router: all channel pipelines of a game, with the round contexts that delayed demands refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel
from neuronet.channels.pipeline import ChannelPipeline
from neuronet.channels.placement import ChannelAt, channels_by_location
from neuronet.core import Array, Namespace, StateError

RoundContext = Mapping[str, Array]
"""Speaker activity (B, I), potential and activity (B, J), broadcast (B, O), reward (B,), and any jacobian (B, J)."""

_IN_FLIGHT = re.compile(r"(\d+)\.in_flight\.(activity|demand)\.(\d+)\.(\d+)")
_HISTORY = re.compile(r"(\d+)\.history\.(\d+)\.(speaker_activity|potential|activity|broadcast|reward|jacobian)")


class MessageRouter:
    """Router of all messages through channels, for the arrays of any engine.

    A demand that is delayed by n rounds is about the samples of n rounds ago. A layer that receives such demands stores its round
    contexts for n rounds. So do the layers below, since its own demands are about those samples, too.

    Args:
        channels: The game's channels.
        sizes: Number of neurons in each layer, the inputs first.
        seeds: Seed of the game, or of each replica.
        xp: The namespace of the engine's arrays.
        to_array: Converts one numpy array, or one for each replica, to an array of the engine.

    Attributes:
        delays: Delay in rounds of each layer that receives delayed demands.
    """

    def __init__(
        self,
        channels: Sequence[ChannelAt],
        sizes: Sequence[int],
        seeds: Sequence[int],
        xp: Namespace,
        to_array: Callable[[Sequence[NDArray[Any]]], Array],
    ) -> None:
        channels_at = channels_by_location(channels, sizes)
        self.delays = layer_delays(channels_at, len(sizes))
        self._pipelines = {
            (direction, layer): ChannelPipeline(direction, layer, series, seeds, xp, to_array)
            for (direction, layer), series in channels_at.items()
        }
        self._histories: dict[int, list[RoundContext]] = {layer: [] for layer in self.delays}

    def forward(self, layer: int, activity: Array, number: int, *, learning: bool) -> Array:
        """Return a layer's activity, (..., B, J), as delivered to its listeners in a round."""
        pipeline = self._pipelines.get(("activity", layer))
        return activity if pipeline is None else pipeline.transmit(activity, number, learning=learning)

    def backward(self, layer: int, demand: Array | None, number: int) -> Array | None:
        """Return the listeners' demands, (..., B, K), as delivered to a layer in a round; None for nothing yet."""
        pipeline = self._pipelines.get(("demand", layer))
        return demand if pipeline is None else pipeline.transmit(demand, number, learning=True)

    def jacobian(self, layer: int) -> Array | None:
        """Return the derivative of a layer's delivered activity in this round; None for 1."""
        pipeline = self._pipelines.get(("activity", layer))
        return None if pipeline is None else pipeline.jacobian

    def recall_round(self, layer: int, now: RoundContext) -> RoundContext | None:
        """Store a layer's context of this round, and return the one that the present demands are about; None if none is."""
        history = self._histories[layer]
        history.insert(0, now)
        return history[self.delays[layer]] if len(history) > self.delays[layer] else None

    def end(self) -> None:
        """End a training round."""
        for pipeline in self._pipelines.values():
            pipeline.end()
        for layer, history in self._histories.items():
            del history[self.delays[layer] :]

    def state(self) -> dict[str, Array]:
        """Return messages in flight and stored contexts by name, without copies."""
        arrays = {name: array for pipeline in self._pipelines.values() for name, array in pipeline.state().items()}
        for layer, history in self._histories.items():
            for age, round_context in enumerate(history, start=1):
                arrays |= {f"{layer}.history.{age}.{name}": array for name, array in round_context.items()}
        return arrays

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Restore messages in flight and stored contexts; arrays with other names are ignored."""
        for pipeline in self._pipelines.values():
            pipeline.restore(arrays)
        for layer in self._histories:
            found: dict[int, dict[str, Array]] = {}
            for name, array in arrays.items():
                match = _HISTORY.fullmatch(name)
                if match is not None and int(match[1]) == layer:
                    found.setdefault(int(match[2]), {})[match[3]] = array
            self._histories[layer] = [found[age] for age in sorted(found)]


def layer_delays(channels_at: Mapping[tuple[str, int], Sequence[Channel]], depth: int) -> dict[int, int]:
    """Return the delay in rounds of the demands of each layer; layers without delay are omitted.

    Args:
        channels_at: The channels by direction and layer.
        depth: Number of layers, with the inputs.
    """
    delays, delay = {}, 0
    for layer in range(depth - 2, 0, -1):
        delay += sum(channel.delay for channel in channels_at.get(("demand", layer), ()))
        if delay:
            delays[layer] = delay
    return delays


def is_router_state(name: str) -> bool:
    """Return whether a state's array is a message in flight or part of a stored round context."""
    return _IN_FLIGHT.fullmatch(name) is not None or _HISTORY.fullmatch(name) is not None


def check_router_state(
    arrays: Mapping[str, NDArray[Any]], channels: Sequence[ChannelAt], sizes: Sequence[int], lead: int
) -> None:
    """Raise an error if messages or contexts in a state do not fit a game's channels.

    Args:
        arrays: Arrays of a state.
        channels: The game's channels.
        sizes: Number of neurons in each layer, the inputs first.
        lead: Number of leading axes of the arrays.

    Raises:
        StateError: A name or a shape is wrong, or an array is missing.
    """
    channels_at = channels_by_location(channels, sizes)
    delays = layer_delays(channels_at, len(sizes))
    kept: dict[tuple[int, int], set[str]] = {}
    for name, array in arrays.items():
        if not is_router_state(name):
            continue
        width = _width_in_flight(name, channels_at, sizes) or _width_of_history(name, delays, sizes)
        if not width:
            raise StateError(f"incompatible state: '{name}' is not an array of a game with these channels")
        axes = lead + (1 if name.endswith(".reward") else 2)
        if array.ndim != axes or (width > 0 and array.shape[-1] != width):
            expected = f"{axes} axes" if width < 0 else f"{axes} axes, the last of {width}"
            raise StateError(f"incompatible state: '{name}' must have {expected}, got {array.shape}")
        if (match := _HISTORY.fullmatch(name)) is not None:
            kept.setdefault((int(match[1]), int(match[2])), set()).add(match[3])
    for (layer, age), names in kept.items():
        missing = {"speaker_activity", "potential", "activity", "broadcast", "reward"} - names
        if missing or (age > 1 and (layer, age - 1) not in kept):
            odd = f"{layer}.history.{age}.{min(missing)}" if missing else f"{layer}.history.{age - 1}.speaker_activity"
            raise StateError(f"incompatible state: '{odd}' is missing")


def _width_in_flight(name: str, channels_at: Mapping[tuple[str, int], Sequence[Channel]], sizes: Sequence[int]) -> int:
    """Return the length of the last axis of messages in flight; 0 if the name is not valid."""
    match = _IN_FLIGHT.fullmatch(name)
    if match is None:
        return 0
    layer, direction, position, age = int(match[1]), match[2], int(match[3]), int(match[4])
    pipeline = channels_at.get((direction, layer), ())
    if position >= len(pipeline) or not 1 <= age <= pipeline[position].history_length:
        return 0
    return sizes[layer + (direction == "demand")]


def _width_of_history(name: str, delays: Mapping[int, int], sizes: Sequence[int]) -> int:
    """Return the length of the last axis of an array of a round context; -1 for any, 0 if the name is not valid."""
    match = _HISTORY.fullmatch(name)
    if match is None or not 1 <= int(match[2]) <= delays.get(int(match[1]), 0):
        return 0
    layer, part = int(match[1]), match[3]
    return {"speaker_activity": sizes[layer - 1], "broadcast": sizes[-1], "reward": -1}.get(part, sizes[layer])

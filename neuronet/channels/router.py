"""The traffic of a game: every line of it, and the conversations that are kept until late demands have come."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel
from neuronet.channels.pipeline import ChannelPipeline
from neuronet.channels.placement import ChannelAt, channels_by_location
from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import NeuroNetError

RoundContext = Mapping[str, Array]
"""Speaker activity (B, I), potential and activity (B, J), broadcast (B, O), reward (B,), and the jacobian (B, J) if there is
one.
"""

_IN_FLIGHT = re.compile(r"(\d+)\.in_flight\.(activity|demand)\.(\d+)\.(\d+)")
_HISTORY = re.compile(r"(\d+)\.history\.(\d+)\.(speaker_activity|potential|activity|broadcast|reward|jacobian)")


class MessageRouter:
    """All messages that pass channels, with the arrays of either engine.

    A demand that comes n rounds late is about the samples of n rounds ago. A layer that such demands come to keeps its
    conversations for as long, and so do the layers below, since what it demands in turn is about those samples, too.

    Args:
        channels: The game's.
        sizes: Neurons in each layer, the inputs first.
        seeds: Of the game, or of each replica.
        xp: The namespace of the engine's arrays.
        to_array: Makes an array of the engine's of one or several of numpy's.

    Attributes:
        delays: For each layer that looks back, how many rounds.
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
            (direction, layer): ChannelPipeline(direction, layer, some, seeds, xp, to_array)
            for (direction, layer), some in channels_at.items()
        }
        self._histories: dict[int, list[RoundContext]] = {layer: [] for layer in self.delays}

    def forward(self, layer: int, activity: Array, number: int, *, learning: bool) -> Array:
        """What arrives of a layer's activity, (..., B, J), at its listeners in a round."""
        pipeline = self._pipelines.get(("activity", layer))
        return activity if pipeline is None else pipeline.transmit(activity, number, learning=learning)

    def backward(self, layer: int, demand: Array | None, number: int) -> Array | None:
        """What arrives at a layer of its listeners' demands, (..., B, K), in a round; None for nothing yet."""
        pipeline = self._pipelines.get(("demand", layer))
        return demand if pipeline is None else pipeline.transmit(demand, number, learning=True)

    def jacobian(self, layer: int) -> Array | None:
        """How much of a change of what a layer said in this round would have arrived; None if all of it."""
        pipeline = self._pipelines.get(("activity", layer))
        return None if pipeline is None else pipeline.jacobian

    def recall_round(self, layer: int, now: RoundContext) -> RoundContext | None:
        """Keep a layer's conversation of this round, and give the one that is as old as the demands that come; None for none."""
        history = self._histories[layer]
        history.insert(0, now)
        return history[self.delays[layer]] if len(history) > self.delays[layer] else None

    def end(self) -> None:
        """End a round that was learnt from."""
        for pipeline in self._pipelines.values():
            pipeline.end()
        for layer, history in self._histories.items():
            del history[self.delays[layer] :]

    def state(self) -> dict[str, Array]:
        """What is under way and what is kept, by name; uncopied."""
        arrays = {name: array for pipeline in self._pipelines.values() for name, array in pipeline.state().items()}
        for layer, history in self._histories.items():
            for age, round_context in enumerate(history, start=1):
                arrays |= {f"{layer}.history.{age}.{name}": array for name, array in round_context.items()}
        return arrays

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over what was under way and what was kept; arrays with other names are left alone."""
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
    """By how many rounds the demands that come to each layer are late; layers where they are not are left out.

    Args:
        channels_at: The channels by direction and layer.
        depth: How many layers there are, with the inputs.
    """
    delays, delay = {}, 0
    for layer in range(depth - 2, 0, -1):
        delay += sum(channel.delay for channel in channels_at.get(("demand", layer), ()))
        if delay:
            delays[layer] = delay
    return delays


def is_router_state(name: str) -> bool:
    """Whether an array of a state is a message under way or a conversation kept."""
    return _IN_FLIGHT.fullmatch(name) is not None or _HISTORY.fullmatch(name) is not None


def check_router_state(
    arrays: Mapping[str, NDArray[Any]], channels: Sequence[ChannelAt], sizes: Sequence[int], lead: int
) -> None:
    """Refuse traffic that is not of a game with these channels.

    Args:
        arrays: Of a state.
        channels: The game's.
        sizes: Neurons in each layer, the inputs first.
        lead: How many leading axes arrays have.

    Raises:
        NeuroNetError: A name or a shape is wrong, or something is missing.
    """
    channels_at = channels_by_location(channels, sizes)
    delays = layer_delays(channels_at, len(sizes))
    kept: dict[tuple[int, int], set[str]] = {}
    for name, array in arrays.items():
        if not is_router_state(name):
            continue
        width = _width_in_flight(name, channels_at, sizes) or _width_of_history(name, delays, sizes)
        if not width:
            raise NeuroNetError(f"the state is of another game: '{name}' is unknown")
        axes = lead + (1 if name.endswith(".reward") else 2)
        if array.ndim != axes or (width > 0 and array.shape[-1] != width):
            raise NeuroNetError(
                f"the state is of another game: '{name}' must have {axes} axes, the last of {width}, got {array.shape}"
            )
        if (match := _HISTORY.fullmatch(name)) is not None:
            kept.setdefault((int(match[1]), int(match[2])), set()).add(match[3])
    for (layer, age), names in kept.items():
        missing = {"speaker_activity", "potential", "activity", "broadcast", "reward"} - names
        if missing or (age > 1 and (layer, age - 1) not in kept):
            odd = f"{layer}.history.{age}.{min(missing)}" if missing else f"{layer}.history.{age - 1}.speaker_activity"
            raise NeuroNetError(f"the state is of another game: '{odd}' is missing")


def _width_in_flight(name: str, channels_at: Mapping[tuple[str, int], Sequence[Channel]], sizes: Sequence[int]) -> int:
    """The last axis of messages under way; 0 if there are none of this name."""
    match = _IN_FLIGHT.fullmatch(name)
    if match is None:
        return 0
    layer, direction, place, age = int(match[1]), match[2], int(match[3]), int(match[4])
    pipeline = channels_at.get((direction, layer), ())
    if place >= len(pipeline) or not 1 <= age <= pipeline[place].history_length:
        return 0
    return sizes[layer + (direction == "demand")]


def _width_of_history(name: str, delays: Mapping[int, int], sizes: Sequence[int]) -> int:
    """The last axis of a part of a conversation; -1 for any, 0 if there is none of this name."""
    match = _HISTORY.fullmatch(name)
    if match is None or not 1 <= int(match[2]) <= delays.get(int(match[1]), 0):
        return 0
    layer, part = int(match[1]), match[3]
    return {"speaker_activity": sizes[layer - 1], "broadcast": sizes[-1], "reward": -1}.get(part, sizes[layer])

"""Message router: all channel pipelines of a game, with the round contexts that delayed demands refer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel
from neuronet.channels.message_keys import HistoryKey, MessageKey
from neuronet.channels.pipeline import ChannelPipeline
from neuronet.channels.placement import ChannelAt, channels_by_location
from neuronet.core import Array, Namespace

RoundContext = Mapping[str, Array]
"""Speaker activity (B, I), potential and activity (B, J), broadcast (B, O), reward (B,), and any jacobian (B, J)."""


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

    def state(self) -> dict[MessageKey, Array]:
        """Return messages in flight and stored contexts, without copies."""
        arrays: dict[MessageKey, Array] = {}
        for pipeline in self._pipelines.values():
            arrays |= pipeline.state()
        for layer, history in self._histories.items():
            for age, round_context in enumerate(history, start=1):
                arrays |= {HistoryKey(layer, age, name): array for name, array in round_context.items()}
        return arrays

    def restore(self, arrays: Mapping[MessageKey, Array]) -> None:
        """Restore messages in flight and stored contexts."""
        for pipeline in self._pipelines.values():
            pipeline.restore(arrays)
        found: dict[int, dict[int, dict[str, Array]]] = {layer: {} for layer in self._histories}
        for key, array in arrays.items():
            if isinstance(key, HistoryKey):
                found[key.layer].setdefault(key.age, {})[key.name] = array
        self._histories = {layer: [ages[age] for age in sorted(ages)] for layer, ages in found.items()}


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

"""Pipeline: the channels of one location, in series, with the messages that are in flight in them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel, ChannelContext
from neuronet.channels.message_keys import InFlightKey, MessageKey
from neuronet.channels.placement import DIRECTIONS
from neuronet.core import Array, Namespace, PolicyError, Purpose, generator


class ChannelPipeline:
    """Channels in series at one location, for the arrays of any engine.

    Args:
        direction: "activity" or "demand".
        layer: The layer below.
        channels: The channels, in the order of transmission.
        seeds: Seed of the game, or of each replica.
        xp: The namespace of the engine's arrays.
        to_array: Converts one numpy array, or one for each replica, to an array of the engine.

    Attributes:
        jacobian: Derivative of the last delivery by the messages, (..., B, J); None for 1.
    """

    def __init__(
        self,
        direction: str,
        layer: int,
        channels: Sequence[Channel],
        seeds: Sequence[int],
        xp: Namespace,
        to_array: Callable[[Sequence[NDArray[Any]]], Array],
    ) -> None:
        self.direction, self.layer = direction, layer
        self.channels = tuple(channels)
        self.delay = sum(channel.delay for channel in self.channels)
        self.jacobian: Array | None = None
        self._seeds, self._xp, self._to_array = seeds, xp, to_array
        self._in_flight: list[list[Array | None]] = [[] for _ in self.channels]  # the latest first
        self._sent: list[Array | None] = []

    def transmit(self, messages: Array | None, number: int, *, learning: bool) -> Array | None:
        """Return the delivered messages, (..., B, J); None if nothing is delivered yet.

        Args:
            messages: The messages sent; None for nothing yet.
            number: The round.
            learning: Whether the neurons learn from it; if so, `end` must be called before the next round.
        """
        if learning:
            self.jacobian, self._sent = None, []
        for position, channel in enumerate(self.channels):
            if learning:
                stored = channel.history_length and messages is not None
                self._sent.append(self._xp.asarray(messages, copy=True) if stored else None)
            if messages is not None and (learning or channel.active_in_eval):
                messages = self._transmit_one(position, channel, messages, number, learning)
        return messages

    def _transmit_one(self, position: int, channel: Channel, messages: Array, number: int, learning: bool) -> Array | None:
        def draw(kind: str, shape: tuple[int, ...]) -> Array:
            location = len(DIRECTIONS) * self.layer + DIRECTIONS.index(self.direction)
            counter = (location, number, zlib.crc32(f"{kind}:{position}".encode()))
            rngs = [generator(seed, Purpose.CHANNEL, *counter) for seed in self._seeds]
            size = shape[-2:]
            return self._to_array([rng.standard_normal(size) if kind == "normal" else rng.random(size) for rng in rngs])

        context = ChannelContext(self._xp, learning, self._in_flight[position], draw)
        if learning and self.direction == "activity":
            jacobian = channel.jacobian(messages, context)
            self.jacobian = jacobian if self.jacobian is None else self.jacobian if jacobian is None else self.jacobian * jacobian
        delivered = channel.transmit(messages, context)
        if not _fits(delivered, messages, is_late=channel.history_length > 0):
            shape = getattr(delivered, "shape", None)
            got = tuple(shape) if shape is not None else "None: is a return missing?" if delivered is None else type(delivered)
            place = f"{self.direction} above layer {self.layer}"
            raise PolicyError(f"channel {channel!r} must deliver {place} of shape {tuple(messages.shape)}, got {got}")
        return delivered

    def end(self) -> None:
        """End a training round: its messages are now in flight."""
        for channel, in_flight, sent in zip(self.channels, self._in_flight, self._sent, strict=True):
            if channel.history_length:
                in_flight.insert(0, sent)
                del in_flight[channel.history_length :]

    def state(self) -> dict[MessageKey, Array]:
        """Return the messages in flight, without copies."""
        return {
            InFlightKey(self.layer, self.direction, position, age): messages
            for position, in_flight in enumerate(self._in_flight)
            for age, messages in enumerate(in_flight, start=1)
            if messages is not None
        }

    def restore(self, arrays: Mapping[MessageKey, Array]) -> None:
        """Restore the messages in flight from a state; arrays of other pipelines are ignored."""
        self._in_flight = [[] for _ in self.channels]
        for key, messages in arrays.items():
            if isinstance(key, InFlightKey) and (key.layer, key.direction) == (self.layer, self.direction):
                in_flight = self._in_flight[key.channel]
                in_flight.extend([None] * (key.age - len(in_flight)))
                in_flight[key.age - 1] = messages
        self.jacobian, self._sent = None, []


def _fits(delivered: Array | None, messages: Array, *, is_late: bool) -> bool:
    """Return whether delivered messages have the shape of those that were sent; late ones may have another number of samples."""
    if delivered is None:
        return is_late
    shape: tuple[int, ...] | None = getattr(delivered, "shape", None)
    if shape is None or len(shape) != messages.ndim:
        return False
    return bool(shape == messages.shape or (is_late and shape[-1] == messages.shape[-1]))

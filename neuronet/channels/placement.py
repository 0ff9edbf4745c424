"""Location of a channel: the direction of the messages, and the layers between which they pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neuronet.channels.base import Channel
from neuronet.core import ConfigurationError, shown

DIRECTIONS = ("activity", "demand")
"""Directions of messages: activity goes up, demands come down."""


@dataclass(frozen=True)
class ChannelAt:
    """Channel at a location.

    Args:
        direction: "activity" for messages upwards, "demand" for messages downwards.
        channel: The channel.
        layer: The layer below the channel, which speaks, or hears the demands; 0 for the inputs, for activity alone.
            None for every hidden layer.

    Raises:
        ConfigurationError: The location does not exist, or the channel is not supported there.
    """

    direction: str
    channel: Channel
    layer: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise ConfigurationError(f"a channel carries activity or demand, not '{self.direction}': write demand:dropout(0.3)")
        if not isinstance(self.channel, Channel):
            raise ConfigurationError(f"channel must be a Channel such as Dropout(0.3), got {shown(self.channel)}")
        whole = isinstance(self.layer, int) and not isinstance(self.layer, bool)
        if self.layer is not None and (not whole or self.layer < 0):
            raise ConfigurationError(f"a channel's layer must be an integer of 0 or more, got {self.layer!r}")
        if self.direction == "demand" and self.layer == 0:
            raise ConfigurationError("layer 0 receives no demands: a demand channel needs layer 1 or above")
        if self.direction == "activity" and self.channel.delay:
            raise ConfigurationError(
                "delayed activity would meet the targets of another batch: delay the demands, or use delay(rounds, aligned=false)"
            )


def memoryless_channels(channels: Iterable[ChannelAt]) -> tuple[ChannelAt, ...]:
    """Return the channels that read the present round alone."""
    return tuple(channel for channel in channels if not channel.channel.history_length)


def channels_by_location(channels: Sequence[ChannelAt], sizes: Sequence[int]) -> dict[tuple[str, int], tuple[Channel, ...]]:
    """Return the channels above each layer, in order, by direction and layer.

    Args:
        channels: All channels.
        sizes: Number of neurons in each layer, the inputs first.

    Raises:
        ConfigurationError: A layer does not exist.
    """
    found: dict[tuple[str, int], tuple[Channel, ...]] = {}
    last = len(sizes) - 2  # no layer listens to the outputs
    for channel in channels:
        if channel.layer is None and last < 1:
            raise ConfigurationError(f"a {channel.direction} channel needs a layer if the network has no hidden layers")
        if channel.layer is not None and channel.layer > last:
            raise ConfigurationError(f"a channel's layer must be at most {last}, the last with listeners, got {channel.layer}")
        for layer in range(1, last + 1) if channel.layer is None else (channel.layer,):
            location = (channel.direction, layer)
            found[location] = (*found.get(location, ()), channel.channel)
    return found

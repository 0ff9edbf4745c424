"""Where a channel lies: which way the messages go, and between which layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neuronet.channels.base import Channel
from neuronet.core.errors import NeuroNetError

DIRECTIONS = ("activity", "demand")
"""Which way messages go: what neurons say goes up, what their listeners demand comes down."""


@dataclass(frozen=True)
class ChannelAt:
    """A channel in its place.

    Args:
        direction: "activity" for what goes up, "demand" for what comes down.
        channel: What happens there.
        layer: The layer below the channel, which speaks, or hears the demands; 0 for the inputs, of activity alone.
            None for every hidden layer.

    Raises:
        NeuroNetError: There is no such place, or the channel cannot be there.
    """

    direction: str
    channel: Channel
    layer: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise NeuroNetError(f"a channel carries activity or demand, not '{self.direction}': write demand:dropout(0.3)")
        if not isinstance(self.channel, Channel):
            raise NeuroNetError(f"a channel must be one such as Dropout(0.3), got {self.channel!r}")
        whole = isinstance(self.layer, int) and not isinstance(self.layer, bool)
        if self.layer is not None and (not whole or self.layer < 0):
            raise NeuroNetError(f"a channel's layer must be an integer of 0 or more, got {self.layer!r}")
        if self.direction == "demand" and self.layer == 0:
            raise NeuroNetError("the inputs hear no demands: a channel of demands lies above layer 1 or a later one")
        if self.direction == "activity" and self.channel.delay:
            raise NeuroNetError(
                "activity that comes late would be judged by another batch's targets: delay the demands instead, "
                "or take it for the present samples' with delay(rounds, aligned=false)"
            )


def memoryless_channels(channels: Iterable[ChannelAt]) -> tuple[ChannelAt, ...]:
    """The channels that look at one round alone."""
    return tuple(each for each in channels if not each.channel.history_length)


def channels_by_location(channels: Sequence[ChannelAt], sizes: Sequence[int]) -> dict[tuple[str, int], tuple[Channel, ...]]:
    """The channels that lie above each layer, in order, by direction and layer.

    Args:
        channels: All of them.
        sizes: Neurons in each layer, the inputs first.

    Raises:
        NeuroNetError: A layer is not there.
    """
    found: dict[tuple[str, int], tuple[Channel, ...]] = {}
    last = len(sizes) - 2  # the outputs speak to the environment, which is no layer
    for each in channels:
        if each.layer is None and last < 1:
            raise NeuroNetError(f"a network without hidden layers has no channel of {each.direction} unless its layer is named")
        if each.layer is not None and each.layer > last:
            raise NeuroNetError(f"there is no channel above layer {each.layer}: the last that anybody listens to is layer {last}")
        for layer in range(1, last + 1) if each.layer is None else (each.layer,):
            location = (each.direction, layer)
            found[location] = (*found.get(location, ()), each.channel)
    return found

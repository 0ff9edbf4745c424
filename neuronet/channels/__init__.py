"""Channels: what may happen to messages between two layers. They may be dropped, delayed, blurred, quantised or rationed."""

from neuronet.channels.base import Channel, Passage
from neuronet.channels.builtin import CHANNELS, Blurred, Delayed, Dropped, Quantised, Rationed
from neuronet.channels.placement import ChannelAt, channel_at, channels_from, without_delays
from neuronet.channels.router import Traffic

__all__ = [
    "CHANNELS",
    "Blurred",
    "Channel",
    "ChannelAt",
    "Delayed",
    "Dropped",
    "Passage",
    "Quantised",
    "Rationed",
    "Traffic",
    "channel_at",
    "channels_from",
    "without_delays",
]

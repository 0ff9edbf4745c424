"""Channels: what may happen to messages between two layers. They may be dropped, delayed, blurred, quantised or rationed."""

from neuronet.channel.contract import Channel, Passage
from neuronet.channel.kinds import CHANNELS, Blurred, Delayed, Dropped, Quantised, Rationed
from neuronet.channel.place import ChannelAt, channel_at, channels_from, without_delays
from neuronet.channel.traffic import Traffic

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

"""Channels between layers: dropout, delay, noise, quantization, and k winners."""

from neuronet.channels.base import Channel, ChannelContext
from neuronet.channels.builtin import CHANNELS, Delay, Dropout, GaussianNoise, KWinners, Quantization
from neuronet.channels.message_keys import HISTORY_NAMES, HistoryKey, InFlightKey, MessageKey
from neuronet.channels.placement import ChannelAt, channels_by_location, memoryless_channels
from neuronet.channels.router import MessageRouter, layer_delays

__all__ = [
    "CHANNELS",
    "HISTORY_NAMES",
    "Channel",
    "ChannelAt",
    "ChannelContext",
    "Delay",
    "Dropout",
    "GaussianNoise",
    "HistoryKey",
    "InFlightKey",
    "KWinners",
    "MessageKey",
    "MessageRouter",
    "Quantization",
    "channels_by_location",
    "layer_delays",
    "memoryless_channels",
]

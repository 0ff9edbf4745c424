"""Channels between layers: dropout, delay, noise, quantization, k winners, and normalisation."""

from neuronet.channels.base import Channel, ChannelContext
from neuronet.channels.builtin import CHANNELS, Delay, Dropout, GaussianNoise, KWinners, Normalization, Quantization
from neuronet.channels.message_keys import HISTORY_NAMES, HistoryKey, InFlightKey, MessageKey
from neuronet.channels.placement import DIRECTIONS, ChannelAt, channels_by_location, memoryless_channels
from neuronet.channels.router import MessageRouter, layer_delays

__all__ = [
    "CHANNELS",
    "DIRECTIONS",
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
    "Normalization",
    "Quantization",
    "channels_by_location",
    "layer_delays",
    "memoryless_channels",
]

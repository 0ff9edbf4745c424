"""Channels between layers: dropout, delay, noise, quantization, and k winners."""

from neuronet.channels.base import Channel, ChannelContext
from neuronet.channels.builtin import CHANNELS, Delay, Dropout, GaussianNoise, KWinners, Quantization
from neuronet.channels.placement import ChannelAt, channels_by_location, memoryless_channels
from neuronet.channels.router import MessageRouter

__all__ = [
    "CHANNELS",
    "Channel",
    "ChannelAt",
    "ChannelContext",
    "Delay",
    "Dropout",
    "GaussianNoise",
    "KWinners",
    "MessageRouter",
    "Quantization",
    "channels_by_location",
    "memoryless_channels",
]

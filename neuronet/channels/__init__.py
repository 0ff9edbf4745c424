"""Channels between layers: dropout, delay, noise, quantization, and k winners."""

from neuronet.channels.base import Channel, ChannelContext
from neuronet.channels.builtin import CHANNELS, Delay, Dropout, GaussianNoise, KWinners, Quantization
from neuronet.channels.placement import ChannelAt, channels_by_location, memoryless_channels
from neuronet.channels.router import MessageRouter, check_router_state, is_router_state, layer_delays

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
    "check_router_state",
    "is_router_state",
    "layer_delays",
    "memoryless_channels",
]

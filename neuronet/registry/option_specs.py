"""Optimizers, connectivity, update schedules and channels by spec."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from neuronet.channels import CHANNELS, Channel, ChannelAt
from neuronet.core import (
    OPTIMIZERS,
    UPDATE_SCHEDULES,
    WIRINGS,
    ConfigurationError,
    Optimizer,
    SpecError,
    UpdateSchedule,
    Wiring,
    shown,
)
from neuronet.registry.grammar import split_prefix
from neuronet.registry.spec import format_spec, parse_spec

CHANNEL_EXAMPLE = "demand:dropout(0.3) or activity@1:k-winners(0.1)"


def parse_optimizer(text: str) -> Optimizer:
    """Return the optimizer of a spec such as "adam" or "momentum(0.8)".

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: A parameter is out of range.
    """
    return parse_spec(text, "optimizer", Optimizer, OPTIMIZERS)


def parse_wiring(text: str) -> Wiring:
    """Return the connectivity of a spec such as "dense" or "sparse(0.1)"; raises as `parse_optimizer`."""
    return parse_spec(text, "connectivity", Wiring, WIRINGS)


def parse_update_schedule(text: str) -> UpdateSchedule:
    """Return the update schedule of a spec such as "partial(0.5)"; raises as `parse_optimizer`."""
    return parse_spec(text, "update schedule", UpdateSchedule, UPDATE_SCHEDULES)


def format_option(option: Optimizer | Wiring | UpdateSchedule, *, all_parameters: bool = False) -> str:
    """Return the spec of an optimizer, a connectivity or an update schedule; `all_parameters` names those with defaults, too."""
    return format_spec(option, {**OPTIMIZERS, **WIRINGS, **UPDATE_SCHEDULES}, all_parameters=all_parameters)


def parse_channel(text: str) -> ChannelAt:
    """Return the channel of a spec such as "demand:dropout(0.3)" or "activity@1:k-winners(0.1)"; raises as `parse_optimizer`."""
    place, spec = split_prefix(text, "channel", CHANNEL_EXAMPLE)
    direction, at, layer = (part.strip() for part in place.partition("@"))
    if at and not re.fullmatch(r"[0-9]{1,6}", layer):
        raise SpecError(f"a channel's layer must be an integer of 0 or more, got '{layer}' in '{text}'")
    channel = parse_spec(spec, "channel", Channel, CHANNELS)
    return ChannelAt(direction, channel, int(layer) if at else None)


def as_channels(given: Any) -> tuple[ChannelAt, ...]:
    """Return channels from one or several specs or ChannelAt.

    Raises:
        SpecError: A text cannot be parsed.
        ConfigurationError: Something is neither a text nor a ChannelAt.
    """
    several = (given,) if isinstance(given, str | ChannelAt) or not isinstance(given, Iterable) else tuple(given)
    channels = tuple(parse_channel(channel) if isinstance(channel, str) else channel for channel in several)
    for channel in channels:
        if not isinstance(channel, ChannelAt):
            raise ConfigurationError(f"channels must be texts such as 'demand:dropout(0.3)', or ChannelAt, got {shown(channel)}")
    return channels


def format_channel(channel: ChannelAt, *, all_parameters: bool = False) -> str:
    """Return the spec from which an equal channel is built again; `all_parameters` names those with defaults, too.

    Raises:
        ConfigurationError: There is none, since a field is neither a number, a bool nor a text.
    """
    layer = "" if channel.layer is None else f"@{channel.layer}"
    text = f"{channel.direction}{layer}:{format_spec(channel.channel, CHANNELS, all_parameters=all_parameters)}"
    try:
        rebuilt = parse_channel(text)
    except SpecError:
        rebuilt = None
    if rebuilt != channel:
        raise ConfigurationError(
            f"channel {channel.channel!r} cannot be written as '{text}': its fields must be numbers, bools or texts"
        )
    return text

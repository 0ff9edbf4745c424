"""Names of a state's arrays in files and messages, such as `2.weights`, `2.velocity.bias` and `1.group0.income`.

Only this module builds and parses them. In memory arrays are fields of a `State`, or have one of the keys below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from neuronet.channels import HISTORY_NAMES, HistoryKey, InFlightKey, MessageKey

_INTEGER = "(0|[1-9][0-9]*)"
_MEMORY = re.compile(rf"{_INTEGER}\.group{_INTEGER}\.(.+)")
_IN_FLIGHT = re.compile(rf"{_INTEGER}\.in_flight\.(activity|demand)\.{_INTEGER}\.{_INTEGER}")
_HISTORY = re.compile(rf"{_INTEGER}\.history\.{_INTEGER}\.({'|'.join(HISTORY_NAMES)})")
_SYNAPSES = re.compile(rf"{_INTEGER}\.(?:(.+)\.)?(weights|bias)")


@dataclass(frozen=True, slots=True)
class SynapseKey:
    """Key of the weights or biases of a layer, or of an array of the optimizer for them.

    Attributes:
        layer: Listening layer, 1 for the first.
        part: "weights" or "bias".
        optimizer: Name of an array of the optimizer; "" for the weights and biases themselves.
    """

    layer: int
    part: str
    optimizer: str = ""


@dataclass(frozen=True, slots=True)
class MemoryKey:
    """Key of an array that the neurons of a group remember.

    Attributes:
        layer: Listening layer, 1 for the first.
        group: Position of the group within the layer, 0 for the first.
        name: Name that the policy gives the array.
    """

    layer: int
    group: int
    name: str


ArrayKey = SynapseKey | MemoryKey | MessageKey


def format_name(key: ArrayKey) -> str:
    """Return the name of an array: `1.in_flight.demand.0.2` entered channel 0 above layer 1 two rounds ago."""
    match key:
        case SynapseKey(layer, part, ""):
            return f"{layer}.{part}"
        case SynapseKey(layer, part, optimizer):
            return f"{layer}.{optimizer}.{part}"
        case MemoryKey(layer, group, name):
            return f"{layer}.group{group}.{name}"
        case InFlightKey(layer, direction, channel, age):
            return f"{layer}.in_flight.{direction}.{channel}.{age}"
        case HistoryKey(layer, age, name):
            return f"{layer}.history.{age}.{name}"


def parse_name(name: str) -> ArrayKey | None:
    """Return the key of a name; None if no array of a state has such a name."""
    if match := _MEMORY.fullmatch(name):
        return MemoryKey(int(match[1]), int(match[2]), match[3])
    if match := _IN_FLIGHT.fullmatch(name):
        return InFlightKey(int(match[1]), match[2], int(match[3]), int(match[4]))
    if match := _HISTORY.fullmatch(name):
        return HistoryKey(int(match[1]), int(match[2]), match[3])
    if match := _SYNAPSES.fullmatch(name):
        return SynapseKey(int(match[1]), match[3], match[2] or "")
    return None

"""Keys of what a router keeps between two rounds: messages in flight, and rounds that await demands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InFlightKey:
    """Key of the messages that a channel received in an earlier round.

    Attributes:
        layer: The layer below the channel.
        direction: "activity" or "demand".
        channel: Position of the channel in its pipeline, from 0.
        age: Number of rounds since they were sent, from 1.
    """

    layer: int
    direction: str
    channel: int
    age: int


@dataclass(frozen=True, slots=True)
class HistoryKey:
    """Key of an array of a stored round context.

    Attributes:
        layer: The layer that awaits demands about the round.
        age: Number of rounds since then, from 1.
        name: One of HISTORY_NAMES.
    """

    layer: int
    age: int
    name: str


MessageKey = InFlightKey | HistoryKey

HISTORY_NAMES = ("speaker_activity", "potential", "activity", "broadcast", "reward", "jacobian")
"""Names of the arrays of a round context; the jacobian may be missing."""

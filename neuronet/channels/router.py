"""The traffic of a game: every line of it, and the conversations that are kept until late demands have come."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel
from neuronet.channels.pipeline import Line
from neuronet.channels.placement import ChannelAt, placed
from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import NeuroNetError

Conversation = Mapping[str, Array]
"""What was heard (B, I), potential and activity (B, J), broadcast (B, O), reward (B,), and the echo (B, J) if there is one."""

_UNDER_WAY = re.compile(r"(\d+)\.underway\.(activity|demand)\.(\d+)\.(\d+)")
_PAST = re.compile(r"(\d+)\.past\.(\d+)\.(heard|potential|activity|broadcast|reward|echo)")


class Traffic:
    """All messages that pass channels, with the arrays of either engine.

    A demand that comes n rounds late is about the samples of n rounds ago. A layer that such demands come to keeps its
    conversations for as long, and so do the layers below, since what it demands in turn is about those samples, too.

    Args:
        channels: The game's.
        sizes: Neurons in each layer, the inputs first.
        seeds: Of the game, or of each replica.
        xp: The namespace of the engine's arrays.
        own: Makes an array of the engine's of one or several of numpy's.

    Attributes:
        lags: For each layer that looks back, how many rounds.
    """

    def __init__(
        self,
        channels: Sequence[ChannelAt],
        sizes: Sequence[int],
        seeds: Sequence[int],
        xp: Namespace,
        own: Callable[[Sequence[NDArray[Any]]], Array],
    ) -> None:
        there = placed(channels, sizes)
        self.lags = lags_of(there, len(sizes))
        self._lines = {(way, layer): Line(way, layer, some, seeds, xp, own) for (way, layer), some in there.items()}
        self._pasts: dict[int, list[Conversation]] = {layer: [] for layer in self.lags}

    def up(self, layer: int, activity: Array, number: int, *, learning: bool) -> Array:
        """What arrives of a layer's activity, (..., B, J), at its listeners in a round."""
        line = self._lines.get(("activity", layer))
        return activity if line is None else line.carry(activity, number, learning=learning)

    def down(self, layer: int, demand: Array | None, number: int) -> Array | None:
        """What arrives at a layer of its listeners' demands, (..., B, K), in a round; None for nothing yet."""
        line = self._lines.get(("demand", layer))
        return demand if line is None else line.carry(demand, number, learning=True)

    def echo(self, layer: int) -> Array | None:
        """How much of a change of what a layer said in this round would have arrived; None if all of it."""
        line = self._lines.get(("activity", layer))
        return None if line is None else line.echo

    def look_back(self, layer: int, now: Conversation) -> Conversation | None:
        """Keep a layer's conversation of this round, and give the one that is as old as the demands that come; None for none."""
        past = self._pasts[layer]
        past.insert(0, now)
        return past[self.lags[layer]] if len(past) > self.lags[layer] else None

    def end(self) -> None:
        """End a round that was learnt from."""
        for line in self._lines.values():
            line.end()
        for layer, past in self._pasts.items():
            del past[self.lags[layer] :]

    def state(self) -> dict[str, Array]:
        """What is under way and what is kept, by name; uncopied."""
        arrays = {name: array for line in self._lines.values() for name, array in line.state().items()}
        for layer, past in self._pasts.items():
            for age, conversation in enumerate(past, start=1):
                arrays |= {f"{layer}.past.{age}.{name}": array for name, array in conversation.items()}
        return arrays

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over what was under way and what was kept; arrays with other names are left alone."""
        for line in self._lines.values():
            line.restore(arrays)
        for layer in self._pasts:
            found: dict[int, dict[str, Array]] = {}
            for name, array in arrays.items():
                match = _PAST.fullmatch(name)
                if match is not None and int(match[1]) == layer:
                    found.setdefault(int(match[2]), {})[match[3]] = array
            self._pasts[layer] = [found[age] for age in sorted(found)]


def lags_of(there: Mapping[tuple[str, int], Sequence[Channel]], depth: int) -> dict[int, int]:
    """By how many rounds the demands that come to each layer are late; layers where they are not are left out.

    Args:
        there: The channels by direction and layer.
        depth: How many layers there are, with the inputs.
    """
    lags, lag = {}, 0
    for layer in range(depth - 2, 0, -1):
        lag += sum(channel.lag for channel in there.get(("demand", layer), ()))
        if lag:
            lags[layer] = lag
    return lags


def is_traffic(name: str) -> bool:
    """Whether an array of a state is a message under way or a conversation kept."""
    return _UNDER_WAY.fullmatch(name) is not None or _PAST.fullmatch(name) is not None


def check_traffic(arrays: Mapping[str, NDArray[Any]], channels: Sequence[ChannelAt], sizes: Sequence[int], lead: int) -> None:
    """Refuse traffic that is not of a game with these channels.

    Args:
        arrays: Of a state.
        channels: The game's.
        sizes: Neurons in each layer, the inputs first.
        lead: How many leading axes arrays have.

    Raises:
        NeuroNetError: A name or a shape is wrong, or something is missing.
    """
    there = placed(channels, sizes)
    lags = lags_of(there, len(sizes))
    kept: dict[tuple[int, int], set[str]] = {}
    for name, array in arrays.items():
        if not is_traffic(name):
            continue
        width = _width_under_way(name, there, sizes) or _width_of_past(name, lags, sizes)
        if not width:
            raise NeuroNetError(f"the state is of another game: '{name}' is unknown")
        axes = lead + (1 if name.endswith(".reward") else 2)
        if array.ndim != axes or (width > 0 and array.shape[-1] != width):
            raise NeuroNetError(
                f"the state is of another game: '{name}' must have {axes} axes, the last of {width}, got {array.shape}"
            )
        if (match := _PAST.fullmatch(name)) is not None:
            kept.setdefault((int(match[1]), int(match[2])), set()).add(match[3])
    for (layer, age), names in kept.items():
        missing = {"heard", "potential", "activity", "broadcast", "reward"} - names
        if missing or (age > 1 and (layer, age - 1) not in kept):
            odd = f"{layer}.past.{age}.{min(missing)}" if missing else f"{layer}.past.{age - 1}.heard"
            raise NeuroNetError(f"the state is of another game: '{odd}' is missing")


def _width_under_way(name: str, there: Mapping[tuple[str, int], Sequence[Channel]], sizes: Sequence[int]) -> int:
    """The last axis of messages under way; 0 if there are none of this name."""
    match = _UNDER_WAY.fullmatch(name)
    if match is None:
        return 0
    layer, way, place, age = int(match[1]), match[2], int(match[3]), int(match[4])
    line = there.get((way, layer), ())
    if place >= len(line) or not 1 <= age <= line[place].back:
        return 0
    return sizes[layer + (way == "demand")]


def _width_of_past(name: str, lags: Mapping[int, int], sizes: Sequence[int]) -> int:
    """The last axis of a part of a conversation; -1 for any, 0 if there is none of this name."""
    match = _PAST.fullmatch(name)
    if match is None or not 1 <= int(match[2]) <= lags.get(int(match[1]), 0):
        return 0
    layer, part = int(match[1]), match[3]
    return {"heard": sizes[layer - 1], "broadcast": sizes[-1], "reward": -1}.get(part, sizes[layer])

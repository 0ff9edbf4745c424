"""A line: the channels that lie in one place, one after another, and the messages that are under way in them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.channels.base import Channel, Passage
from neuronet.channels.placement import DIRECTIONS
from neuronet.core.array_types import Array, Namespace
from neuronet.core.random_streams import Purpose, generator


class Line:
    """Carries what a layer sends, with the arrays of either engine.

    Args:
        direction: Which way.
        layer: The layer below.
        channels: What lies there, in the order of passage.
        seeds: Of the game, or of each replica.
        xp: The namespace of the engine's arrays.
        own: Makes an array of the engine's of one or several (one for each replica) of numpy's.

    Attributes:
        echo: How much of a change of what was said last would arrive, (..., B, J); None if all of it.
    """

    def __init__(
        self,
        direction: str,
        layer: int,
        channels: Sequence[Channel],
        seeds: Sequence[int],
        xp: Namespace,
        own: Callable[[Sequence[NDArray[Any]]], Array],
    ) -> None:
        self.direction, self.layer = direction, layer
        self.channels = tuple(channels)
        self.lag = sum(each.lag for each in self.channels)
        self.echo: Array | None = None
        self._seeds, self._xp, self._own = seeds, xp, own
        self._under_way: list[list[Array | None]] = [[] for _ in self.channels]  # the latest first
        self._sent: list[Array | None] = []

    def carry(self, messages: Array | None, number: int, *, learning: bool) -> Array | None:
        """What arrives of these messages, (..., B, J) each; None for nothing yet.

        Args:
            messages: What is sent; None for nothing yet.
            number: The round's.
            learning: Whether the neurons learn from it; if so, `end` must be called before the next round.
        """
        if learning:
            self.echo, self._sent = None, []
        for place, channel in enumerate(self.channels):
            if learning:
                self._sent.append(self._xp.asarray(messages, copy=True) if channel.back and messages is not None else None)
            if messages is not None and (learning or channel.judged):
                messages = self._through(place, channel, messages, number, learning)
        return messages

    def _through(self, place: int, channel: Channel, messages: Array, number: int, learning: bool) -> Array | None:
        def draw(kind: str, shape: tuple[int, ...]) -> Array:
            where = (
                len(DIRECTIONS) * self.layer + DIRECTIONS.index(self.direction),
                number,
                zlib.crc32(f"{kind}:{place}".encode()),
            )
            each = shape[-2:]
            chances = [generator(seed, Purpose.CHANNEL, *where) for seed in self._seeds]
            return self._own([one.standard_normal(each) if kind == "normal" else one.random(each) for one in chances])

        passage = Passage(self._xp, learning, self._under_way[place], draw)
        if learning and self.direction == "activity":
            echo = channel.echo(messages, passage)
            self.echo = echo if self.echo is None else self.echo if echo is None else self.echo * echo
        return channel.carry(messages, passage)

    def end(self) -> None:
        """End a round that was learnt from: what was sent in it is under way."""
        for channel, under_way, sent in zip(self.channels, self._under_way, self._sent, strict=True):
            if channel.back:
                under_way.insert(0, sent)
                del under_way[channel.back :]

    def state(self) -> dict[str, Array]:
        """What is under way, by name: `2.underway.demand.0.3` passed the first channel above layer 2 three rounds ago."""
        return {
            f"{self.layer}.underway.{self.direction}.{place}.{age}": messages
            for place, under_way in enumerate(self._under_way)
            for age, messages in enumerate(under_way, start=1)
            if messages is not None
        }

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over what was under way."""
        prefix = f"{self.layer}.underway.{self.direction}."
        self._under_way = [[] for _ in self.channels]
        for name, messages in arrays.items():
            if name.startswith(prefix):
                place, age = map(int, name.removeprefix(prefix).split("."))
                under_way = self._under_way[place]
                under_way.extend([None] * (age - len(under_way)))
                under_way[age - 1] = messages
        self.echo, self._sent = None, []

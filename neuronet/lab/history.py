"""What a session remembers of its rounds: enough for curves, never more than a few hundred points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from neuronet.core.structure.network import Floats, Ints

MOST_POINTS = 400
"""Points on a curve; when there are more, every second one is forgotten."""


def place_of(nodes: Sequence[Ints], node: int) -> tuple[int, int] | None:
    """The layer and place of a node among the nodes of each layer; None if it is not there."""
    for layer, here in enumerate(nodes):
        found = np.flatnonzero(here == node)
        if found.size:
            return layer, int(found[0])
    return None


@dataclass(eq=False)
class Past:
    """What was measured, one entry each time that the session looked.

    Attributes:
        rounds: How many rounds had been played.
        train_loss: Mean loss of the rounds since the entry before; nan before the first.
        test_loss: Mean loss on test samples.
        test_accuracy: Part of the test samples classified rightly; nan where targets are values.
        nodes: The node of each neuron in each layer, the inputs first: a neuron keeps its node when others come and go.
        received: For each layer but the outputs the attention that each neuron received.
        cosines: For each listening layer the cosine between its update and backpropagation's; nan where one does not move.
    """

    rounds: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    nodes: list[tuple[Ints, ...]] = field(default_factory=list)
    received: list[tuple[Floats, ...]] = field(default_factory=list)
    cosines: list[tuple[float, ...]] = field(default_factory=list)

    def note(
        self,
        rounds: int,
        losses: tuple[float, float, float],
        nodes: tuple[Ints, ...],
        received: Sequence[Floats],
        cosines: Sequence[float],
    ) -> None:
        """Add an entry: training loss, test loss and test accuracy, who is there, their attention, cosines."""
        if len(self.rounds) >= MOST_POINTS:
            for each in fields(self):
                del getattr(self, each.name)[1::2]
        self.rounds.append(rounds)
        for kept, loss in zip((self.train_loss, self.test_loss, self.test_accuracy), losses, strict=True):
            kept.append(loss)
        self.nodes.append(nodes)
        self.received.append(tuple(received))
        self.cosines.append(tuple(cosines))

    def copy(self) -> Past:
        """The same, which does not grow any more."""
        return Past(*(list(getattr(self, each.name)) for each in fields(self)))

    def attention_of(self, node: int) -> tuple[Floats, Floats]:
        """The attention that a neuron received at each entry, and the mean of its layer; nan where it was not there."""
        own, mean = np.full(len(self.rounds), math.nan), np.full(len(self.rounds), math.nan)
        seen: tuple[Ints, ...] | None = None
        place: tuple[int, int] | None = None
        for number, (nodes, received) in enumerate(zip(self.nodes, self.received, strict=True)):
            if nodes is not seen:  # mostly nobody has come or gone
                seen, place = nodes, place_of(nodes, node)
            if place is not None and place[0] < len(received):
                own[number], mean[number] = received[place[0]][place[1]], received[place[0]].mean()
        return own, mean

    def angles_of(self, layer: int) -> Floats:
        """The angle in degrees between the update of a listening layer, 1 for the first, and backpropagation's."""
        cosines = [each[layer - 1] if layer <= len(each) else math.nan for each in self.cosines]
        return np.asarray(np.rad2deg(np.arccos(np.clip(cosines, -1, 1))))

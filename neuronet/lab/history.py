"""What a session remembers of its rounds: enough for curves, never more than a few hundred points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from neuronet.core.structure.network import Floats, Ints

MAX_POINTS = 400
"""Points on a curve; when there are more, every second one is forgotten."""


def locate_node(nodes: Sequence[Ints], node: int) -> tuple[int, int] | None:
    """The layer and place of a node among the nodes of each layer; None if it is not there."""
    for layer, layer_nodes in enumerate(nodes):
        found = np.flatnonzero(layer_nodes == node)
        if found.size:
            return layer, int(found[0])
    return None


@dataclass(eq=False)
class History:
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

    def append(
        self,
        rounds: int,
        losses: tuple[float, float, float],
        nodes: tuple[Ints, ...],
        received: Sequence[Floats],
        cosines: Sequence[float],
    ) -> None:
        """Add an entry: training loss, test loss and test accuracy, who is there, their attention, cosines."""
        if len(self.rounds) >= MAX_POINTS:
            for each in fields(self):
                del getattr(self, each.name)[1::2]
        self.rounds.append(rounds)
        for series, loss in zip((self.train_loss, self.test_loss, self.test_accuracy), losses, strict=True):
            series.append(loss)
        self.nodes.append(nodes)
        self.received.append(tuple(received))
        self.cosines.append(tuple(cosines))

    def copy(self) -> History:
        """The same, which does not grow any more."""
        return History(*(list(getattr(self, each.name)) for each in fields(self)))

    def attention_of(self, node: int) -> tuple[Floats, Floats]:
        """The attention that a neuron received at each entry, and the mean of its layer; nan where it was not there."""
        own, mean = np.full(len(self.rounds), math.nan), np.full(len(self.rounds), math.nan)
        last_nodes: tuple[Ints, ...] | None = None
        position: tuple[int, int] | None = None
        for number, (nodes, received) in enumerate(zip(self.nodes, self.received, strict=True)):
            if nodes is not last_nodes:  # mostly nobody has come or gone
                last_nodes, position = nodes, locate_node(nodes, node)
            if position is not None and position[0] < len(received):
                own[number], mean[number] = received[position[0]][position[1]], received[position[0]].mean()
        return own, mean

    def angles_of(self, layer: int) -> Floats:
        """The angle in degrees between the update of a listening layer, 1 for the first, and backpropagation's."""
        cosines = [each[layer - 1] if layer <= len(each) else math.nan for each in self.cosines]
        return np.asarray(np.rad2deg(np.arccos(np.clip(cosines, -1, 1))))

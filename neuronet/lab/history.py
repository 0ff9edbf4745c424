"""Measurements of a session over time: at most a few hundred points, enough for curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from neuronet.core import Floats, Ints

MAX_POINTS = 400
"""Entries of a history; when there are more, every second one is removed."""


def locate_node(nodes: Sequence[Ints], node: int) -> tuple[int, int] | None:
    """Return the layer of a node and its position there; None if no layer has it."""
    for layer, layer_nodes in enumerate(nodes):
        found = np.flatnonzero(layer_nodes == node)
        if found.size:
            return layer, int(found[0])
    return None


@dataclass(eq=False)
class History:
    """Measurements, one entry per snapshot.

    Attributes:
        rounds: Number of rounds played.
        train_loss: Mean loss of the rounds since the previous entry; nan before the first round.
        test_loss: Mean loss on test samples.
        test_accuracy: Accuracy on test samples, 0 to 1; nan in regression.
        nodes: Node of each neuron in each layer, the inputs first; a neuron keeps its node when others are added or removed.
        received: For each layer except the outputs, the attention that each neuron receives.
        cosines: For each listening layer, the cosine between its update and backpropagation's; nan if one has length 0.
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
        """Add an entry; `losses` are training loss, test loss and test accuracy."""
        if len(self.rounds) >= MAX_POINTS:
            for column in fields(self):
                del getattr(self, column.name)[1::2]
        self.rounds.append(rounds)
        for series, loss in zip((self.train_loss, self.test_loss, self.test_accuracy), losses, strict=True):
            series.append(loss)
        self.nodes.append(nodes)
        self.received.append(tuple(received))
        self.cosines.append(tuple(cosines))

    def copy(self) -> History:
        """Return a copy that later entries do not change."""
        return History(*(list(getattr(self, column.name)) for column in fields(self)))

    def attention_of(self, node: int) -> tuple[Floats, Floats]:
        """Return the attention of a neuron at each entry, and the mean of its layer; nan where the neuron did not exist."""
        own, mean = np.full(len(self.rounds), math.nan), np.full(len(self.rounds), math.nan)
        last_nodes: tuple[Ints, ...] | None = None
        position: tuple[int, int] | None = None
        for number, (nodes, received) in enumerate(zip(self.nodes, self.received, strict=True)):
            if nodes is not last_nodes:  # rarely
                last_nodes, position = nodes, locate_node(nodes, node)
            if position is not None and position[0] < len(received):
                own[number], mean[number] = received[position[0]][position[1]], received[position[0]].mean()
        return own, mean

    def angles_of(self, layer: int) -> Floats:
        """Return the angle in degrees between the update of a listening layer (>= 1) and backpropagation's at each entry."""
        cosines = [entry[layer - 1] if layer <= len(entry) else math.nan for entry in self.cosines]
        return np.asarray(np.rad2deg(np.arccos(np.clip(cosines, -1, 1))))

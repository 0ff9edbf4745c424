"""Places of a network's neurons: a column of dots for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from neuronet.core import Floats, Ints
from neuronet.plotting.network.input_layout import MAX_ROW, InputLayout
from neuronet.plotting.network.model import NetworkView

ROW, STEP = 0.14, 0.17
"""Smallest distance between two rows of a layer, and between its dots side by side, in inches."""


@dataclass(frozen=True, eq=False)
class Column:
    """Dots of one layer.

    Attributes:
        layer: 0 for inputs.
        members: Positions in the layer that each dot stands for.
        attention: (D,), attention that each dot receives; of the outputs, what they pay.
        x: (D,), distance from the left edge in inches.
        y: (D,), distance from the lower edge in inches.
        row: Distance between two rows in inches.
    """

    layer: int
    members: Sequence[tuple[int, ...]]
    attention: Floats
    x: Floats
    y: Floats
    row: float

    @property
    def middle(self) -> float:
        """Horizontal middle of the column in inches."""
        return float(self.x.min() + self.x.max()) / 2

    @property
    def first_members(self) -> list[int]:
        """First position of each dot."""
        return [members[0] for members in self.members]


def input_column(view: NetworkView, inputs: InputLayout) -> Column:
    """Return the column of the inputs."""
    received = view.received(0)
    attention = np.asarray([received[list(members)].sum() for members in inputs.bins])
    return Column(0, inputs.bins, attention, inputs.x, inputs.y, inputs.row)


def listening_columns(view: NetworkView, start: float, end: float, bottom: float, top: float) -> list[Column]:
    """Return a column for each listening layer.

    Args:
        view: The network.
        start: Right edge of the inputs in inches.
        end: Right edge of the outputs in inches.
        bottom: Lower edge in inches.
        top: Upper edge in inches.
    """
    shown = [_most_attended(view, layer) for layer in range(1, view.outputs + 1)]
    per_row = [max(1, ceil(len(positions) * ROW / (top - bottom))) for positions in shown]
    gap = (end - start - STEP * sum(count - 1 for count in per_row)) / len(shown)
    columns, x = [], start
    for layer, (positions, count) in enumerate(zip(shown, per_row, strict=True), start=1):
        x += gap
        row = min((top - bottom) / ceil(len(positions) / count), MAX_ROW)
        number = np.arange(len(positions), dtype=np.float64)
        down = number // count + (number % count) / count  # neighbours stand a little lower, so that lines pass between them
        y = (bottom + top) / 2 + row * (float(down.max()) / 2 - down)
        members = [(int(position),) for position in positions]
        columns.append(Column(layer, members, view.received(layer)[positions], x + STEP * (number % count), y, row))
        x += STEP * (count - 1)
    return columns


def _most_attended(view: NetworkView, layer: int) -> Ints:
    """Return the positions that are drawn, ascending; the selected neuron is among them."""
    shown = np.argsort(-view.received(layer), kind="stable")[: view.max_neurons]
    if view.selected is not None and view.selected[0] == layer and view.selected[1] not in shown:
        shown = np.append(shown[:-1], view.selected[1])
    return np.sort(shown)

"""The card of the whole network, in which neurons are clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import reacton.ipyvuetify as v
import solara
from matplotlib.figure import Figure

from neuronet.lab.cards.neuron_card import NeuronPosition
from neuronet.lab.clickable_figure import ClickableFigure, Hotspot
from neuronet.lab.panels import PIXELS, PolicyStyles, network_panel
from neuronet.lab.snapshot import Snapshot
from neuronet.lab.widgets import Title
from neuronet.plotting.network.model import Layout

MIN_HOTSPOT_RADIUS = 6.0
"""Pixels around the middle of a neuron that count as a click on it."""


@solara.component  # type: ignore[untyped-decorator]
def NetworkCard(  # noqa: N802
    snapshot: Snapshot,
    styles: PolicyStyles,
    picked: NeuronPosition,
    size: tuple[int, int],
    *,
    alone: bool,
    on_alone: Callable[[bool], None],
    on_choose: Callable[[NeuronPosition], None],
) -> None:
    """The layered network.

    Args:
        snapshot: What there is to see.
        styles: Each policy's colour and marker.
        picked: The neuron that is looked into.
        size: Of the picture, in pixels.
        alone: Whether its connections alone are drawn.
        on_alone: Called when that is to change.
        on_choose: Called with a neuron that was clicked.
    """

    def choose(name: str, across: float, down: float) -> None:
        layer, position = name.split("/")
        on_choose((int(layer), _pixel(snapshot, across, down) if position == "image" else int(position)))

    def draw() -> tuple[Figure, Sequence[Hotspot]]:
        figure, drawing = network_panel(snapshot, styles, picked, size, alone=alone)
        return figure, hotspots(snapshot, drawing)

    with solara.Div(classes=["lab-card"], style="position: relative"):
        Title("Network: click a neuron or a pixel to look into it")
        ClickableFigure(
            draw, text="The layered network", size=size, dependencies=[snapshot.number, picked, alone], on_pick=choose
        )
        v.Checkbox(
            label="its connections alone",
            v_model=alone,
            on_v_model=on_alone,
            dense=True,
            hide_details=True,
            class_="lab-alone",
            style_="position: absolute; right: 8px; top: 4px",
        )


def _pixel(snapshot: Snapshot, across: float, down: float) -> int:
    """The input at these parts, 0 to 1, of the image's width and height; of several channels the first."""
    rows, columns = snapshot.environment.shape[-2:]
    row, column = (min(int(part * count), count - 1) for part, count in ((down, rows), (across, columns)))
    return row * columns + column


def hotspots(snapshot: Snapshot, drawing: Layout) -> list[Hotspot]:
    """Every neuron or bin that is drawn, and the image of the inputs, in pixels."""
    spots = []
    if drawing.image is not None:
        box = drawing.image
        top = PIXELS * (drawing.height - box.bottom - box.height)
        size = (PIXELS * box.width, PIXELS * box.height)
        spots.append(Hotspot("0/image", PIXELS * box.left, top, 0.0, "click a pixel", size))
    for spot in drawing.node_areas:
        first, last = spot.members[0], spot.members[-1]
        text = snapshot.describe(spot.layer, first) if first == last else f"inputs {first} to {last}"
        radius = max(spot.diameter / 72 * PIXELS / 2 + 1, MIN_HOTSPOT_RADIUS)
        name = f"{spot.layer}/{first}"
        spots.append(Hotspot(name, PIXELS * spot.x, PIXELS * (drawing.height - spot.y), radius, text))
    return spots

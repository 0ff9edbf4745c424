"""The card of the whole network, in which neurons are clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import reacton.ipyvuetify as v
import solara
from matplotlib.figure import Figure

from neuronet.lab.cards.neuron_card import Place
from neuronet.lab.clickable_figure import Hotspot, Picture
from neuronet.lab.panels import PIXELS, Looks, network_panel
from neuronet.lab.snapshot import Look
from neuronet.lab.widgets import Title
from neuronet.plotting.network.model import Drawing

SMALLEST_SPOT = 6.0
"""Pixels around the middle of a neuron that count as a click on it."""


@solara.component  # type: ignore[untyped-decorator]
def NetworkCard(  # noqa: N802
    look: Look,
    looks: Looks,
    picked: Place,
    size: tuple[int, int],
    *,
    alone: bool,
    on_alone: Callable[[bool], None],
    on_choose: Callable[[Place], None],
) -> None:
    """The layered network.

    Args:
        look: What there is to see.
        looks: Each policy's colour and marker.
        picked: The neuron that is looked into.
        size: Of the picture, in pixels.
        alone: Whether its connections alone are drawn.
        on_alone: Called when that is to change.
        on_choose: Called with a neuron that was clicked.
    """

    def choose(name: str, across: float, down: float) -> None:
        layer, place = name.split("/")
        on_choose((int(layer), _pixel(look, across, down) if place == "image" else int(place)))

    def draw() -> tuple[Figure, Sequence[Hotspot]]:
        figure, drawing = network_panel(look, looks, picked, size, alone=alone)
        return figure, hotspots(look, drawing)

    with solara.Div(classes=["lab-card"], style="position: relative"):
        Title("Network: click a neuron or a pixel to look into it")
        Picture(draw, text="The layered network", size=size, dependencies=[look.number, picked, alone], on_pick=choose)
        v.Checkbox(
            label="its connections alone",
            v_model=alone,
            on_v_model=on_alone,
            dense=True,
            hide_details=True,
            class_="lab-alone",
            style_="position: absolute; right: 8px; top: 4px",
        )


def _pixel(look: Look, across: float, down: float) -> int:
    """The input at these parts, 0 to 1, of the image's width and height; of several channels the first."""
    rows, columns = look.environment.shape[-2:]
    row, column = (min(int(part * count), count - 1) for part, count in ((down, rows), (across, columns)))
    return row * columns + column


def hotspots(look: Look, drawing: Drawing) -> list[Hotspot]:
    """Every neuron or bin that is drawn, and the image of the inputs, in pixels."""
    spots = []
    if drawing.image is not None:
        box = drawing.image
        top = PIXELS * (drawing.height - box.bottom - box.height)
        size = (PIXELS * box.width, PIXELS * box.height)
        spots.append(Hotspot("0/image", PIXELS * box.left, top, 0.0, "click a pixel", size))
    for spot in drawing.spots:
        first, last = spot.members[0], spot.members[-1]
        text = look.describe(spot.layer, first) if first == last else f"inputs {first} to {last}"
        radius = max(spot.diameter / 72 * PIXELS / 2 + 1, SMALLEST_SPOT)
        name = f"{spot.layer}/{first}"
        spots.append(Hotspot(name, PIXELS * spot.x, PIXELS * (drawing.height - spot.y), radius, text))
    return spots

"""Card of the network, in which neurons can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import reacton.ipyvuetify as v
import solara
from matplotlib.figure import Figure

from neuronet.lab.cards.meanings import ATTENTION
from neuronet.lab.clickable_figure import ClickableFigure, Hotspot
from neuronet.lab.panels import PIXELS, network_panel
from neuronet.lab.snapshot import Snapshot
from neuronet.lab.widgets import Title
from neuronet.plotting.network import Layout, NeuronPosition, PolicyStyles, pixel_at

MIN_HOTSPOT_RADIUS = 6.0
"""Smallest radius in pixels in which a click selects a neuron."""


@solara.component
def NetworkCard(  # noqa: N802
    snapshot: Snapshot,
    styles: PolicyStyles,
    selected: NeuronPosition,
    size: tuple[int, int],
    *,
    selected_only: bool,
    on_only: Callable[[bool], None],
    on_select: Callable[[NeuronPosition], None],
) -> None:
    """Figure of the layered network.

    Args:
        snapshot: State of the session.
        styles: Colour and marker of each policy.
        selected: Selected neuron.
        size: Size of the figure in pixels.
        selected_only: Whether only the selected neuron's connections are drawn.
        on_only: Called with a changed `selected_only`.
        on_select: Called with a neuron that was clicked.
    """

    def select(name: str, across: float, down: float) -> None:
        layer, position = name.split("/")
        on_select((int(layer), pixel_at(snapshot.environment.shape, across, down) if position == "image" else int(position)))

    def draw() -> tuple[Figure, Sequence[Hotspot]]:
        figure, layout = network_panel(snapshot, styles, selected, size, selected_only=selected_only)
        return figure, hotspots(snapshot, layout)

    with solara.Div(classes=["lab-card"], style="position: relative"):
        Title("Network: click a neuron or a pixel", meaning=ATTENTION)
        ClickableFigure(
            draw, text="The layered network", size=size, dependencies=[snapshot.number, selected, selected_only], on_pick=select
        )
        v.Checkbox(
            label="only its connections",
            v_model=selected_only,
            on_v_model=on_only,
            dense=True,
            hide_details=True,
            class_="lab-alone",
            style_="position: absolute; right: 34px; top: 4px",
        )


def hotspots(snapshot: Snapshot, layout: Layout) -> list[Hotspot]:
    """Return a hotspot for every neuron, bin and image that is drawn, in pixels."""
    spots = []
    if layout.image is not None:
        box = layout.image
        top = PIXELS * (layout.height - box.bottom - box.height)
        size = (PIXELS * box.width, PIXELS * box.height)
        spots.append(Hotspot("0/image", PIXELS * box.left, top, 0.0, "click a pixel", size))
    for area in layout.node_areas:
        first, last = area.members[0], area.members[-1]
        text = snapshot.describe(area.layer, first) if first == last else f"inputs {first} to {last}"
        radius = max(area.diameter / 72 * PIXELS / 2 + 1, MIN_HOTSPOT_RADIUS)
        name = f"{area.layer}/{first}"
        spots.append(Hotspot(name, PIXELS * area.x, PIXELS * (layout.height - area.y), radius, text))
    return spots

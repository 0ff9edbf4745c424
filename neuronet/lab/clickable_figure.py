"""Matplotlib figure on the page with areas that can be clicked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipyvue
import numpy as np
import solara
import traitlets
from matplotlib.figure import Figure

from neuronet.plotting import style

PIXEL_RATIO = 1.5
"""Pixels drawn per pixel of the page, for screens of high resolution."""


@dataclass(frozen=True)
class Hotspot:
    """Circle or box that can be clicked, in pixels of the page.

    Attributes:
        name: Name reported on a click; for a box, the position in the box is reported, too.
        x: Horizontal position of the middle of a circle, or of the left edge of a box.
        y: Vertical position, from the top, of the middle of a circle, or of the upper edge of a box.
        radius: Radius; 0 for a box.
        text: Tooltip.
        box: Width and height of a box; None for a circle.
    """

    name: str
    x: float
    y: float
    radius: float
    text: str
    box: tuple[float, float] | None = None


class ClickableFigureWidget(ipyvue.VueTemplate):  # type: ignore[misc]
    """Image under transparent hotspots."""

    template = traitlets.Unicode(
        """
<template>
  <div :style="{position: 'relative', width: width + 'px', height: height + 'px'}">
    <img :src="source" :alt="text" :width="width" :height="height" style="display: block" />
    <svg v-if="spots.length" :width="width" :height="height" style="position: absolute; left: 0; top: 0">
      <g v-for="spot in spots" :key="spot.name">
        <rect v-if="spot.box" :x="spot.x" :y="spot.y" :width="spot.box[0]" :height="spot.box[1]" fill="transparent"
          style="cursor: pointer" :data-name="spot.name" @click="point($event, spot)"><title>{{ spot.text }}</title></rect>
        <circle v-else :cx="spot.x" :cy="spot.y" :r="spot.radius" fill="transparent" style="cursor: pointer"
          :data-name="spot.name" @click="pick([spot.name, 0, 0])"><title>{{ spot.text }}</title></circle>
      </g>
    </svg>
    <a :href="source" :download="text.replace(/[^A-Za-z0-9]+/g, '-') + '.png'" class="lab-save"
      :title="'save this picture: ' + text" :aria-label="'save this picture: ' + text">&#8681;</a>
  </div>
</template>
<script>
  module.exports = {
    methods: {
      point(event, spot) {
        const box = event.target.getBoundingClientRect();
        this.pick([spot.name, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
      },
    },
  };
</script>
"""
    ).tag(sync=True)
    source = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Int(100).tag(sync=True)
    height = traitlets.Int(100).tag(sync=True)
    spots = traitlets.List([]).tag(sync=True)
    picked = traitlets.Any(None, allow_none=True)

    def vue_pick(self, data: Sequence[Any]) -> None:
        """Report a click: the name, and the position in the box as fractions from 0 to 1."""
        if self.picked is not None:
            name, across, down = data
            self.picked(str(name), float(across), float(down))


def data_url(figure: Figure) -> str:
    """Return a figure as a data URL of a PNG."""
    drawn = style.render(figure, "png", PIXEL_RATIO * figure.dpi, pil_kwargs={"compress_level": 2})
    return f"data:image/png;base64,{b64encode(drawn).decode()}"


@solara.component
def ClickableFigure(  # noqa: N802
    draw: Callable[[], tuple[Figure, Sequence[Hotspot]]],
    *,
    text: str,
    size: tuple[int, int],
    dependencies: Sequence[object],
    on_pick: Callable[[str, float, float], None] | None = None,
) -> None:
    """Figure that is drawn again when a dependency changes.

    Args:
        draw: Returns the figure and its hotspots.
        text: Alternative text.
        size: Width and height in pixels of the page.
        dependencies: Values on which the drawing depends.
        on_pick: Called with the name of a clicked hotspot, and the position in its box.
    """

    def drawn() -> tuple[str, list[dict[str, Any]]]:
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging network is drawn as long as its numbers are finite
            figure, spots = draw()
            return data_url(figure), [vars(spot) for spot in spots]

    source, spots = solara.use_memo(drawn, [*dependencies, size])
    ClickableFigureWidget.element(source=source, text=text, width=size[0], height=size[1], spots=spots, picked=on_pick)

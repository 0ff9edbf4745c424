"""A picture of a network's attention: who listens to whom, how much, and who is listened to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10
from pathlib import Path

import array_api_compat.numpy as xp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Bools, Floats, Ints, Network
from neuronet.core.utility import Power
from neuronet.plotting import style

MOST_LINES = 120
"""Connections drawn between two layers; of more the eye sees none."""

# In inches. The axes count in inches too, so that a dot's size says whether it touches its neighbour.
TOP, BOTTOM, LEFT, LEGEND = 0.55, 0.95, 0.65, 2.7
ROW, WIDEST_ROW, LEAST_HEIGHT, MOST_HEIGHT = 0.25, 0.7, 2.8, 14.0
GAP, LEAST_GAP, MOST_WIDTH = 2.3, 1.0, 18.0
NEXT_TO_DOT = 0.16

# In points.
LARGEST_DOT, SMALLEST_DOT = 15.0, 2.0
THINNEST, THICKEST = 0.3, 2.4
FAINTEST, DARKEST = 0.1, 0.9


@dataclass(frozen=True, eq=False)
class Column:
    """What is drawn of one layer, and where.

    Attributes:
        name: "inputs", "hidden 1", ..., "outputs".
        size: How many neurons the layer has.
        shown: (D,), the positions in the layer of those that are drawn, ascending.
        received: (D,), the attention that they receive; None for the outputs, to which nobody listens.
        x: Where the column stands.
        y: (D,), where each neuron stands, the first on top.
    """

    name: str
    size: int
    shown: Ints
    received: Floats | None
    x: float
    y: Floats


@dataclass(frozen=True)
class DotScale:
    """How attention becomes the area of a dot.

    Attributes:
        max_neurons: The most attention that any neuron of the picture receives.
        largest: The diameter of its dot in points.
    """

    max_attention: float
    largest: float

    def diameter(self, received: Floats | float) -> Floats:
        """In points; no neuron vanishes."""
        share = np.asarray(received) / self.max_attention if self.max_attention > 0 else np.zeros_like(received)
        return np.maximum(self.largest * np.sqrt(share), SMALLEST_DOT)


def draw_network(network: Network, path: str | Path, *, max_neurons: int = 24) -> Path:
    """Draw a network's attention into a file.

    Layers stand from left to right. A dot is a neuron, its area the attention that it receives, `sum_k w_kj^2 / 2`. A line is a
    connection: its colour is the sign of the weight, its width and darkness the weight's size beside the largest between the two
    layers. Only the strongest connections are drawn.

    Args:
        network: What is drawn.
        path: A .png, .svg or .pdf file in a folder that exists.
        max_neurons: Neurons drawn in a layer, 1 or more: those that receive most attention, and the outputs that pay most.

    Returns:
        The path.

    Raises:
        NeuroNetError: `max_neurons` is no whole number of 1 or more, or the file cannot be written.
    """
    return style.save(network_figure(network, max_neurons=max_neurons), path)


def network_figure(network: Network, *, max_neurons: int = 24) -> Figure:
    """The picture that `draw_network` writes.

    The dots of layer l have the gid "layer l", the lines to it "attention l".

    Args:
        network: What is drawn.
        max_neurons: As for `draw_network`.

    Raises:
        NeuroNetError: `max_neurons` is no whole number of 1 or more.
    """
    if isinstance(max_neurons, bool) or not isinstance(max_neurons, (int, np.integer)) or max_neurons < 1:
        raise NeuroNetError(f"max_neurons must be an integer of 1 or more, got {max_neurons!r}")
    rows = min(max(network.sizes), int(max_neurons))
    height = min(max(ROW * rows, LEAST_HEIGHT), MOST_HEIGHT)
    gaps = len(network.sizes) - 1
    gap = max(min(GAP, MOST_WIDTH / gaps), LEAST_GAP)
    columns = [_column(network, layer, int(max_neurons), LEFT + gap * layer, height) for layer in range(gaps + 1)]
    top = max((float(each.received.max()) for each in columns if each.received is not None), default=0.0)
    scale = DotScale(top, min(LARGEST_DOT, 0.85 * 72 * height / rows))

    figure, axes = _new_axes(LEFT + gap * gaps + LEGEND, TOP + height + BOTTOM)
    for layer, ends in enumerate(pairwise(columns), start=1):
        _draw_connections(axes, network.weights[layer - 1], network.masks[layer - 1], ends, f"attention {layer}")
    for layer, column in enumerate(columns):
        _draw_neurons(axes, column, scale, f"layer {layer}")
        _name_column(axes, column, BOTTOM + height)
    _draw_indices(axes, columns[0], -NEXT_TO_DOT, "right")
    _draw_indices(axes, columns[-1], NEXT_TO_DOT, "left")
    is_partial = max(network.sizes) > max_neurons or max(weights.size for weights in network.weights) > MOST_LINES
    _draw_legend(axes, columns[-1].x + 0.6, BOTTOM + height + 0.2, scale, is_partial)
    return figure


def _column(network: Network, layer: int, max_neurons: int, x: float, height: float) -> Column:
    size, last = network.sizes[layer], len(network.sizes) - 1
    # Nobody listens to the outputs: they count by the attention that they pay.
    weights = network.weights[-1].T if layer == last else network.weights[layer]
    with np.errstate(over="ignore"):  # of a network that diverged
        attention = np.minimum(Power().utility(xp, weights), np.finfo(np.float64).max, dtype=np.float64)
    shown = np.sort(np.argsort(-attention, kind="stable")[:max_neurons])
    name = "inputs" if layer == 0 else "outputs" if layer == last else f"hidden {layer}"
    row = min(height / len(shown), WIDEST_ROW)
    y = BOTTOM + height / 2 + row * ((len(shown) - 1) / 2 - np.arange(len(shown), dtype=np.float64))
    return Column(name, size, shown, None if layer == last else attention[shown], x, y)


def _new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure, and axes that cover it and count in inches."""
    figure = style.new_figure(width, height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, height)
    return figure, axes


def _draw_connections(axes: Axes, weights: Floats, mask: Bools | None, ends: tuple[Column, Column], gid: str) -> None:
    speakers, listeners = ends
    between = weights[np.ix_(listeners.shown, speakers.shown)]
    strength = np.abs(between)
    strongest = np.argsort(-strength, axis=None, kind="stable")[:MOST_LINES][::-1]  # the strongest is drawn last, on top
    j, i = np.unravel_index(strongest[strength.flat[strongest] > 0], between.shape)
    share = strength[j, i] / strength.max() if len(j) else np.zeros(0)
    colours = np.empty((len(share), 4))
    colours[:, :3] = np.where(between[j, i, None] > 0, to_rgb(style.BLUE), to_rgb(style.ORANGE))
    colours[:, 3] = FAINTEST + (DARKEST - FAINTEST) * share**2  # squared, as attention is
    points = np.empty((len(share), 2, 2))
    points[:, 0, 0], points[:, 1, 0] = speakers.x, listeners.x
    points[:, 0, 1], points[:, 1, 1] = speakers.y[i], listeners.y[j]
    widths = THINNEST + (THICKEST - THINNEST) * share
    axes.add_collection(LineCollection(list(points), colors=colours, linewidths=widths, zorder=1, gid=gid), autolim=False)

    connection_count = weights.size if mask is None else int(mask.sum())
    largest = f"\n|w| up to {strength.max():.2g}" if len(share) else ""
    _write(
        axes,
        (speakers.x + listeners.x) / 2,
        BOTTOM - 0.4,
        f"{_of(len(share), connection_count)}\nconnections{largest}",
        style.MUTED,
    )


def _draw_neurons(axes: Axes, column: Column, scale: DotScale, gid: str) -> None:
    x = np.full(len(column.shown), column.x)
    if column.received is None:
        axes.scatter(x, column.y, s=_output_diameter(scale) ** 2, c=style.PAPER, edgecolors=style.INK, zorder=2, gid=gid)
        return
    sizes = scale.diameter(column.received) ** 2
    axes.scatter(x, column.y, s=sizes, c=style.INK, edgecolors=style.PAPER, linewidths=0.6, zorder=2, gid=gid)


def _output_diameter(scale: DotScale) -> float:
    return 0.6 * scale.largest


def _name_column(axes: Axes, column: Column, top: float) -> None:
    axes.text(column.x, top + 0.15, column.name, fontsize=style.NORMAL, color=style.INK, ha="center", va="bottom", weight="bold")
    _write(axes, column.x, BOTTOM - 0.15, _of(len(column.shown), column.size), style.INK)


def _write(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.text(x, y, text, fontsize=style.SMALL, color=colour, ha="center", va="top", linespacing=1.25)


def _of(shown_count: int, total: int) -> str:
    whole = f"{total:,}" if total < 1e6 else f"{total / 1e6:.3g} M"
    return f"all {whole}" if shown_count == total else f"{shown_count} of {whole}"


def _draw_indices(axes: Axes, column: Column, aside: float, align: str) -> None:
    """Each neuron's place in its layer, where there is room for it."""
    row = -np.diff(column.y).max(initial=-WIDEST_ROW)
    if row * 72 < style.SMALL:
        return
    for place, y in zip(column.shown, column.y, strict=True):
        axes.text(column.x + aside, y, str(place), fontsize=style.SMALL - 1, color=style.MUTED, ha=align, va="center_baseline")


def _draw_legend(axes: Axes, x: float, y: float, scale: DotScale, is_partial: bool) -> None:
    """The legend, its upper left corner at (x, y); `is_partial` if something is not drawn."""
    lines = [
        Line2D([], [], color=style.BLUE, linewidth=THICKEST, label="w > 0"),
        Line2D([], [], color=style.ORANGE, linewidth=THICKEST, label="w < 0"),
        Line2D([], [], color=style.MUTED, linewidth=THINNEST, label="small |w|, for its layer"),
    ]
    dots = [_dot(float(scale.diameter(value)), style.INK, f"{value:g}") for value in _round_values(scale.max_attention)]
    dots.append(_dot(_output_diameter(scale), style.PAPER, "output: paid by the\nenvironment"))
    _legend(axes, x, y, "Attention paid: weight w", lines)
    _legend(axes, x, y - 1.1, "Attention received:\nsum of w² / 2", dots)
    if is_partial:
        text = "Drawn are the neurons that\nreceive most (outputs: pay\nmost) and the strongest\nconnections between them."
        axes.text(x + 0.05, y - 2.75, text, fontsize=style.SMALL, color=style.MUTED, ha="left", va="top", linespacing=1.25)


def _dot(diameter: float, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker="o", markersize=diameter, markerfacecolor=face, markeredgecolor=style.INK, label=label
    )


def _legend(axes: Axes, x: float, y: float, title: str, handles: list[Line2D]) -> None:
    legend = Legend(
        axes,
        handles,
        [str(handle.get_label()) for handle in handles],
        title=title,
        loc="upper left",
        bbox_to_anchor=(x, y),
        bbox_transform=axes.transData,
        borderaxespad=0,
        frameon=False,
        alignment="left",
        fontsize=style.SMALL,
        title_fontsize=style.NORMAL,
        labelcolor=style.INK,
        labelspacing=0.7,
    )
    legend.get_title().set_color(style.INK)
    axes.add_artist(legend)


def _round_values(max_attention: float) -> list[float]:
    """A round number up to `max_attention`, and smaller ones beneath it; nothing if there is no attention at all."""
    if max_attention <= 0:
        return []
    power = 10.0 ** floor(log10(max_attention))
    first = next(digit for digit in (5.0, 2.0, 1.0) if digit * power <= max_attention or digit == 1.0) * power
    return [first, 0.4 * first, 0.1 * first]

"""The layered network on axes of any size: neurons by policy and attention, connections by weight, inputs binned or as an image.

For pictures that are redrawn while a network learns; `neuronet.plotting.picture` has the one that says everything in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from neuronet.core.structure.network import Bools, Floats, Ints
from neuronet.plotting import style
from neuronet.plotting.network.input_layout import Inputs, bin_inputs, draw_image
from neuronet.plotting.network.legend import draw_legend
from neuronet.plotting.network.model import Layout, NetworkView, NodeArea

MOST_LINES = 120
"""Connections drawn between two layers; of more the eye sees none."""

# In inches. The axes count in inches too, so that a dot's size says whether it touches its neighbour.
TOP, BOTTOM, LEGEND, LEFT, RIGHT = 0.32, 0.46, 0.46, 0.25, 0.45
ROW, ASIDE = 0.14, 0.17
NARROW = 0.85
"""Between layers that stand closer there is no room for whole names."""

# In points.
LARGEST_DOT, SMALLEST_DOT = 13.0, 4.5
THINNEST, THICKEST = 0.3, 2.0
FAINTEST, DARKEST = 0.08, 0.85


def draw_layers(axes: Axes, view: NetworkView) -> Layout:
    """Draw a layered network from left to right onto axes, which are cleared.

    A dot is a neuron: its colour and shape are its policy, its area the attention that it receives, `sum_k w_kj^2 / 2`, beside
    the most that anyone in its layer receives. Outputs, which the environment pays, are hollow; silent neurons are crosses. A
    line is a connection: blue for a weight above 0, orange below, wide and dark where it is large beside the largest between the
    two layers. Inputs that are an image are drawn as one: the attention that each pixel receives or, where a neuron that hears
    them is looked at alone, the weights with which it listens. Many other inputs are drawn in bins, each as one.

    Args:
        axes: Where to draw, 3 inches wide and 2 high or more.
        view: What to draw.

    Returns:
        Where everything stands.
    """
    bounds = axes.get_window_extent()
    width, height = (float(side) / axes.figure.dpi for side in (bounds.width, bounds.height))
    axes.clear()
    axes.set_axis_off()
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, height)
    bottom = BOTTOM + (LEGEND if view.legend else 0.0)
    vertical_range = (bottom, height - TOP)
    inputs = bin_inputs(view.network.sizes[0], view.shape, LEFT, *vertical_range)
    columns = [_inputs_column(view, inputs), *_columns(view, LEFT + inputs.width, width - RIGHT, vertical_range)]
    for layer, ends in enumerate(pairwise(columns), start=1):
        _draw_lines(axes, view, layer, ends, inputs)
    if inputs.image is not None:
        draw_image(axes, inputs.image, view.network, view.selected, selected_only=view.selected_only)
    node_areas = [node_area for each in columns if each.layer or not inputs.image for node_area in _draw_dots(axes, view, each)]
    closest = min(float(b.x.mean() - a.x.mean()) for a, b in pairwise(columns))
    for each in columns:
        _draw_heading(axes, view, each, height - TOP, short=closest < NARROW)
        _draw_caption(axes, view, each, inputs, bottom, short=closest < NARROW)
    if view.legend:
        draw_legend(axes, view.styles, LARGEST_DOT, width, bottom - BOTTOM)
    return Layout(width, height, tuple(node_areas), inputs.image)


@dataclass(frozen=True, eq=False)
class _Column:
    """What is drawn of one layer: each dot's members, its attention (D,), and where it stands (D,)."""

    layer: int
    members: Sequence[tuple[int, ...]]
    attention: Floats
    x: Floats
    y: Floats
    row: float


def _inputs_column(view: NetworkView, inputs: Inputs) -> _Column:
    received = view.received(0)
    attention = np.asarray([received[list(each)].sum() for each in inputs.bins])
    return _Column(0, inputs.bins, attention, inputs.x, inputs.y, inputs.row)


def _columns(view: NetworkView, start: float, end: float, vertical_range: tuple[float, float]) -> list[_Column]:
    """The listening layers, spread over what is right of the inputs."""
    shown = [_most_attended(view, layer) for layer in range(1, view.outputs + 1)]
    height = vertical_range[1] - vertical_range[0]
    per_row = [max(1, int(np.ceil(len(each) * ROW / height))) for each in shown]
    wide = [ASIDE * (count - 1) for count in per_row]
    gap = (end - start - sum(wide)) / len(shown)
    columns, x = [], start
    for layer, (members, count, across) in enumerate(zip(shown, per_row, wide, strict=True), start=1):
        x += gap
        rows = int(np.ceil(len(members) / count))
        row = min(height / max(rows, 1), 3 * ROW)
        place = np.arange(len(members), dtype=np.float64)
        down = (place // count) + (place % count) / count  # neighbours stand a little lower, so that lines pass between
        middle = (vertical_range[0] + vertical_range[1]) / 2
        y = middle + row * (float(down.max()) / 2 - down)
        attention = view.received(layer)[members]
        columns.append(_Column(layer, [(int(each),) for each in members], attention, x + ASIDE * (place % count), y, row))
        x += across
    return columns


def _most_attended(view: NetworkView, layer: int) -> Ints:
    """The places of the neurons that are drawn, ascending; the chosen one is among them."""
    shown = np.argsort(-view.received(layer), kind="stable")[: view.max_neurons]
    if view.selected is not None and view.selected[0] == layer and view.selected[1] not in shown:
        shown = np.append(shown[:-1], view.selected[1])
    return np.sort(shown)


def _draw_lines(axes: Axes, view: NetworkView, layer: int, ends: tuple[_Column, _Column], inputs: Inputs) -> None:
    speakers, listeners = ends
    weights = view.network.weights[layer - 1][[each[0] for each in listeners.members]]
    between = inputs.gather(weights) if layer == 1 else weights[:, [each[0] for each in speakers.members]]
    strength = np.abs(between)
    largest = strength.max(initial=0.0)
    if view.focus is not None:
        strength = np.where(_incident(view.focus, layer, ends), strength, 0.0)
    strongest = np.argpartition(-strength, MOST_LINES, axis=None)[:MOST_LINES] if strength.size > MOST_LINES else None
    strongest = np.arange(strength.size) if strongest is None else strongest
    strongest = strongest[np.argsort(strength.flat[strongest], kind="stable")]  # the strongest is drawn last, on top
    j, i = np.unravel_index(strongest[strength.flat[strongest] > 0], between.shape)
    share = strength[j, i] / largest if len(j) else np.zeros(0)
    colours = np.empty((len(share), 4))
    colours[:, :3] = np.where(between[j, i, None] > 0, to_rgb(style.BLUE), to_rgb(style.ORANGE))
    colours[:, 3] = FAINTEST + (DARKEST - FAINTEST) * share**2  # squared, as attention is
    points = np.empty((len(share), 2, 2))
    points[:, 0, 0], points[:, 1, 0] = speakers.x[i], listeners.x[j]
    points[:, 0, 1], points[:, 1, 1] = speakers.y[i], listeners.y[j]
    widths = THINNEST + (THICKEST - THINNEST) * share
    lines = LineCollection(
        list(points), colors=colours, linewidths=widths, zorder=0.5, gid=f"attention {layer}"
    )  # an image stands above
    axes.add_collection(lines, autolim=False)


def _incident(selected: tuple[int, int], layer: int, ends: tuple[_Column, _Column]) -> Bools:
    """(listeners, speakers), True for connections of the chosen neuron."""
    speakers, listeners = ends
    speaks = np.asarray([selected[0] == layer - 1 and selected[1] in each for each in speakers.members])
    listens = np.asarray([selected[0] == layer and selected[1] in each for each in listeners.members])
    return np.asarray(speaks[None, :] | listens[:, None])


def _draw_dots(axes: Axes, view: NetworkView, column: _Column) -> list[NodeArea]:
    max_diameter = min(LARGEST_DOT, 0.92 * 72 * min(column.row, ASIDE if column.row < 2 * ROW else column.row))
    is_output = column.layer == view.outputs
    most = column.attention.max()
    share = column.attention / most if most > 0 else np.zeros_like(column.attention)
    diameters = (
        np.full(len(share), 0.6 * max_diameter)
        if is_output
        else np.maximum(max_diameter * np.sqrt(share), min(SMALLEST_DOT, max_diameter))
    )
    names = [""] * len(share)
    if view.policies and 0 < column.layer < view.outputs:
        names = [view.policies[column.layer - 1][each[0]] for each in column.members]
    silent = np.asarray([view.is_silent(column.layer, each[0]) for each in column.members])
    axes.scatter(column.x[silent], column.y[silent], s=20, c=style.MUTED, marker="x", linewidths=1.2, zorder=3, gid="silent")
    for name in dict.fromkeys(names):
        here = np.asarray([each == name for each in names]) & ~silent
        colour, marker = view.styles.get(name, (style.MUTED if column.layer == 0 else style.INK, "o"))
        face, edge = (style.PAPER, style.INK) if is_output else (colour, style.PAPER)
        sizes = diameters[here] ** 2
        gid = f"layer {column.layer}"
        axes.scatter(
            column.x[here], column.y[here], s=sizes, c=face, edgecolors=edge, linewidths=0.6, marker=marker, zorder=3, gid=gid
        )
    for place, each in enumerate(column.members):
        if view.selected is not None and view.selected[0] == column.layer and view.selected[1] in each:
            ring = max(diameters[place] + 5, 10.0)
            axes.scatter(
                column.x[place],
                column.y[place],
                s=ring**2,
                c="none",
                edgecolors=style.INK,
                linewidths=1.4,
                zorder=4,
                gid="selected",
            )
    parts = zip(column.members, column.x.tolist(), column.y.tolist(), diameters.tolist(), strict=True)
    return [NodeArea(column.layer, members, x, y, diameter) for members, x, y, diameter in parts]


def _draw_heading(axes: Axes, view: NetworkView, column: _Column, top: float, *, short: bool) -> None:
    hidden = "hidden" if view.outputs == 2 else f"{'' if short else 'hidden '}{column.layer}"
    name = "inputs" if column.layer == 0 else "outputs" if column.layer == view.outputs else hidden
    x = float(column.x.min() + column.x.max()) / 2
    axes.text(x, top + 0.12, name, fontsize=style.NORMAL, color=style.INK, ha="center", va="bottom")
    if column.layer == view.outputs and column.row * 72 > style.SMALL:
        for members, y in zip(column.members, column.y, strict=True):
            at = float(column.x.max()) + 0.12
            axes.text(at, y, str(members[0]), fontsize=style.SMALL, color=style.MUTED, ha="left", va="center_baseline")


def _draw_caption(axes: Axes, view: NetworkView, column: _Column, inputs: Inputs, bottom: float, *, short: bool) -> None:
    """How many there are, and what the largest dot stands for."""
    size = view.network.sizes[column.layer]
    all_of_them = column.layer == 0 or len(column.members) == size
    lines = [f"{size:,}" if all_of_them else f"{len(column.members)} of {size:,}"]
    if column.layer == 0:
        lines += filter(None, [inputs.caption(view.focus)])
    if 0 < column.layer < view.outputs or (column.layer == 0 and len(lines) == 1):
        most = f"{float(column.attention.max()):.2g}"
        lines.append(most if short else f"most: {most}")
    x = float(column.x.min() + column.x.max()) / 2
    text = "\n".join(lines)
    axes.text(x, bottom - 0.1, text, fontsize=style.SMALL, color=style.MUTED, ha="center", va="top", linespacing=1.2)

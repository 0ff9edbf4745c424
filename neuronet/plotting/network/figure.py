"""The figure of a layered network on axes of any size."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from neuronet.core import Bools, Floats, Ints
from neuronet.plotting import style
from neuronet.plotting.network.columns import STEP, Column, input_column, listening_columns
from neuronet.plotting.network.input_layout import MAX_ROW, InputLayout, draw_image, lay_out_inputs
from neuronet.plotting.network.legend import draw_legend, legend_height
from neuronet.plotting.network.model import Layout, NetworkView, NeuronPosition, NodeArea

MAX_LINES = 120
"""Connections drawn between two layers: the strongest."""

# In inches. The data coordinates of the axes are inches, too.
TOP, BOTTOM, LEFT, RIGHT = 0.32, 0.46, 0.35, 0.45
NARROW, WIDE = 1.05, 1.75
"""Distances between two layers below which names are shortened, and from which their connections are counted in words."""
CROWDED, LABEL_WIDTH = 0.5, 0.7
"""Distance between two layers below which only some layers are named, and the width of a name in inches."""
IMAGE_SHARE = 0.38
"""Largest share of the figure's width that an image takes."""

# In points.
MAX_DOT, MIN_DOT, CROSS, MIN_RING = 13.0, 4.5, 4.5, 10.0
MIN_LINE, MAX_LINE = 0.3, 2.0
MIN_OPACITY, MAX_OPACITY = 0.08, 0.85


def draw_layers(axes: Axes, view: NetworkView) -> Layout:
    """Draw a layered network from left to right onto axes, which are cleared.

    A dot is a neuron. Its colour and shape show its policy, its area the attention that it receives, `sum_k w_kj^2 / 2`,
    relative to the largest in its layer. Outputs, which the environment pays, are hollow; silent neurons are crosses.
    A line is a connection: blue for a positive weight, orange for a negative one; width and opacity show its size relative
    to the largest between the two layers. Inputs that are an image are drawn as one: the attention that each pixel receives,
    or the weights of a neuron in focus. Many other inputs are drawn in bins.

    Args:
        axes: Axes of at least 3 by 2 inches.
        view: The network and how to draw it.

    Returns:
        The places of everything drawn.
    """
    bounds = axes.get_window_extent()
    width, height = (float(side) / axes.figure.dpi for side in (bounds.width, bounds.height))
    axes.clear()
    axes.set_axis_off()
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, height)
    bottom, top = BOTTOM + legend_height(width) * view.legend, height - TOP
    inputs = lay_out_inputs(view.network.sizes[0], view.shape, LEFT, bottom, top, IMAGE_SHARE * width)
    columns = [input_column(view, inputs), *listening_columns(view, LEFT + inputs.width, width - RIGHT, bottom, top)]
    gap = min(listeners.middle - speakers.middle for speakers, listeners in pairwise(columns))
    for speakers, listeners in pairwise(columns):
        caption = _draw_lines(axes, view, speakers, listeners, inputs)
        if gap >= WIDE:
            _write_below(axes, (speakers.middle + listeners.middle) / 2, bottom, caption)
    if inputs.image is not None:
        draw_image(axes, inputs.image, view.network, view.received(0), view.selected, selected_only=view.selected_only)
    node_areas = [area for column in columns if column.layer or not inputs.image for area in _draw_dots(axes, view, column)]
    step = 1 if gap >= CROWDED else ceil(LABEL_WIDTH / gap)
    for column in columns:
        if column.layer not in (0, view.outputs) and (column.layer % step or column.layer > view.outputs - step):
            continue
        _draw_heading(axes, view, column, top, short=gap < NARROW)
        _write_below(axes, column.middle, bottom, _caption(view, column, inputs, short=gap < NARROW))
    if view.legend:
        draw_legend(axes, view, MAX_DOT, width, bottom - BOTTOM)
    return Layout(width, height, tuple(node_areas), inputs.image)


def _draw_lines(axes: Axes, view: NetworkView, speakers: Column, listeners: Column, inputs: InputLayout) -> list[str]:
    """Draw the strongest connections between two layers, and return the lines of their caption."""
    shown = slice(None) if speakers.layer == 0 else speakers.first_members
    rows, _ = view.network.layer_part(listeners.layer, listeners.first_members, shown)
    between = inputs.gather(rows) if speakers.layer == 0 else rows
    strength = np.abs(between)
    largest = float(strength.max(initial=0.0))
    if view.focus is not None:
        strength = np.where(_incident(view.focus, speakers, listeners), strength, 0.0)
    j, i = _strongest(strength)
    share = strength[j, i] / largest if len(j) else np.zeros(0)
    colours = np.empty((len(share), 4))
    colours[:, :3] = np.where(between[j, i, None] > 0, to_rgb(style.BLUE), to_rgb(style.ORANGE))
    colours[:, 3] = MIN_OPACITY + (MAX_OPACITY - MIN_OPACITY) * share**2  # squared, as attention is
    points = np.empty((len(share), 2, 2))
    points[:, 0, 0], points[:, 1, 0] = speakers.x[i], listeners.x[j]
    points[:, 0, 1], points[:, 1, 1] = speakers.y[i], listeners.y[j]
    widths = MIN_LINE + (MAX_LINE - MIN_LINE) * share
    gid = f"attention {listeners.layer}"
    lines = LineCollection(list(points), colors=colours, linewidths=widths, zorder=0.5, gid=gid)  # an image stands above
    axes.add_collection(lines, autolim=False)
    if speakers.layer == 0 and inputs.is_binned:
        return [f"strongest {len(share)}"]
    count = f"{len(share)} of {_count(view.network.layer_connections(listeners.layer))}"
    return [count, f"|w| ≤ {largest:.2g}"] if len(share) else [count]


def _strongest(strength: Floats) -> tuple[Ints, Ints]:
    """Return rows and columns of the largest strengths above 0, ascending, so that the strongest is drawn on top."""
    chosen = np.arange(strength.size)
    if strength.size > MAX_LINES:
        chosen = np.argpartition(-strength, MAX_LINES, axis=None)[:MAX_LINES]
    chosen = chosen[np.argsort(strength.flat[chosen], kind="stable")]
    j, i = np.unravel_index(chosen[strength.flat[chosen] > 0], strength.shape)
    return j.astype(np.int64), i.astype(np.int64)


def _incident(neuron: NeuronPosition, speakers: Column, listeners: Column) -> Bools:
    """Return (listeners, speakers), True for the connections of one neuron."""
    speaks, listens = (
        np.asarray([neuron[0] == column.layer and neuron[1] in members for members in column.members])
        for column in (speakers, listeners)
    )
    return np.asarray(speaks[None, :] | listens[:, None])


def _draw_dots(axes: Axes, view: NetworkView, column: Column) -> list[NodeArea]:
    diameters = _diameters(column, is_output=column.layer == view.outputs)
    silent = np.asarray([view.is_silent(column.layer, position) for position in column.first_members])
    axes.scatter(
        column.x[silent], column.y[silent], s=CROSS**2, c=style.MUTED, marker="x", linewidths=1.2, zorder=3, gid="silent"
    )
    names = np.asarray(_policy_names(view, column))
    for name in dict.fromkeys(names.tolist()):
        _draw_policy_dots(axes, view, column, diameters, (names == name) & ~silent, name)
    for number, members in enumerate(column.members):
        if view.is_selected(column.layer, members):
            ring = max(diameters[number] + 5, MIN_RING) ** 2
            x, y = column.x[number], column.y[number]
            axes.scatter(x, y, s=ring, c="none", edgecolors=style.INK, linewidths=1.4, zorder=4, gid="selected")
    parts = zip(column.members, column.x.tolist(), column.y.tolist(), diameters.tolist(), strict=True)
    return [NodeArea(column.layer, members, x, y, diameter) for members, x, y, diameter in parts]


def _diameters(column: Column, *, is_output: bool) -> Floats:
    """Return the diameter of each dot in points; the smallest ones stay visible, and neighbours do not touch."""
    largest = min(MAX_DOT, 0.92 * 72 * min(column.row, STEP if column.row < 2 * MAX_ROW / 3 else column.row))
    if is_output:
        return np.full(len(column.members), 0.6 * largest)
    peak = column.attention.max()
    share = column.attention / peak if peak > 0 else np.zeros_like(column.attention)
    return np.maximum(largest * np.sqrt(share), min(MIN_DOT, largest))


def _policy_names(view: NetworkView, column: Column) -> list[str]:
    """Return the policy of each dot; "" for inputs, outputs, and networks without policies."""
    if not view.policies or not 0 < column.layer < view.outputs:
        return [""] * len(column.members)
    return [view.policies[column.layer - 1][position] for position in column.first_members]


def _draw_policy_dots(axes: Axes, view: NetworkView, column: Column, diameters: Floats, chosen: Bools, name: str) -> None:
    colour, marker = view.shown_styles.get(name, (style.MUTED if column.layer == 0 else style.INK, "o"))
    face, edge = (style.PAPER, style.INK) if column.layer == view.outputs else (colour, style.PAPER)
    axes.scatter(
        column.x[chosen],
        column.y[chosen],
        s=diameters[chosen] ** 2,
        c=face,
        edgecolors=edge,
        linewidths=0.6,
        marker=marker,
        zorder=3,
        gid=f"layer {column.layer}",
    )


def _draw_heading(axes: Axes, view: NetworkView, column: Column, top: float, *, short: bool) -> None:
    hidden = "hidden" if view.outputs == 2 else f"{'' if short else 'hidden '}{column.layer}"
    name = "inputs" if column.layer == 0 else "outputs" if column.layer == view.outputs else hidden
    axes.text(column.middle, top + 0.12, name, fontsize=style.NORMAL, color=style.INK, ha="center", va="bottom")
    if column.layer == view.outputs and -72 * np.diff(column.y).max(initial=-MAX_ROW) > style.SMALL:
        x = float(column.x.max()) + 0.12
        for position, y in zip(column.first_members, column.y, strict=True):
            axes.text(x, y, str(position), fontsize=style.SMALL, color=style.MUTED, ha="left", va="center_baseline")


def _caption(view: NetworkView, column: Column, inputs: InputLayout, *, short: bool) -> list[str]:
    """Return how many neurons a layer has, and what its largest dot stands for."""
    size, is_input = view.network.sizes[column.layer], column.layer == 0
    lines = [_count(size) if is_input or len(column.members) == size else f"{len(column.members)} of {_count(size)}"]
    words = inputs.caption(view.focus) if is_input else ""
    if words:
        lines.append(words)
    elif column.layer < view.outputs:
        lines.append(f"{'' if short else 'attention '}≤ {float(column.attention.max()):.2g}")
    return lines


def _write_below(axes: Axes, x: float, bottom: float, lines: list[str]) -> None:
    text = "\n".join(lines)
    axes.text(x, bottom - 0.1, text, fontsize=style.SMALL, color=style.MUTED, ha="center", va="top", linespacing=1.2)


def _count(number: int) -> str:
    return f"{number:,}" if number < 1e6 else f"{number / 1e6:.3g} M"

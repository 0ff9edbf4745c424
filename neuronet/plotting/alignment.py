"""Alignment: angle and length of each layer's and group's update relative to error backpropagation's, per epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.core import DataError
from neuronet.plotting import style

COLUMNS = ("epoch", "replica", "layer", "group", "policy", "angle", "norm_ratio")

PANELS = {
    "angle": ("Direction", "angle to backpropagation (degrees)"),
    "norm_ratio": ("Length", "length relative to backpropagation"),
}
"""Title and label of each panel, by its column."""


def alignment_figure(table: pd.DataFrame, *, events: style.Events = ()) -> Figure:
    """Return the figure of a run's alignment: a line per layer or group, the mean of the replicas.

    An update of length 0 has no angle, and thus no line on the left.

    Args:
        table: Alignment of a run, as in a Result or in alignment.csv.
        events: Events during the run, in epochs.

    Raises:
        DataError: A column is missing, or there is no row.
    """
    style.check_columns("alignment", table.columns, COLUMNS)
    if table.empty:
        raise DataError("the table of alignment has no row: alignment is measured with alignment=True")
    shown = table[(table["layer"] > 0) & ~((table["group"] == "all") & (table["policy"] == ""))]
    names = dict.fromkeys(zip(shown["layer"], shown["group"], shown["policy"], strict=True))
    figure = style.new_figure(9.8, 3.6 + 0.2 * ((len(names) + 1) // 2), pads=(0.12, 0.08))
    for axes, (column, (title, label)) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        style.format_axes(axes, title=title, x="epoch", y=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for number, (layer, group, policy) in enumerate(names):
            part = shown[(shown["layer"] == layer) & (shown["group"] == group) & (shown["policy"] == policy)]
            name = f"layer {layer}: {style.truncate(policy)}" + (f" (group {group})" if group != "all" else "")
            name += ", outputs (paid by the environment)" if layer == shown["layer"].max() else ""
            _draw_line(axes, part.groupby("epoch")[column].mean().astype(np.float64), number, len(names), name)
        _draw_reference(axes, column)
        style.annotate_events(axes, events, top=False)
    style.name_below(figure, handlelength=3.0)
    return figure


def _draw_line(axes: Axes, mean: pd.Series, number: int, count: int, name: str) -> None:
    """Draw a line; the first lines are the widest, so that later ones do not hide them where they agree."""
    colour, dashes = style.line_style(number)
    width = 1.4 + 2.4 * (count - 1 - number) / count
    options: dict[str, Any] = {"linewidth": width, "marker": style.marker(mean), "markersize": 2.5 + width, "clip_on": False}
    axes.plot(mean.index, mean, color=colour, linestyle=dashes, label=name, **options)


def _draw_reference(axes: Axes, column: str) -> None:
    """Draw a right angle, or a ratio of 1."""
    axes.axhline(90 if column == "angle" else 1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
    if column == "angle":
        upper = max(float(np.nanmax(line.get_ydata(), initial=0.0)) for line in axes.lines)
        axes.set_ylim(-0.03 * upper, 1.05 * upper)
    else:
        axes.set_ylim(bottom=0)

"""Alignment: how far each layer's update, and each group's, is from error backpropagation's, from epoch to epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style

COLUMNS = ("epoch", "replica", "layer", "group", "policy", "angle", "norm_ratio")


def draw_alignment(table: pd.DataFrame, path: str | Path) -> Path:
    """Draw a run's alignment into a file.

    Args:
        table: A run's alignment, as a Result or alignment.csv has it.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: A column is missing, there is no line, or the file cannot be written.
    """
    return style.save(alignment_figure(table), path)


def alignment_figure(table: pd.DataFrame) -> Figure:
    """The angle and the length of updates against those of error backpropagation, one line for each layer or group.

    Replicas are drawn as their mean. What does not move at all has no angle, and no line on the left.

    Args:
        table: As for `draw_alignment`.

    Raises:
        NeuroNetError: A column is missing, or there is no line.
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing or table.empty:
        what = f"no column '{missing[0]}'" if missing else "no line: it is measured where alignment=True"
        raise NeuroNetError(f"the alignment has {what}")
    shown = table[(table["layer"] > 0) & ~((table["group"] == "all") & (table["policy"] == ""))]
    names = dict.fromkeys(zip(shown["layer"], shown["group"], shown["policy"], strict=True))
    figure = style.new_figure(9.8, 3.6 + 0.2 * ((len(names) + 1) // 2), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    panels = {"angle": "angle to backpropagation's update (degrees)", "norm_ratio": "length, in lengths of backpropagation's"}
    for position, (column, label) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, 2, position)
        style.format_axes(axes, title=("Direction", "Length")[position - 1], x="epoch", y=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for number, (layer, group, policy) in enumerate(names):
            part = shown[(shown["layer"] == layer) & (shown["group"] == group) & (shown["policy"] == policy)]
            name = f"layer {layer}: {style.truncate(policy)}" + (f" (group {group})" if group != "all" else "")
            _draw_line(axes, part, column, (number, len(names)), name)
        _draw_reference(axes, column)
    handles, labels = figure.axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=style.SMALL, frameon=False, handlelength=3.0)
    return figure


def _draw_line(axes: Axes, part: pd.DataFrame, column: str, place: tuple[int, int], name: str) -> None:
    """Draw the mean of the replicas; the first lines are the widest, so that the last ones do not hide them where all agree."""
    mean = part.groupby("epoch")[column].mean().astype(np.float64)
    number, of = place
    colour, dashes = style.line_style(number)
    width = 1.4 + 2.4 * (of - 1 - number) / of
    size = 0.0 if len(mean) > 25 else 2.5 + width
    axes.plot(mean.index, mean, color=colour, linestyle=dashes, linewidth=width, marker="o", markersize=size, label=name)


def _draw_reference(axes: Axes, column: str) -> None:
    """Zero and a right angle, or the same length, for the eye to compare with."""
    if column == "angle":
        upper_limit = max([90.0, *(float(np.nanmax(line.get_ydata(), initial=0.0)) for line in axes.lines)])
        axes.axhline(90, color=style.MUTED, linewidth=0.8, linestyle="dotted")
        axes.set_ylim(-0.03 * upper_limit, 1.05 * upper_limit)
        return
    axes.axhline(1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
    axes.set_ylim(bottom=0)

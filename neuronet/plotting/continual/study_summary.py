"""Figure of several continual-learning studies: accuracy at the end and over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuronet.continual import FinishedStudy, final_accuracy
from neuronet.plotting import style
from neuronet.plotting.continual.accuracy import LineStyles, draw_average_lines, line_styles

WIDTH = 9.6
"""Width of the figure in inches."""

ROW_HEIGHT = 0.21
"""Height of each method's line in inches."""


def study_summary_figure(studies: Sequence[FinishedStudy]) -> Figure:
    """Return a figure with a row of two panels for each study: final and learning accuracy, and accuracy over time.

    Args:
        studies: The studies, at least one.
    """
    names = _rank_methods(studies)
    styles = line_styles(names)
    rows = [max(2.2, 0.85 + ROW_HEIGHT * len(study.matrices)) for study in studies]
    figure = style.new_figure(WIDTH, sum(rows) + 0.7, pads=(0.06, 0.08))
    grid = figure.add_gridspec(len(studies), 2, width_ratios=(1.0, 1.15), height_ratios=rows)
    for number, study in enumerate(studies):
        is_last = number == len(studies) - 1
        study_styles = {name: styles[name] for name in names if name in study.matrices}
        final_axes, time_axes = (figure.add_subplot(grid[number, column]) for column in range(2))
        x = "accuracy on all tasks (%)" if is_last else ""
        style.format_axes(final_axes, title=study.name, x=x, title_size=style.NORMAL)
        _draw_final_accuracy(final_axes, study, study_styles)
        style.format_axes(time_axes, x="tasks learned" if is_last else "", y="accuracy so far (%)")
        draw_average_lines(time_axes, study.matrices, study_styles)
    dot: dict[str, Any] = {"color": style.MUTED, "linestyle": "", "marker": "o", "markersize": 5}
    handles = [
        *(figure.axes[1].plot([], [], color=hue, linestyle=dashes, linewidth=1.7)[0] for hue, dashes in styles.values()),
        *(Line2D([], [], markerfacecolor=face, **dot) for face in (style.MUTED, style.PAPER)),
    ]
    style.name_below(figure, handles, [*styles, "at the end, 95%", "right after each task"], ncols=5)
    return figure


def _rank_methods(studies: Sequence[FinishedStudy]) -> list[str]:
    """Return all methods in descending order of their mean final accuracy."""
    finals: dict[str, list[float]] = {}
    for study in studies:
        for name, accuracy in study.matrices.items():
            finals.setdefault(name, []).append(float(final_accuracy(accuracy).mean()))
    return sorted(finals, key=lambda name: -float(np.mean(finals[name])))


def _draw_final_accuracy(axes: Axes, study: FinishedStudy, styles: LineStyles) -> None:
    """Draw a line for each method: a dot with an interval for final accuracy, a ring for learning accuracy."""
    table = study.table.set_index("policy")
    for row_index, (name, (hue, _)) in enumerate(styles.items()):
        row = table.loc[name]
        final, low, high, learning = (100 * float(row[key]) for key in ("final", "final_low", "final_high", "learning"))
        axes.plot([final, learning], [row_index, row_index], color=style.GRID, linewidth=3.0, zorder=1)
        if np.isfinite(low):
            axes.plot([max(low, 0.0), min(high, 100.0)], [row_index, row_index], color=hue, linewidth=1.6, zorder=3)
        axes.plot(learning, row_index, "o", color=hue, markerfacecolor=style.PAPER, markersize=5, zorder=2)
        axes.plot(final, row_index, "o", color=hue, markersize=5, zorder=4)
    axes.set_yticks(range(len(styles)), labels=list(styles))
    axes.set_ylim(len(styles) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, 0.0), min(high, 101.0))

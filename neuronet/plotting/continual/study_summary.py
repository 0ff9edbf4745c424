"""One picture of several studies: how much is left of all tasks at the end, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neuronet.continual.evaluation.metrics import average_accuracy, final_accuracy
from neuronet.continual.studies.result import FinishedStudy
from neuronet.plotting import style
from neuronet.plotting.continual.accuracy import MAX_OPAQUE_BANDS, draw_line, line_styles

WIDTH = 9.6
"""Inches."""

ROW_HEIGHT = 0.21
"""Inches of a row that each method takes."""

LineStyles = Mapping[str, tuple[str, style.Dashes]]
"""Each method's colour and dash."""


def draw_study_summary(studies: Sequence[FinishedStudy], path: str | Path) -> Path:
    """Draw a row for each study: final and learning accuracy of each method, and its accuracy over time with bands.

    Args:
        studies: At least one.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    names = _rank_methods(studies)
    styles = line_styles(names)
    rows = [max(2.2, 0.85 + ROW_HEIGHT * len(study.matrices)) for study in studies]
    figure = style.new_figure(WIDTH, sum(rows) + 0.7, layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06))
    grid = figure.add_gridspec(len(studies), 2, width_ratios=(1.0, 1.15), height_ratios=rows)
    for number, study in enumerate(studies):
        last = number == len(studies) - 1
        study_styles = {name: styles[name] for name in names if name in study.matrices}
        final_axes, time_axes = (figure.add_subplot(grid[number, column]) for column in range(2))
        style.format_axes(final_axes, title="", x="accuracy on all tasks (%)" if last else "", y="")
        final_axes.set_title(study.name, fontsize=style.NORMAL, color=style.INK, loc="left", weight="bold")
        _draw_final_accuracy(final_axes, study, study_styles)
        style.format_axes(time_axes, title="", x="tasks learned" if last else "", y="accuracy so far (%)")
        _draw_accuracy_over_time(time_axes, study, study_styles)
    line_handles = [
        figure.axes[1].plot([], [], color=hue, linestyle=dashes, linewidth=1.7, label=name)[0]
        for name, (hue, dashes) in styles.items()
    ]
    figure.legend(
        handles=[*line_handles, *_marker_handles()],
        loc="outside lower center",
        ncols=5,
        fontsize=style.SMALL,
        frameon=False,
        handlelength=2.6,
    )
    return style.save(figure, path)


def _rank_methods(studies: Sequence[FinishedStudy]) -> list[str]:
    """All methods, the highest mean final accuracy first."""
    found: dict[str, list[float]] = {}
    for study in studies:
        for name, accuracy in study.matrices.items():
            found.setdefault(name, []).append(float(final_accuracy(accuracy).mean()))
    return sorted(found, key=lambda name: -float(np.mean(found[name])))


def _marker_handles() -> list[Line2D]:
    known = {"color": style.MUTED, "linestyle": "none", "marker": "o", "markersize": 5.0}
    return [
        Line2D([], [], label="at the end, 95%", **known),  # type: ignore[arg-type]
        Line2D([], [], label="right after each task", markerfacecolor=style.PAPER, **known),  # type: ignore[arg-type]
    ]


def _draw_final_accuracy(axes: Axes, study: FinishedStudy, styles: LineStyles) -> None:
    """A line for each method: a dot with an interval, and a ring for learning accuracy."""
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


def _draw_accuracy_over_time(axes: Axes, study: FinishedStudy, styles: LineStyles) -> None:
    alpha = 0.2 if len(styles) <= MAX_OPAQUE_BANDS else 0.08
    for name, (hue, dashes) in styles.items():
        draw_line(axes, name, 100 * average_accuracy(study.matrices[name]), hue, dashes, alpha)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 101.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))

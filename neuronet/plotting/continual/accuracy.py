"""Pictures of learning and forgetting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuronet.comparison.contestant import BASELINE
from neuronet.continual.evaluation.metrics import average_accuracy
from neuronet.continual.evaluation.pareto_front import configuration_points, pareto_front
from neuronet.plotting import style
from neuronet.statistics import interval

MAX_OPAQUE_BANDS = 4
"""Methods up to which the bands are easily told apart."""

MAX_COLUMNS = 4
MAX_ANNOTATED_TASKS = 10
"""Tasks up to which a matrix has its numbers written in."""

Matrices = Mapping[str, NDArray[np.float64]]
"""Each method's accuracies, (R, tasks + 1, tasks)."""


def draw_average_accuracy(matrices: Matrices, path: str | Path) -> Path:
    """Draw the mean accuracy over the tasks met so far, after each task, with 95% intervals over the seeds.

    Args:
        matrices: Each method's accuracies.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    figure = style.new_figure(7.6, 4.2, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    style.format_axes(axes, title="", x="tasks learned", y="mean accuracy on the tasks so far (%)")
    for name, (hue, dashes) in line_styles(matrices).items():
        draw_line(
            axes, name, 100 * average_accuracy(matrices[name]), hue, dashes, 0.2 if len(matrices) <= MAX_OPAQUE_BANDS else 0.08
        )
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 101.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend = figure.legend(loc="outside right upper", fontsize=style.SMALL, labelcolor=style.INK, frameon=False, handlelength=2.6)
    seeds = max(len(accuracy) for accuracy in matrices.values())
    if seeds > 1:
        legend.set_title(f"mean of {seeds} seeds,\nband: 95% interval", FontProperties(size=style.SMALL))
    return style.save(figure, path)


def draw_frontier(tuning: pd.DataFrame, path: str | Path) -> Path:
    """Draw what each method can have: final against learning accuracy, a dot for each configuration, the mean of its seeds.

    A line joins those of a method that no other of its configurations beats in both; on the dotted line nothing is forgotten.

    Args:
        tuning: A line for each game: policy, learning_rate, settings, seed, final, learning.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    figure = style.new_figure(7.6, 4.8, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    style.format_axes(axes, title="", x="learning accuracy (%)", y="final accuracy (%)")
    every = {name: 100 * points for name, points in configuration_points(tuning).items()}
    for name, (hue, dashes) in line_styles(every).items():
        points = every[name]
        best = pareto_front(points)
        axes.plot(points[:, 0], points[:, 1], ".", color=hue, markersize=5, alpha=0.5)
        axes.plot(best[:, 0], best[:, 1], color=hue, linestyle=dashes, linewidth=1.5, marker="o", markersize=4, label=name)
    learning = np.concatenate(list(every.values()))[:, 0]
    span = [learning.min(), learning.max()]
    axes.plot(span, span, color=style.MUTED, linestyle="dotted", linewidth=1.0, zorder=1)
    figure.legend(loc="outside right upper", fontsize=style.SMALL, labelcolor=style.INK, frameon=False, handlelength=2.6)
    return style.save(figure, path)


def line_styles(names: Iterable[str]) -> dict[str, tuple[str, style.Dashes]]:
    """A colour and a dash for each method; the baseline is grey."""
    known = list(names)
    others = [name for name in known if name != BASELINE]
    styles = {name: style.line_style(number) for number, name in enumerate(others)}
    return {name: styles.get(name, (style.MUTED, "dashed")) for name in known}


def draw_line(axes: Axes, name: str, so_far: NDArray[np.float64], hue: str, dashes: style.Dashes, alpha: float) -> None:
    """Draw a method's mean over its seeds, (R, tasks), after each task, with its 95% interval as a band."""
    spans = np.array([interval(column) for column in so_far.T])
    after = np.arange(1, len(spans) + 1)
    axes.plot(after, spans[:, 0], color=hue, linestyle=dashes, linewidth=1.7, label=name, zorder=4 if name == BASELINE else 3)
    if np.isfinite(spans).all():
        axes.fill_between(after, spans[:, 1], spans[:, 2], color=hue, alpha=alpha, linewidth=0)


def draw_matrices(matrices: Matrices, path: str | Path) -> Path:
    """Draw the accuracy on each task (columns) after each was learned (rows), a panel for each method; the mean of the seeds.

    Args:
        matrices: Each method's accuracies.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    columns = min(MAX_COLUMNS, len(matrices))
    rows = ceil(len(matrices) / columns)
    figure = style.new_figure(3.1 * columns + 0.9, 3.1 * rows + 0.3, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
    image = None
    for position, (name, accuracy) in enumerate(matrices.items(), start=1):
        axes = figure.add_subplot(rows, columns, position)
        style.format_axes(axes, title="", x="accuracy on task", y="after task" if position % columns == 1 or columns == 1 else "")
        axes.set_title(name, fontsize=style.NORMAL, color=style.INK, loc="left")
        image = _draw_matrix(axes, 100 * accuracy[:, 1:].mean(axis=0))
    _draw_bar(figure, image)
    return style.save(figure, path)


def _draw_matrix(axes: Axes, percent: NDArray[np.float64]) -> AxesImage:
    """Tasks that were not met yet are left pale."""
    tasks = len(percent)
    axes.grid(visible=False)
    met = np.tri(tasks, dtype=np.bool_)
    image = axes.imshow(
        np.where(met, percent, np.nan), cmap=style.AMOUNTS, vmin=0, vmax=100, extent=(0.5, tasks + 0.5, tasks + 0.5, 0.5)
    )
    for ticks in (axes.xaxis, axes.yaxis):
        ticks.set_major_locator(MaxNLocator(nbins=10, integer=True))
    if tasks <= MAX_ANNOTATED_TASKS:
        size = min(style.SMALL, 70 / tasks)
        for row, column in np.argwhere(met):
            value = percent[row, column]
            ink = style.INK if value > 55 else style.PAPER
            axes.text(column + 1, row + 1, f"{value:.0f}", ha="center", va="center", fontsize=size, color=ink)
    return image


def _draw_bar(figure: Figure, image: AxesImage | None) -> None:
    if image is not None:
        bar = figure.colorbar(image, ax=figure.axes, shrink=0.8, pad=0.02)
        bar.set_label("accuracy (%)", fontsize=style.NORMAL, color=style.INK)
        bar.ax.tick_params(labelsize=style.SMALL, labelcolor=style.INK, color=style.MUTED)
        bar.outline.set_visible(False)

"""Figures of one continual-learning study: accuracy over time, Pareto front, and accuracy on each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuronet.comparison import BASELINE
from neuronet.continual import average_accuracy, configuration_points, pareto_front
from neuronet.plotting import style
from neuronet.statistics import interval

MAX_OPAQUE_BANDS = 4
"""Largest number of methods with bands of normal opacity; more bands are paler."""

MAX_COLUMNS = 4
MAX_ANNOTATED_TASKS = 10
"""Largest number of tasks for which the numbers are written into a matrix."""

Matrices = Mapping[str, NDArray[np.float64]]
"""Accuracies of each method, (R, tasks + 1, tasks)."""

LineStyles = Mapping[str, tuple[str, style.Dashes]]
"""Colour and dashes of each method."""


def draw_average_accuracy(matrices: Matrices, path: str | Path) -> Path:
    """Draw the mean accuracy over the tasks so far after each task, with 95% intervals over the seeds.

    Args:
        matrices: Accuracies of each method.
        path: A .png, .svg or .pdf file in an existing folder.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    figure = style.new_figure(7.6, 4.2, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    style.format_axes(axes, title="Accuracy on the tasks so far", x="tasks learned", y="mean accuracy (%)")
    draw_average_lines(axes, matrices, line_styles(matrices))
    seeds = max(len(accuracy) for accuracy in matrices.values())
    title = f"mean of {seeds} seeds,\nband: 95% interval" if seeds > 1 else None
    style.add_legend(figure, loc="outside right upper", handlelength=2.6, title=title)
    return style.save(figure, path)


def draw_average_lines(axes: Axes, matrices: Matrices, styles: LineStyles) -> None:
    """Draw the mean accuracy (%) over the tasks so far of each method that has a style, within 0 to 100."""
    alpha = 0.2 if len(styles) <= MAX_OPAQUE_BANDS else 0.08
    for name, (hue, dashes) in styles.items():
        draw_line(axes, name, 100 * average_accuracy(matrices[name]), hue, dashes, alpha)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 101.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def draw_frontier(tuning: pd.DataFrame, path: str | Path) -> Path:
    """Draw final against learning accuracy: a dot for each configuration (mean of its seeds), a line for the Pareto front.

    On the dotted diagonal nothing is forgotten.

    Args:
        tuning: A row for each run: policy, learning_rate, settings, seed, final, learning.
        path: A .png, .svg or .pdf file in an existing folder.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    figure = style.new_figure(7.6, 4.8, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    style.format_axes(axes, title="Pareto front of the configurations", x="learning accuracy (%)", y="final accuracy (%)")
    percentages = {name: 100 * points for name, points in configuration_points(tuning).items()}
    for name, (hue, dashes) in line_styles(percentages).items():
        points = percentages[name]
        front = pareto_front(points)
        axes.plot(points[:, 0], points[:, 1], ".", color=hue, markersize=5, alpha=0.5)
        axes.plot(front[:, 0], front[:, 1], color=hue, linestyle=dashes, linewidth=1.5, marker="o", markersize=4, label=name)
    learning = np.concatenate(list(percentages.values()))[:, 0]
    span = [learning.min(), learning.max()]
    axes.plot(span, span, color=style.MUTED, linestyle="dotted", linewidth=1.0, zorder=1, label="nothing forgotten")
    style.add_legend(figure, loc="outside right upper", handlelength=2.6)
    return style.save(figure, path)


def line_styles(names: Iterable[str]) -> dict[str, tuple[str, style.Dashes]]:
    """Return colour and dashes of each method; the baseline is grey."""
    methods = list(names)
    others = [name for name in methods if name != BASELINE]
    styles = {name: style.line_style(number) for number, name in enumerate(others)}
    return {name: styles.get(name, (style.MUTED, "dashed")) for name in methods}


def draw_line(axes: Axes, name: str, values: NDArray[np.float64], hue: str, dashes: style.Dashes, alpha: float) -> None:
    """Draw a method's mean over its seeds after each task, with its 95% interval as a band.

    Args:
        axes: Axes to draw on.
        name: The method.
        values: (R, tasks).
        hue: Colour of line and band.
        dashes: Dashes of the line.
        alpha: Opacity of the band, 0 to 1.
    """
    mean, low, high = np.array([interval(column) for column in values.T]).T
    band = (low, high) if np.isfinite([low, high]).all() else None
    options = {"linestyle": dashes, "linewidth": 1.7, "label": name, "zorder": 4 if name == BASELINE else 3}
    style.mean_with_band(axes, np.arange(1, len(mean) + 1), mean, band, colour=hue, alpha=alpha, **options)


def draw_matrices(matrices: Matrices, path: str | Path) -> Path:
    """Draw the accuracy on each task (columns) after each task (rows), means over the seeds, a panel for each method.

    Args:
        matrices: Accuracies of each method.
        path: A .png, .svg or .pdf file in an existing folder.

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
    _draw_colour_bar(figure, image)
    return style.save(figure, path)


def _draw_matrix(axes: Axes, percent: NDArray[np.float64]) -> AxesImage:
    """Draw one matrix (tasks, tasks); tasks that were not learned yet stay blank."""
    tasks = len(percent)
    axes.grid(visible=False)
    learnt = np.tri(tasks, dtype=np.bool_)
    extent = (0.5, tasks + 0.5, tasks + 0.5, 0.5)
    image = axes.imshow(np.where(learnt, percent, np.nan), cmap=style.AMOUNTS, vmin=0, vmax=100, extent=extent)
    for ticks in (axes.xaxis, axes.yaxis):
        ticks.set_major_locator(MaxNLocator(nbins=10, integer=True))
    if tasks <= MAX_ANNOTATED_TASKS:
        for row, column in np.argwhere(learnt):
            value = percent[row, column]
            ink = style.INK if value > 55 else style.PAPER
            axes.text(column + 1, row + 1, f"{value:.0f}", ha="center", va="center", fontsize=style.SMALL, color=ink)
    return image


def _draw_colour_bar(figure: Figure, image: AxesImage | None) -> None:
    if image is not None:
        bar = figure.colorbar(image, ax=figure.axes, shrink=0.8, pad=0.02)
        bar.set_label("accuracy (%)", fontsize=style.NORMAL, color=style.INK)
        bar.ax.tick_params(labelsize=style.SMALL, labelcolor=style.INK, color=style.MUTED)
        bar.outline.set_visible(False)

"""Figures of one continual-learning study: accuracy over time, Pareto front, and accuracy on each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuronet.continual import average_accuracy, configuration_points, pareto_front
from neuronet.plotting import style
from neuronet.registry import BASELINE
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


def average_accuracy_figure(matrices: Matrices) -> Figure:
    """Return the figure of the mean accuracy over the tasks so far after each task, with 95% intervals over the seeds.

    Args:
        matrices: Accuracies of each method.
    """
    figure = style.new_figure(7.6, 4.2, pads=style.PADS)
    axes = figure.add_subplot()
    style.format_axes(axes, title="Accuracy on the tasks so far", x="tasks learned", y="mean accuracy (%)")
    draw_average_lines(axes, matrices, line_styles(matrices))
    seeds = max(len(accuracy) for accuracy in matrices.values())
    title = f"mean of {seeds} seeds,\nband: 95% interval" if seeds > 1 else None
    style.add_legend(figure, loc="outside right upper", handlelength=2.6, title=title)
    return figure


def draw_average_lines(axes: Axes, matrices: Matrices, styles: LineStyles) -> None:
    """Draw the mean accuracy (%) over the tasks so far of each method that has a style, within 0 to 100."""
    alpha = 0.2 if len(styles) <= MAX_OPAQUE_BANDS else 0.08
    for name, (hue, dashes) in styles.items():
        draw_line(axes, name, 100 * average_accuracy(matrices[name]), hue, dashes, alpha)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 101.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def frontier_figure(tuning: pd.DataFrame) -> Figure:
    """Return the figure of final against learning accuracy.

    A dot is a configuration (mean of its seeds), a line the Pareto front. On the dotted diagonal nothing is forgotten.

    Args:
        tuning: A row for each run: policy, learning_rate, settings, seed, final, learning.
    """
    figure = style.new_figure(7.6, 4.8, pads=style.PADS)
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
    return figure


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


def matrices_figure(matrices: Matrices) -> Figure:
    """Return the figure of the accuracy on each task (columns) after each task (rows).

    A panel for each method shows the mean over its seeds.

    Args:
        matrices: Accuracies of each method.
    """
    columns = min(MAX_COLUMNS, len(matrices))
    rows = ceil(len(matrices) / columns)
    figure = style.new_figure(3.1 * columns + 0.9, 3.1 * rows + 0.3, pads=(0.06, 0.06))
    image = None
    for position, (name, accuracy) in enumerate(matrices.items(), start=1):
        axes = figure.add_subplot(rows, columns, position)
        y = "after task" if position % columns == 1 or columns == 1 else ""
        style.format_axes(axes, title=name, x="accuracy on task", y=y, title_size=style.NORMAL, grid=False)
        image = _draw_matrix(axes, 100 * accuracy[:, 1:].mean(axis=0))
    if image is not None:
        bar = figure.colorbar(image, ax=figure.axes, shrink=0.8, pad=0.02)
        bar.set_label("accuracy (%)", fontsize=style.NORMAL, color=style.INK)
        style.format_ticks(bar.ax)
        bar.outline.set_visible(False)
    return figure


def _draw_matrix(axes: Axes, percent: NDArray[np.float64]) -> AxesImage:
    """Draw one matrix (tasks, tasks); tasks that were not learned yet stay blank."""
    tasks = len(percent)
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

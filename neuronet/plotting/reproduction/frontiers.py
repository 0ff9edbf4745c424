"""Figure of the study of forgetting: the whole frontier of final against learning accuracy, with bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuronet.plotting import style
from neuronet.plotting.continual import line_styles
from neuronet.reproduction import Frontier, frontiers, level_of_backprop
from neuronet.statistics import interval

MIN_LEARNING = 0.75
"""Learning accuracy from which frontiers are drawn."""

POINTS = 40
"""Points of a line."""


def frontiers_figure(records: pd.DataFrame) -> Figure:
    """Return the figure of final accuracy at equal learning accuracy, a panel for each setting.

    A line is the mean over the seeds, interpolated between learning rates; the band of the baseline and of the best line
    is the 95% interval. The vertical line is the learning accuracy of error backpropagation at its best rate.

    Args:
        records: A row for each run: setting, method, learning_rate, seed, final and learning (0 to 1).

    Raises:
        DataError: A column is missing.
    """
    style.check_columns("records", records.columns, ("setting", "method", "learning_rate", "seed", "final", "learning"))
    fronts = frontiers(records)
    methods = list(dict.fromkeys(name for methods in fronts.values() for name in methods))
    styles = line_styles(methods)
    figure = style.new_figure(3.9 * len(fronts) + 0.3, 5.0, pads=(0.06, 0.08))
    for number, (setting, lines) in enumerate(fronts.items(), start=1):
        axes = figure.add_subplot(1, len(fronts), number)
        y = "final accuracy (%)" if number == 1 else ""
        style.format_axes(axes, title=setting, x="learning accuracy (%)", y=y)
        _draw_setting(axes, lines, styles)
    handles = [figure.axes[0].plot([], [], color=hue, linestyle=dashes, linewidth=1.7)[0] for hue, dashes in styles.values()]
    style.name_below(figure, handles, list(styles), ncols=3 if len(fronts) > 1 else 2)
    return figure


def _draw_setting(axes: Axes, lines: Mapping[str, Frontier], styles: Mapping[str, tuple[str, style.Dashes]]) -> None:
    for name, front in lines.items():
        means = front.learning.mean(axis=0)
        top = means[: int(np.argmax(means)) + 1]
        values = [(level, front.at_learning(level)) for level in np.linspace(max(MIN_LEARNING, top[0]), top[-1], POINTS)]
        points = [(level, *interval(final)) for level, final in values if final is not None]
        if points:
            x, mean, low, high = 100 * np.array(points).T
            hue, dashes = styles[name]
            band = (low, high) if np.isfinite([low, high]).all() else None
            style.mean_with_band(axes, x, mean, band, colour=hue, alpha=0.09, linestyle=dashes, linewidth=1.7)
    axes.axvline(100 * level_of_backprop(lines), color=style.MUTED, linestyle="dotted", linewidth=1.0, zorder=1)

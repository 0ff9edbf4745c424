"""Figure of the study of forgetting: the whole frontier of final against learning accuracy, with bands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuronet.plotting import style
from neuronet.plotting.continual import line_styles
from neuronet.registry import BASELINE
from neuronet.reproduction import Frontier, frontiers, level_of_backprop
from neuronet.statistics import interval

MIN_LEARNING = 0.75
"""Learning accuracy from which frontiers are drawn."""

MIN_GAIN = 0.005
"""Gain of learning accuracy from one rate to the next below which a frontier ends: interpolation would amplify noise there."""

POINTS = 40
"""Points of a line."""

Styles = Mapping[str, tuple[str, style.Dashes]]


def frontiers_figure(records: pd.DataFrame) -> Figure:
    """Return the figure of final accuracy at equal learning accuracy, a column of two panels for each setting.

    Above are means over the seeds, interpolated between learning rates. Below are the paired differences to error
    backpropagation, with 95% intervals. The dotted line is the learning accuracy of error backpropagation at its best rate.

    Args:
        records: A row for each run: setting, method, learning_rate, seed, final and learning (0 to 1).

    Raises:
        DataError: A column is missing.
    """
    style.check_columns("records", records.columns, ("setting", "method", "learning_rate", "seed", "final", "learning"))
    fronts = frontiers(records)
    methods = list(dict.fromkeys(name for methods in fronts.values() for name in methods))
    styles = line_styles(methods)
    figure = style.new_figure(3.7 * len(fronts) + 0.6, 6.6, pads=(0.06, 0.08))
    grid = figure.add_gridspec(2, len(fronts))
    for number, (setting, lines) in enumerate(fronts.items()):
        upper, lower = (figure.add_subplot(grid[row, number]) for row in range(2))
        first = number == 0
        style.format_axes(upper, title=setting, y="final accuracy (%)" if first else "")
        style.format_axes(lower, x="learning accuracy (%)", y="difference to backprop (points)" if first else "")
        _draw_setting(upper, lower, lines, styles)
    handles = [figure.axes[0].plot([], [], color=hue, linestyle=dashes, linewidth=1.7)[0] for hue, dashes in styles.values()]
    style.name_below(figure, handles, list(styles), ncols=3 if len(fronts) > 1 else 1)
    return figure


def _draw_setting(upper: Axes, lower: Axes, lines: Mapping[str, Frontier], styles: Styles) -> None:
    """Draw means and differences of one setting."""
    baseline = _curve(lines[BASELINE], _levels(lines[BASELINE]))
    for name, front in lines.items():
        hue, dashes = styles[name]
        options: dict[str, Any] = {"colour": hue, "linestyle": dashes, "linewidth": 1.7}
        curve = _curve(front, _levels(front))
        x = [100 * level for level in curve]
        style.mean_with_band(upper, x, [100 * float(final.mean()) for final in curve.values()], None, **options)
        shared = _curve(front, [level for level in baseline if level <= max(curve, default=0.0)])
        gaps = np.array([(level, *interval(final - baseline[level])) for level, final in shared.items()]).reshape(-1, 4)
        band = (100 * gaps[:, 2], 100 * gaps[:, 3]) if np.isfinite(gaps).all() and name != BASELINE else None
        style.mean_with_band(lower, 100 * gaps[:, 0], 100 * gaps[:, 1], band, alpha=0.15, **options)
    for axes in (upper, lower):
        axes.axvline(100 * level_of_backprop(lines), color=style.MUTED, linestyle="dotted", linewidth=1.0, zorder=1)


def _curve(front: Frontier, levels: Iterable[float]) -> dict[float, NDArray[np.float64]]:
    """Return each seed's contribution to the final accuracy, (R,), by learning accuracy; levels not reached are left out."""
    return {level: final for level in levels if (final := front.at_learning(level)) is not None}


def _levels(front: Frontier) -> list[float]:
    """Return the learning accuracies at which a frontier is drawn."""
    means = front.learning.mean(axis=0)
    slow = np.flatnonzero(np.diff(means) < MIN_GAIN)
    top = means[slow[0]] if len(slow) else means[-1]
    return [float(level) for level in np.linspace(max(MIN_LEARNING, means[0]), top, POINTS)] if top > MIN_LEARNING else []

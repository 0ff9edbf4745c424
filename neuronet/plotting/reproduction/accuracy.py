"""Figure of accuracies: a panel for each setting, a line for each method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuronet.plotting import style
from neuronet.plotting.continual import line_styles
from neuronet.statistics import interval


def accuracy_figure(records: pd.DataFrame) -> Figure:
    """Return the figure of each method's mean with its 95% interval, and of single seeds as points.

    Args:
        records: A row for each run: setting, method, seed, and accuracy or error (%).

    Raises:
        DataError: A column is missing.
    """
    measure = "error" if "error" in records.columns else "accuracy"
    style.check_columns("records", records.columns, ("setting", "method", "seed", measure))
    settings, methods = (list(dict.fromkeys(records[name])) for name in ("setting", "method"))
    figure = style.new_figure(2.6 * len(settings) + 2.4, 0.3 * len(methods) + 1.2, pads=style.PADS)
    styles = line_styles(methods)
    first = None
    for number, setting in enumerate(settings, start=1):
        axes = figure.add_subplot(1, len(settings), number, sharey=first)
        style.format_axes(axes, title=setting, x=f"test {measure} (%)", title_size=style.NORMAL)
        for row, name in enumerate(methods):
            own = records[(records["setting"] == setting) & (records["method"] == name)][measure].to_numpy()
            if len(own):
                mean, low, high = interval(own)
                hue = styles[name][0]
                axes.plot(own, np.full(len(own), row), "|", color=hue, markersize=7, alpha=0.5)
                axes.plot(mean, row, "o", color=hue, markersize=5, zorder=4)
                if np.isfinite(low):
                    axes.plot([max(low, 0.0), min(high, 100.0)], [row, row], color=hue, linewidth=1.6, zorder=3)
        axes.set_yticks(range(len(methods)), labels=methods)
        axes.tick_params(labelleft=number == 1)
        axes.set_ylim(len(methods) - 0.4, -0.6)
        first = first or axes
    return figure

"""Figure of the study of depth: accuracy of each rule by the number of hidden layers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.plotting import style
from neuronet.plotting.continual import line_styles
from neuronet.statistics import interval


def depth_figure(records: pd.DataFrame) -> Figure:
    """Return the figure of test accuracy by number of hidden layers, with 95% intervals over the seeds.

    Args:
        records: A row for each run: method, depth, seed, accuracy (%).

    Raises:
        DataError: A column is missing.
    """
    style.check_columns("records", records.columns, ("method", "depth", "seed", "accuracy"))
    figure = style.new_figure(7.6, 4.4, pads=style.PADS)
    axes = figure.add_subplot()
    title = f"Accuracy by depth, mean of {records['seed'].nunique()} seeds with 95% intervals"
    style.format_axes(axes, title=title, x="hidden layers", y="test accuracy (%)")
    methods = list(dict.fromkeys(records["method"]))
    for name, (hue, dashes) in line_styles(methods).items():
        own = records[records["method"] == name].groupby("depth")["accuracy"]
        points = np.array([(depth, *interval(values.to_numpy())) for depth, values in own])
        band = tuple(points[:, 2:].clip(0, 100).T) if np.isfinite(points).all() else None
        options = {"linestyle": dashes, "linewidth": 1.7, "label": name, "marker": "o", "markersize": 3.5}
        style.mean_with_band(axes, points[:, 0], points[:, 1], band, colour=hue, alpha=0.12, **options)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.name_below(figure, *axes.get_legend_handles_labels(), ncols=2)
    return figure

"""Returns of a control run, per episode."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuronet.plotting import style

WINDOW = 100
"""Episodes over which the mean is taken."""


def returns_figure(episodes: pd.DataFrame, *, threshold: float | None = None) -> Figure:
    """Return a figure with each episode's return as a dot and the mean of the last 100 as a line.

    Args:
        episodes: A row per episode: episode, return.
        threshold: Mean return at which the environment counts as solved; None where there is none.

    Raises:
        DataError: A column is missing.
    """
    style.check_columns("episodes", episodes.columns, ("episode", "return"))
    figure = style.new_figure(6.4, 3.8, pads=style.PADS)
    axes = figure.add_subplot()
    style.format_axes(axes, title="Returns during training", x="episode", y="return")
    numbers, returns = episodes["episode"].to_numpy(), episodes["return"].to_numpy(dtype=np.float64)
    axes.plot(numbers, returns, ".", color=style.ORANGE, markersize=3, alpha=0.5, label="episode")
    mean = pd.Series(returns).rolling(WINDOW, min_periods=1).mean()
    axes.plot(numbers, mean, color=style.BLUE, linewidth=1.8, label=f"mean of the last {WINDOW}")
    if threshold is not None:
        axes.axhline(threshold, color=style.MUTED, linewidth=1.0, linestyle=style.DASHED, label=f"solved: {threshold:g}")
    style.add_legend(axes)
    return figure

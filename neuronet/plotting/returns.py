"""The returns of a run, from episode to episode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.plotting import style

WINDOW = 100
"""Episodes over which the mean is taken."""


def draw_returns(episodes: pd.DataFrame, path: str | Path, *, threshold: float | None = None) -> Path:
    """Draw each episode's return as a dot, and the mean of the last 100 as a line.

    Args:
        episodes: A line for each episode: episode, return.
        path: A .png, .svg or .pdf file in a folder that exists.
        threshold: The mean return from which on the environment counts as solved, if there is one.

    Returns:
        The path.

    Raises:
        NeuroNetError: The file cannot be written.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = style.new_figure(6.4, 3.8, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    style.format_axes(axes, title="Returns while learning", x="episode", y="return")
    numbers, returns = episodes["episode"].to_numpy(), episodes["return"].to_numpy(dtype=np.float64)
    axes.plot(numbers, returns, ".", color=style.ORANGE, markersize=3, alpha=0.5, label="an episode")
    mean = pd.Series(returns).rolling(WINDOW, min_periods=1).mean()
    axes.plot(numbers, mean, color=style.BLUE, linewidth=1.8, label=f"mean of the last {WINDOW}")
    if threshold is not None:
        axes.axhline(threshold, color=style.MUTED, linewidth=1.0, linestyle=(0.0, (4.0, 1.6)), label=f"solved: {threshold:g}")
    axes.legend(fontsize=style.SMALL, labelcolor=style.INK, frameon=False)
    return style.save(figure, path)

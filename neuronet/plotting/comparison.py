"""Learning curves of many policies, each in its own panel together with error backpropagation."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from neuronet.plotting import style
from neuronet.registry import BASELINE

PANELS_PER_ROW = 5
MIN_ERROR = 0.05
"""Error in percent that is drawn where there is none, since its axis is logarithmic."""

MAX_NAME_LENGTH = 34


def comparison_figure(curves: pd.DataFrame, *, measure: str = "accuracy") -> Figure:
    """Return the figure of a comparison's learning curves.

    A panel per policy, best first: the mean over the seeds, a band from the lowest to the highest, and the baseline.

    Args:
        curves: A row per policy, seed and epoch: policy, seed, epoch, test_accuracy (0 to 1) or test_loss.
        measure: "accuracy", drawn as the error in percent, or "loss"; both on a logarithmic axis.

    Raises:
        DataError: A column is missing.
    """
    column = f"test_{measure}"
    style.check_columns("curves", curves.columns, ("policy", "seed", "epoch", column))
    values = curves[column].astype(np.float64)
    shown = (100 * (1 - values)).clip(lower=MIN_ERROR) if measure == "accuracy" else values
    spread = curves.assign(shown=shown).groupby(["policy", "epoch"])["shown"].agg(["mean", "min", "max"]).reset_index("epoch")
    last = spread.groupby("policy")["mean"].last()
    names = sorted((name for name in dict.fromkeys(curves["policy"]) if name != BASELINE), key=lambda name: (last[name], name))
    columns = min(PANELS_PER_ROW, max(1, len(names)))
    rows = ceil(len(names) / columns)
    figure = style.new_figure(2.5 * columns + 0.6, 2.1 * rows + 0.7, pads=(0.05, 0.06))
    first: Axes | None = None
    for position, name in enumerate(names, start=1):
        axes = figure.add_subplot(rows, columns, position, sharex=first, sharey=first)
        first = first or axes
        style.format_axes(axes, title=style.truncate(name, MAX_NAME_LENGTH), title_size=style.NORMAL)
        axes.tick_params(labelleft=position % columns == 1 or columns == 1, labelbottom=position > len(names) - columns)
        if BASELINE in spread.index:
            _draw_policy(axes, spread.loc[[BASELINE]], colour=style.MUTED, linestyle=style.DASHED, label=BASELINE)
        label = f"policy, {curves['seed'].nunique()} seeds: mean, lowest to highest (not an interval)"
        _draw_policy(axes, spread.loc[[name]], colour=style.BLUE, label=label)
    if first is not None:
        _set_scale(first, measure)
        figure.supxlabel("epoch", fontsize=style.NORMAL, color=style.INK)
        label = "test error (% of samples)" if measure == "accuracy" else "test loss"
        figure.supylabel(label, fontsize=style.NORMAL, color=style.INK)
        style.add_legend(figure, *first.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def _draw_policy(axes: Axes, spread: pd.DataFrame, *, colour: str, label: str, linestyle: style.Dashes = "solid") -> None:
    band = (spread["min"], spread["max"])
    style.mean_with_band(axes, spread["epoch"], spread["mean"], band, colour=colour, alpha=0.25, linestyle=linestyle, label=label)


def _set_scale(axes: Axes, measure: str) -> None:
    low, high = axes.get_ylim()
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines])
    values = values[np.isfinite(values)]  # of policies that diverged at once there is none
    if values.size and values.min() > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif measure == "loss":
        axes.set_ylim(max(low, 0.0), high)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))

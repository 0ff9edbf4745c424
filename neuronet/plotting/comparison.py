"""Learning curves of many policies, each in a panel of its own beside error backpropagation's."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style

BASELINE = "backprop"
PANELS_PER_ROW = 5
MIN_ERROR = 0.05
"""Per cent; where there is no error at all it stands here, since a logarithm needs something."""

MAX_NAME_LENGTH = 34


def draw_comparison(curves: pd.DataFrame, path: str | Path, *, measure: str = "accuracy") -> Path:
    """Draw the learning curves of a comparison into a file.

    Args:
        curves: A line for each policy, seed and epoch: policy, seed, epoch, test_accuracy (0 to 1) or test_loss.
        path: A .png, .svg or .pdf file in a folder that exists.
        measure: "accuracy", drawn as the error in per cent, or "loss"; both on a logarithmic axis.

    Returns:
        The path.

    Raises:
        NeuroNetError: A column is missing, or the file cannot be written.
    """
    return style.save(comparison_figure(curves, measure=measure), path)


def comparison_figure(curves: pd.DataFrame, *, measure: str = "accuracy") -> Figure:
    """A panel for each policy: the mean over the seeds, a band from the worst to the best seed, and the baseline.

    Args:
        curves: As for `draw_comparison`.
        measure: As for `draw_comparison`.

    Raises:
        NeuroNetError: A column is missing.
    """
    column = f"test_{measure}"
    missing = [name for name in ("policy", "seed", "epoch", column) if name not in curves.columns]
    if missing:
        raise NeuroNetError(f"curves have no column '{missing[0]}'")
    values = curves[column].astype(np.float64)
    shown = (100 * (1 - values)).clip(lower=MIN_ERROR) if measure == "accuracy" else values
    spread = curves.assign(shown=shown).groupby(["policy", "epoch"])["shown"].agg(["mean", "min", "max"]).reset_index("epoch")
    last = spread.groupby("policy")["mean"].last()
    names = sorted((name for name in dict.fromkeys(curves["policy"]) if name != BASELINE), key=lambda name: (last[name], name))
    columns = min(PANELS_PER_ROW, max(1, len(names)))
    rows = ceil(len(names) / columns)
    figure = style.new_figure(2.5 * columns + 0.6, 2.1 * rows + 0.7, layout=ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.06))
    first: Axes | None = None
    for position, name in enumerate(names, start=1):
        axes = figure.add_subplot(rows, columns, position, sharex=first, sharey=first)
        first = first or axes
        style.format_axes(axes, title="", x="", y="")
        axes.set_title(style.truncate(name, MAX_NAME_LENGTH), fontsize=style.NORMAL, color=style.INK, loc="left")
        axes.tick_params(labelleft=position % columns == 1 or columns == 1, labelbottom=position > len(names) - columns)
        if BASELINE in spread.index:
            _draw_band(axes, spread.loc[[BASELINE]], style.MUTED, BASELINE)
        _draw_band(axes, spread.loc[[name]], style.BLUE, f"policy, {curves['seed'].nunique()} seeds: mean, and least to most")
    if first is not None:
        _set_scale(first, measure)
        figure.supxlabel("epoch", fontsize=style.NORMAL, color=style.INK)
        label = "test error (% of samples)" if measure == "accuracy" else "test loss"
        figure.supylabel(label, fontsize=style.NORMAL, color=style.INK)
        figure.legend(*first.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=style.SMALL, frameon=False)
    return figure


def _draw_band(axes: Axes, spread: pd.DataFrame, colour: str, name: str) -> None:
    axes.fill_between(spread["epoch"], spread["min"], spread["max"], color=colour, alpha=0.25, linewidth=0)
    dashes = "solid" if name != BASELINE else (0.0, (4.0, 1.6))
    axes.plot(spread["epoch"], spread["mean"], color=colour, linewidth=1.6, linestyle=dashes, label=name)


def _set_scale(axes: Axes, measure: str) -> None:
    low, high = axes.get_ylim()
    if min((float(np.nanmin(line.get_ydata())) for line in axes.lines), default=0.0) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif measure == "loss":
        axes.set_ylim(max(low, 0.0), high)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))

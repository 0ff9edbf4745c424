"""Figure of credit against attention, neuron by neuron."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuronet.games import Bools, CreditStudy, Floats, correlation_interval
from neuronet.plotting import style

FREE_RIDER = "free rider: at least an equal share of attention, and an interval that includes 0"


def credit_figure(study: CreditStudy) -> Figure:
    """Return a figure of each neuron's Shapley value against its attention, raw and scaled by the spread of its activity."""
    table = study.table()
    figure = style.new_figure(9.8, 4.4, pads=(0.1, 0.08))
    left, right = figure.subplots(1, 2, sharey=True)
    riders = table["free_riding"].to_numpy(dtype=bool)
    for axes, column, label in ((left, "attention", "attention"), (right, "scaled", "activity-scaled attention")):
        y = "credit: Shapley value, in units of loss" if axes is left else ""
        correlations = np.array([credit.correlation(column) for credit in study.credits.values()])
        title = _correlation_text(correlations)
        style.format_axes(axes, title=title, x=f"{label} (1: mean of the layer)", y=y, title_size=style.NORMAL)
        values = table[column] / table.groupby("seed")[column].transform("mean")
        _dots(axes, values.to_numpy(), table, ~riders, style.BLUE, "o", "neuron, with the 95% interval of its credit")
        _dots(axes, values.to_numpy(), table, riders, style.ORANGE, "D", FREE_RIDER)
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        axes.axvline(1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
        axes.set_xlim(left=0)
    style.name_below(figure)
    return figure


def _dots(axes: Axes, values: Floats, table: pd.DataFrame, which: Bools, colour: str, marker: str, name: str) -> None:
    chosen = table[which]
    errors = np.stack((chosen["shapley"] - chosen["low"], chosen["high"] - chosen["shapley"]))
    axes.errorbar(
        values[which],
        chosen["shapley"],
        errors,
        fmt=marker,
        color=colour,
        markersize=4,
        elinewidth=0.7,
        alpha=0.7,
        label=name,
        markeredgewidth=0,
    )


def _correlation_text(correlations: Floats) -> str:
    mean, low, high = correlation_interval(correlations)
    networks = f"{len(correlations)} networks" if len(correlations) > 1 else "one network"
    between = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else ""
    return f"rank correlation {mean:.2f}{between}, {networks}"

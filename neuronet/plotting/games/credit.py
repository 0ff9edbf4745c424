"""Figure of credit against attention, neuron by neuron."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from neuronet.games import Bools, CreditStudy, Floats, correlation_interval
from neuronet.plotting import style

FREE_RIDER = "free rider: at least an equal share of attention, and an interval that includes 0"


def credit_figure(study: CreditStudy) -> Figure:
    """Return a figure of each neuron's Shapley value against its attention, raw and scaled by the spread of its activity."""
    table = study.table()
    figure = style.new_figure(9.8, 4.4, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
    left, right = figure.subplots(1, 2, sharey=True)
    riders = table["free_riding"].to_numpy(dtype=bool)
    for axes, column, label in ((left, "attention", "attention"), (right, "scaled", "activity-scaled attention")):
        y = "credit: Shapley value, in units of loss" if axes is left else ""
        style.format_axes(axes, title="", x=f"{label} (1: mean of the layer)", y=y)
        values = table[column] / table.groupby("seed")[column].transform("mean")
        _dots(axes, values.to_numpy(), table, ~riders, style.BLUE, "neuron, with the 95% interval of its credit")
        _dots(axes, values.to_numpy(), table, riders, style.ORANGE, FREE_RIDER)
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        axes.axvline(1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
        axes.set_xlim(left=0)
        correlations = np.array([credit.correlation(column) for credit in study.credits.values()])
        axes.set_title(_correlation_text(correlations), fontsize=style.NORMAL, color=style.INK, loc="left")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=style.SMALL, frameon=False)
    return figure


def _dots(axes: Axes, values: Floats, table: pd.DataFrame, which: Bools, colour: str, name: str) -> None:
    chosen = table[which]
    errors = np.stack((chosen["shapley"] - chosen["low"], chosen["high"] - chosen["shapley"]))
    axes.errorbar(
        values[which],
        chosen["shapley"],
        errors,
        fmt="o",
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

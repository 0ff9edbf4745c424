"""Credit against attention, neuron by neuron."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from neuronet.games.attribution.credit import CreditStudy, correlation_interval
from neuronet.games.attribution.shapley import Bools
from neuronet.games.simulation.payoffs import Floats
from neuronet.plotting import style


def credit_figure(study: CreditStudy) -> Figure:
    """Each neuron's Shapley value against its attention, raw and scaled by how much it has to say."""
    table = study.table()
    figure = style.new_figure(9.8, 4.4, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
    left, right = figure.subplots(1, 2, sharey=True)
    riders = table["free_riding"].to_numpy(dtype=bool)
    for axes, column, words in ((left, "attention", "attention"), (right, "scaled", "activity-scaled attention")):
        credit = "credit: Shapley value, in units of loss" if axes is left else ""
        style.format_axes(axes, title="", x=f"{words} (1: an equal share of its layer's)", y=credit)
        values = table[column] / table.groupby("seed")[column].transform("mean")
        _dots(axes, values.to_numpy(), table, ~riders, style.BLUE, "a neuron, with the 95% interval of its credit")
        _dots(
            axes,
            values.to_numpy(),
            table,
            riders,
            style.ORANGE,
            "a free rider: an equal share or more, and its interval includes 0",
        )
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        axes.axvline(1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
        axes.set_xlim(left=0)
        correlations = np.array([each.correlation(column) for each in study.credits.values()])
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

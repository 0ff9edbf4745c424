"""Spread of the lengths of changes in each layer, and the alignment that a budget leaves, over training."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from neuronet.core import DataError
from neuronet.plotting import style

MAX_NAME_LENGTH = 16

COLUMNS = ("trained_by", "round", "layer", "variation", "angle")

PANELS = {
    "variation": ("Lengths before the budget", "standard deviation / mean"),
    "angle": ("Direction of the budgeted change", "angle to backpropagation (degrees)"),
}
"""Title and label of each panel, by its column."""


def lengths_figure(table: pd.DataFrame) -> Figure:
    """Return a figure with a row of panels for each policy that has trained networks, and a line for each layer.

    Lines are means over the networks, bands span them all. Both axes are shared by the rows.

    Args:
        table: Results of `length_spread` with a column trained_by.

    Raises:
        DataError: A column is missing, or there is no row.
    """
    style.check_columns("lengths", table.columns, COLUMNS)
    if table.empty:
        raise DataError("the table of lengths has no row: measure at one number of rounds or more")
    names, layers = list(dict.fromkeys(table["trained_by"])), sorted(table["layer"].unique())
    figure = style.new_figure(9.6, 0.6 + 2.9 * len(names), pads=(0.1, 0.08))
    panels = figure.subplots(len(names), len(PANELS), sharex=True, sharey="col", squeeze=False)
    for row, name in enumerate(names):
        for axes, (column, (title, label)) in zip(panels[row], PANELS.items(), strict=True):
            x = "rounds played" if row == len(names) - 1 else ""
            style.format_axes(axes, title=f"{title}: trained by {style.truncate(name, MAX_NAME_LENGTH)}", x=x, y=label)
            for number, layer in enumerate(layers):
                part = table[(table["trained_by"] == name) & (table["layer"] == layer)].groupby("round")[column]
                colour, dashes = style.line_style(number)
                what = "outputs" if layer == layers[-1] else f"hidden layer {layer}"
                options = {"linestyle": dashes, "marker": "o", "markersize": 3.5, "label": what}
                mean = part.mean()
                style.mean_with_band(axes, mean.index, mean, (part.min(), part.max()), colour=colour, alpha=0.15, **options)
            axes.set_ylim(bottom=0)
    style.name_below(figure, ncols=len(layers), title="line: mean of the networks; band: all of them")
    return figure

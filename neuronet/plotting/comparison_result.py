"""Result of a comparison: final accuracy or loss of each policy, and its paired difference to error backpropagation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuronet.plotting import style

COLUMNS = ("policy", "mean", "low", "high", "difference", "difference_low", "difference_high")


def comparison_result_figure(table: pd.DataFrame, *, measure: str = "accuracy") -> Figure:
    """Return the figure of a comparison's table: a row for each policy, with 95% intervals over the seeds in both panels.

    Args:
        table: The table of a Comparison.
        measure: "accuracy" (0 to 1, drawn in percent) or "loss".

    Raises:
        DataError: A column is missing.
    """
    style.check_columns("table", table.columns, COLUMNS)
    accuracy = measure == "accuracy"
    shown = table[list(COLUMNS[1:])].astype(np.float64) * (100 if accuracy else 1)
    rows = np.arange(len(table))
    figure = style.new_figure(8.6, 1.5 + 0.26 * len(table), pads=(0.06, 0.06))
    left, right = figure.subplots(1, 2, sharey=True)
    panels = (
        (left, ("mean", "low", "high"), "After the last epoch", "test accuracy (%)" if accuracy else "test loss"),
        (
            right,
            ("difference", "difference_low", "difference_high"),
            "Paired difference to backprop",
            "percentage points" if accuracy else "difference of the loss",
        ),
    )
    for axes, (middle, low, high), title, label in panels:
        style.format_axes(axes, title=title, x=f"{label}, mean and 95% interval", y="")
        lengths = np.array([shown[middle] - shown[low], shown[high] - shown[middle]])
        axes.errorbar(shown[middle], rows, xerr=lengths, fmt="o", color=style.BLUE, markersize=4, capsize=2, linewidth=1.2)
    right.axvline(0, color=style.MUTED, linewidth=0.8, linestyle="dotted")
    left.set_yticks(rows, [style.truncate(str(name)) for name in table["policy"]])
    left.invert_yaxis()
    return figure

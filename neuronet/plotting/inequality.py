"""Inequality of the attention of hidden neurons from epoch to epoch, beside how well the network does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.core import DataError
from neuronet.plotting import style
from neuronet.plotting.policy_styles import policy_lines
from neuronet.statistics import interval

COLUMNS = ("epoch", "replica", "layer", "group", "policy", "gini", "top_tenth", "attention")

WHOLE, ALL = 0, "all"


def inequality_figure(
    table: pd.DataFrame, *, metrics: pd.DataFrame | None = None, loss_unit: str = "nats", events: style.Events = ()
) -> Figure:
    """Return the figure of a run's inequality: Gini's coefficient, attention by policy, and the test accuracy or loss.

    Lines are means over the replicas, bands their 95% intervals.

    Args:
        table: Inequality of a run, as in a Result or in inequality.csv.
        metrics: Metrics of the run, for the last panel; without a row, or None, there is no such panel.
        loss_unit: Unit of the loss, which is drawn where no accuracy is known.
        events: Events during the run, in epochs.

    Raises:
        DataError: A column is missing, or there is no row.
    """
    style.check_columns("inequality", table.columns, COLUMNS)
    if table.empty:
        raise DataError("the table of inequality has no row: train a network with hidden neurons and inequality=True")
    metrics = None if metrics is None or metrics.empty else metrics
    whole = table[table["layer"] == WHOLE]
    groups = whole[whole["group"] != ALL]
    panels = 1 + (not groups.empty) + (metrics is not None)
    figure = style.new_figure(4.4 * panels + 0.4, 4.2, pads=(0.12, 0.08))
    axes = list(np.atleast_1d(figure.subplots(1, panels)))
    several = table["replica"].nunique() > 1
    _draw_gini(axes[0], table)
    if not groups.empty:
        style.format_axes(axes[1], title="Attention by policy", x="epoch", y="mean attention (mean of its layer = 1)")
        lines = policy_lines([str(name) for name in groups["policy"].unique()])
        for name, rows in groups.groupby("policy", sort=False):
            _draw_line(axes[1], rows, "attention", str(name), lines[str(name)])
        axes[1].axhline(1, color=style.MUTED, linewidth=0.9, linestyle=":")
    if metrics is not None:
        _draw_metrics(axes[-1], metrics, loss_unit)
    for panel in axes:
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(panel.lines) > 1:  # the legend stands below the panel, where it hides no band
            style.add_legend(panel, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=min(2, len(panel.lines)))
        style.annotate_events(panel, events, top=False, named=panel is axes[0])
    if several:
        figure.supxlabel("lines: means over the replicas; bands: 95% intervals", fontsize=style.NORMAL, color=style.MUTED)
    return figure


def _draw_gini(axes: Axes, table: pd.DataFrame) -> None:
    style.format_axes(axes, title="Inequality of attention", x="epoch", y="Gini's coefficient, or share")
    layers = table[(table["group"] == ALL) & (table["layer"] != WHOLE)]
    for number, (layer, rows) in enumerate(layers.groupby("layer")):
        _draw_line(axes, rows, "gini", f"Gini, layer {layer}", style.line_style(number))
    rows = table[(table["group"] == ALL) & (table["layer"] == WHOLE)]
    _draw_line(axes, rows, "top_tenth", "share of the top tenth", style.line_style(layers["layer"].nunique()))
    axes.set_ylim(0, min(1.0, 1.25 * axes.get_ylim()[1]))


def _draw_metrics(axes: Axes, metrics: pd.DataFrame, loss_unit: str) -> None:
    accuracy = metrics["test_accuracy"].notna().any()
    column, title = ("test_accuracy", "Test accuracy") if accuracy else ("test_loss", "Test loss")
    style.format_axes(axes, title=title, x="epoch", y="accuracy (% of samples)" if accuracy else f"loss ({loss_unit})")
    shown = metrics.assign(shown=metrics[column].astype(np.float64) * (100 if accuracy else 1))
    _draw_line(axes, shown, "shown", title.lower(), style.line_style(0))


def _draw_line(axes: Axes, rows: pd.DataFrame, column: str, name: str, line: tuple[str, style.Dashes]) -> None:
    if rows.empty:
        return
    by_epoch = rows.groupby("epoch")[column].apply(lambda values: interval(values.to_numpy(dtype=np.float64)))
    mean, low, high = (np.array(part) for part in zip(*by_epoch, strict=True))
    colour, dashes = line
    band = None if np.isnan(low).all() else (low, high)
    options: dict[str, Any] = {
        "linestyle": dashes,
        "marker": style.marker(mean),
        "markersize": 3.5,
        "label": style.truncate(name),
    }
    style.mean_with_band(axes, by_epoch.index, mean, band, colour=colour, **options)

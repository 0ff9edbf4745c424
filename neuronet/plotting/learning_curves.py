"""Learning curves: loss and accuracy per epoch, of one run or of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.core import DataError
from neuronet.plotting import style
from neuronet.plotting.policy_styles import run_lines

SPLITS: tuple[tuple[str, str, str, style.Dashes], ...] = (
    ("train", "training", style.ORANGE, style.DASHED),
    ("test", "test", style.BLUE, "solid"),
)
"""Column prefix, name, colour and dashes of each line."""

COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Panel:
    """Quantity that a panel shows.

    Attributes:
        name: End of its columns' names, "loss" or "accuracy".
        label: Label of the vertical axis, with the unit.
        scale: Factor by which the columns are multiplied.
        last: Format of the last value.
    """

    name: str
    label: str
    scale: float
    last: str


def curves_figure(metrics: pd.DataFrame, *, loss_unit: str = "nats", events: style.Events = ()) -> Figure:
    """Return the figure of a run's learning curves: loss and accuracy, or loss alone where no accuracy is known.

    Args:
        metrics: A row per epoch: epoch, train_loss, test_loss, train_accuracy, test_accuracy (0 to 1, or missing). With a column
            `replica` there is a row per epoch and replica; replicas are drawn thin and their mean bold.
        loss_unit: Unit of the loss.
        events: Events during the run, in epochs.

    Raises:
        DataError: A column is missing.
    """
    numbers = _finite(metrics)
    panels = _panels(numbers, loss_unit)
    figure = _new_figure(panels, 3.6)
    for axes, panel in zip(figure.axes, panels, strict=True):
        style.format_axes(axes, title=panel.name.capitalize(), x="epoch", y=panel.label)
        for part, name, colour, dashes in SPLITS:
            values = _values(numbers, panel, part)
            if values.notna().any(axis=None):
                _draw_split(axes, values, panel, name, colour, dashes)
        if _set_ranges(axes, panel, numbers["epoch"]):  # the legend stands above the panel, where it hides no line
            style.add_legend(axes, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, borderpad=0, handlelength=3.0)
        style.annotate_events(axes, events, top=panel.name == "loss")
    return figure


def runs_figure(runs: Mapping[str, pd.DataFrame], *, loss_unit: str = "nats") -> Figure:
    """Return the figure of the test curves of several runs: loss and accuracy, or loss alone where no accuracy is known.

    Args:
        runs: Metrics of each run, as for `curves_figure`, by the run's name. Replicas are drawn as their mean, with a band from
            the lowest to the highest.
        loss_unit: Unit of the loss.

    Raises:
        DataError: There is no run, or a column is missing.
    """
    if not runs:
        raise DataError("learning curves need at least one run")
    tables = {name: _finite(metrics) for name, metrics in runs.items()}
    panels = _panels(pd.concat(tables.values()), loss_unit)
    several = max(table["replica"].nunique() for table in tables.values()) > 1
    figure = _new_figure(panels, 3.5 + 0.19 * ceil(len(runs) / 2) + 0.19 * several)
    epochs = pd.concat([table["epoch"] for table in tables.values()])
    lines = run_lines(list(tables))
    for axes, panel in zip(figure.axes, panels, strict=True):
        style.format_axes(axes, title=f"Test {panel.name}", x="epoch", y=panel.label)
        for name, table in tables.items():
            _draw_run(axes, _values(table, panel, "test"), panel, name, lines[name])
        _set_ranges(axes, panel, epochs)
    title = "line: mean over the seeds; band: lowest to highest" if several else None
    style.name_below(figure, *figure.axes[-1].get_legend_handles_labels(), handlelength=3.0, title=title)
    return figure


def _finite(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that are drawn as finite numbers or NaN; `replica` is 0 where a run has none."""
    style.check_columns("metrics", metrics.columns, COLUMNS)
    numbers = metrics[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    numbers = numbers.where(np.isfinite(numbers))
    numbers["replica"] = metrics["replica"] if "replica" in metrics.columns else 0
    return numbers.dropna(subset=["epoch"]).drop_duplicates(["epoch", "replica"], keep="last")


def _panels(numbers: pd.DataFrame, loss_unit: str) -> list[Panel]:
    panels = [Panel("loss", f"loss ({loss_unit})", 1.0, "{:.3g}")]
    if numbers[["train_accuracy", "test_accuracy"]].notna().any(axis=None):
        panels.append(Panel("accuracy", "accuracy (% of samples)", 100.0, "{:.1f} %"))
    return panels


def _new_figure(panels: list[Panel], height: float) -> Figure:
    figure = style.new_figure(4.6 * len(panels) + 0.4, height, pads=(0.12, 0.08))
    figure.subplots(1, len(panels))
    return figure


def _values(numbers: pd.DataFrame, panel: Panel, part: str) -> pd.DataFrame:
    """Return the values of a line, (epochs, replicas)."""
    return numbers.pivot(index="epoch", columns="replica", values=f"{part}_{panel.name}").sort_index() * panel.scale


def _mean(values: pd.DataFrame) -> pd.Series:
    """Return the mean of the replicas; it ends where one has no number, since the mean of the others would look too good."""
    return values.mean(axis=1, skipna=False).dropna()


def _draw_split(axes: Axes, values: pd.DataFrame, panel: Panel, name: str, colour: str, dashes: style.Dashes) -> None:
    several = values.shape[1] > 1
    for replica in values if several else ():
        line = values[replica].dropna()
        axes.plot(line.index, line, color=colour, linewidth=0.7, alpha=0.35, marker=style.marker(line), markersize=2)
    mean = _mean(values)
    label = f"{name}, mean of {values.shape[1]}" if several else name
    if len(mean):
        label += f", last {panel.last.format(mean.iloc[-1])}"
        if mean.index[-1] < values.index[-1]:
            label += f" (epoch {mean.index[-1]:.0f})"
    options: dict[str, Any] = {"linewidth": 2.4 if several else 1.8, "marker": style.marker(mean), "markersize": 4}
    axes.plot(mean.index, mean, color=colour, linestyle=dashes, label=label, **options)


def _draw_run(axes: Axes, values: pd.DataFrame, panel: Panel, name: str, line: tuple[str, style.Dashes]) -> None:
    mean = _mean(values)
    replicas = values.loc[mean.index]
    band = (replicas.min(axis=1), replicas.max(axis=1)) if values.shape[1] > 1 else None
    hue, dashes = line
    label = style.truncate(name, 60) + (f": {panel.last.format(mean.iloc[-1])}" if len(mean) else "")
    options: dict[str, Any] = {"linestyle": dashes, "marker": style.marker(mean), "markersize": 3.5, "label": label}
    style.mean_with_band(axes, mean.index, mean, band, colour=hue, **options)


def _set_ranges(axes: Axes, panel: Panel, epochs: pd.Series) -> bool:
    """Set the ranges of a panel's axes; a panel without data says so, and False is returned."""
    if not any(np.size(line.get_xdata()) for line in axes.lines):
        text = "no finished epoch yet"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=style.MUTED, fontsize=style.NORMAL)
        axes.set_xticks([])
        axes.set_yticks([])
        return False
    first, last = float(epochs.min()), float(epochs.max())
    margin = max(0.03 * (last - first), 0.3)
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    if panel.name == "accuracy":
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -2.0), min(high, 101.0))
    else:
        style.fit_losses(axes)
    return True

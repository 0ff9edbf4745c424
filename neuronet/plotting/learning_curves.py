"""Learning curves: loss and accuracy from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style

SPLITS: tuple[tuple[str, str, str, style.Dashes], ...] = (
    ("train", "training", style.ORANGE, (0.0, (4.0, 1.6))),
    ("test", "test", style.BLUE, "solid"),
)
"""Each line's column prefix, name, colour and dashes; dashes tell the lines apart where there is no colour."""

Events = Sequence[tuple[float, str]]

FEW_EPOCHS = 25
"""Up to so many epochs each one gets a dot."""

WIDE_RANGE = 100.0
"""Losses that differ by more than this factor stand on a logarithmic axis."""


@dataclass(frozen=True)
class Panel:
    """What one panel shows.

    Attributes:
        name: The end of its columns' names, "loss" or "accuracy".
        label: Of the vertical axis, with the unit.
        scale: What the columns are multiplied by.
        last: How the last value is written.
    """

    name: str
    label: str
    scale: float
    last: str


def draw_curves(metrics: pd.DataFrame, path: str | Path, *, loss_unit: str = "nats", events: Events = ()) -> Path:
    """Draw a run's learning curves into a file.

    Args:
        metrics: A line for each epoch: epoch, train_loss, test_loss, train_accuracy, test_accuracy (0 to 1, or missing). With a
            column `replica` there is a line for each epoch and replica; each replica is drawn thin, their mean bold.
        path: A .png, .svg or .pdf file in a folder that exists.
        loss_unit: What the loss is counted in.
        events: What happened in mid-run: after how many epochs, which may be broken, and what.

    Returns:
        The path.

    Raises:
        NeuroNetError: A column is missing, or the file cannot be written.
    """
    return style.save(curves_figure(metrics, loss_unit=loss_unit, events=events), path)


def curves_figure(metrics: pd.DataFrame, *, loss_unit: str = "nats", events: Events = ()) -> Figure:
    """A run's learning curves: loss and accuracy side by side, or loss alone where no accuracy is known.

    Args:
        metrics: As for `draw_curves`.
        loss_unit: As for `draw_curves`.
        events: As for `draw_curves`.

    Raises:
        NeuroNetError: A column is missing.
    """
    numbers = finite_metrics(metrics)
    panels = build_panels(numbers, loss_unit)
    figure = style.new_figure(4.6 * len(panels) + 0.4, 3.6, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    for position, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), position)
        style.format_axes(axes, title=panel.name.capitalize(), x="epoch", y=panel.label)
        _draw_panel(axes, panel, numbers)
        style.annotate_events(axes, events, top=panel.name == "loss")
    return figure


def build_panels(numbers: pd.DataFrame, loss_unit: str) -> list[Panel]:
    """Loss, and accuracy where it is known."""
    panels = [Panel("loss", f"loss ({loss_unit})", 1.0, "{:.3g}")]
    if numbers[["train_accuracy", "test_accuracy"]].notna().any(axis=None):
        panels.append(Panel("accuracy", "accuracy (% of samples)", 100.0, "{:.1f} %"))
    return panels


def finite_metrics(metrics: pd.DataFrame) -> pd.DataFrame:
    """The columns that are drawn, as finite numbers or NaN; `replica` is 0 where the run has none.

    Raises:
        NeuroNetError: A column is missing.
    """
    columns = ["epoch", *(f"{part[0]}_{name}" for part in SPLITS for name in ("loss", "accuracy"))]
    missing = [column for column in columns if column not in metrics.columns]
    if missing:
        raise NeuroNetError(f"metrics have no column '{missing[0]}': learning curves need {', '.join(columns)}")
    numbers = metrics[columns].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    numbers = numbers.where(np.isfinite(numbers))
    numbers["replica"] = metrics["replica"] if "replica" in metrics.columns else 0
    return numbers.dropna(subset=["epoch"]).drop_duplicates(["epoch", "replica"], keep="last")


def _draw_panel(axes: Axes, panel: Panel, numbers: pd.DataFrame) -> None:
    for part, name, colour, dashes in SPLITS:
        values = numbers.pivot(index="epoch", columns="replica", values=f"{part}_{panel.name}").sort_index() * panel.scale
        if values.notna().any(axis=None):
            _draw_split(axes, values, panel, name, colour, dashes)
    if not axes.lines:
        draw_no_data(axes)
        return
    shown = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines])
    set_ranges(axes, panel, shown, numbers["epoch"])
    axes.legend(  # above the panel, where it hides no line
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2,
        borderpad=0,
        fontsize=style.SMALL,
        labelcolor=style.INK,
        frameon=False,
        handlelength=3.0,
    )


def _draw_split(axes: Axes, values: pd.DataFrame, panel: Panel, name: str, colour: str, dashes: style.Dashes) -> None:
    """A bold line for the mean of the replicas, (epochs, replicas), and a thin one for each if there are several."""
    several = values.shape[1] > 1
    for replica in values if several else ():
        line = values[replica].dropna()
        axes.plot(line.index, line, color=colour, linewidth=0.7, alpha=0.35, marker=choose_marker(line), markersize=2)
    # A mean that went on without the replicas that have no number would look better than the run is.
    mean = values.mean(axis=1, skipna=False).dropna()
    label = f"{name}, mean of {values.shape[1]}" if several else name
    if len(mean):
        label += f", last {panel.last.format(mean.iloc[-1])}"
        if mean.index[-1] < values.index[-1]:
            label += f" (epoch {mean.index[-1]:.0f})"
    width = 2.4 if several else 1.8
    axes.plot(
        mean.index, mean, color=colour, linewidth=width, linestyle=dashes, marker=choose_marker(mean), markersize=4, label=label
    )


def choose_marker(line: pd.Series) -> str:
    """A dot for each epoch, where there are few."""
    return "o" if len(line) <= FEW_EPOCHS else ""


def draw_no_data(axes: Axes) -> None:
    """Fill a panel that has no line."""
    axes.text(0.5, 0.5, "no epoch to show yet", transform=axes.transAxes, ha="center", color=style.MUTED, fontsize=style.NORMAL)
    axes.set_xticks([])
    axes.set_yticks([])


def set_ranges(axes: Axes, panel: Panel, shown: NDArray[np.float64], epochs: pd.Series) -> None:
    """Set what part of its axes a panel shows.

    Args:
        axes: The panel's.
        panel: What it shows.
        shown: Every value that is drawn.
        epochs: Every epoch.
    """
    first, last = float(epochs.min()), float(epochs.max())
    room = max(0.03 * (last - first), 0.3)
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    if panel.name == "accuracy":
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -2.0), min(high, 101.0))
    elif shown.min() > 0 and shown.max() > WIDE_RANGE * shown.min():
        axes.set_yscale("log")
    elif shown.min() >= 0:
        axes.set_ylim(bottom=0)

"""Learning curves of several runs in one picture."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style
from neuronet.plotting.learning_curves import Panel, build_panels, choose_marker, draw_no_data, finite_metrics, set_ranges


def draw_runs(runs: Mapping[str, pd.DataFrame], path: str | Path, *, loss_unit: str = "nats") -> Path:
    """Draw the learning curves of several runs into a file.

    Args:
        runs: Each run's metrics by the name it has in the picture: epoch, train_loss, test_loss, train_accuracy, test_accuracy,
            and replica where there are several. Of several replicas the mean is drawn, and a band from the least to the most.
        path: A .png, .svg or .pdf file in a folder that exists.
        loss_unit: What the loss is counted in.

    Returns:
        The path.

    Raises:
        NeuroNetError: There is no run, a column is missing, or the file cannot be written.
    """
    return style.save(runs_figure(runs, loss_unit=loss_unit), path)


def runs_figure(runs: Mapping[str, pd.DataFrame], *, loss_unit: str = "nats") -> Figure:
    """Test loss and test accuracy of several runs, or loss alone where no accuracy is known.

    Args:
        runs: As for `draw_runs`.
        loss_unit: As for `draw_runs`.

    Raises:
        NeuroNetError: There is no run, or a column is missing.
    """
    if not runs:
        raise NeuroNetError("learning curves need a run")
    numbers = {name: finite_metrics(metrics) for name, metrics in runs.items()}
    panels = build_panels(pd.concat(numbers.values()), loss_unit)
    several = max(table["replica"].nunique() for table in numbers.values()) > 1
    height = 3.5 + 0.19 * ceil(len(runs) / 2) + 0.19 * several
    figure = style.new_figure(4.6 * len(panels) + 0.4, height, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    for position, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), position)
        style.format_axes(axes, title=f"Test {panel.name}", x="epoch", y=panel.label)
        _draw_panel(axes, panel, numbers)
    handles, labels = figure.axes[-1].get_legend_handles_labels()
    title = "mean; the band goes from the least to the most of the seeds" if several else None
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(2, len(runs)),
        fontsize=style.SMALL,
        labelcolor=style.INK,
        frameon=False,
        handlelength=3.0,
        title=title,
        title_fontsize=style.SMALL,
    )
    return figure


def _draw_panel(axes: Axes, panel: Panel, numbers: Mapping[str, pd.DataFrame]) -> None:
    for number, (name, table) in enumerate(numbers.items()):
        values = table.pivot(index="epoch", columns="replica", values=f"test_{panel.name}").sort_index() * panel.scale
        mean = values.mean(axis=1, skipna=False).dropna()  # a mean without those that have no number would look too good
        hue, dashes = style.line_style(number)
        label = style.truncate(name, 60) + (f": {panel.last.format(mean.iloc[-1])}" if len(mean) else "")
        axes.plot(
            mean.index, mean, color=hue, linestyle=dashes, linewidth=1.7, marker=choose_marker(mean), markersize=3.5, label=label
        )
        if values.shape[1] > 1:
            band = values.loc[mean.index]
            axes.fill_between(mean.index, band.min(axis=1), band.max(axis=1), color=hue, alpha=0.18, linewidth=0)
    shown = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines])
    if not shown.size:
        draw_no_data(axes)
        return
    set_ranges(axes, panel, shown, pd.concat([table["epoch"] for table in numbers.values()]))

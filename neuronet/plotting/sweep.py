"""Curves of a sweep: each setting's mean over its seeds, with 95% intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.core import DataError
from neuronet.plotting import style
from neuronet.statistics import interval

MAX_SETTINGS = 10
"""Lines that a panel can tell apart."""

MEASURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "cosine", "gini")
NOTE = "lines: means over the seeds; bands: 95% intervals (Student's t)"


@dataclass(frozen=True)
class Quantity:
    """Quantity of a panel.

    Attributes:
        column: Column of the table.
        title: Title of the panel.
        label: Label of its axis, with the unit.
        scale: Factor from the column to the axis.
    """

    column: str
    title: str
    label: str
    scale: float = 1.0


ACCURACY = Quantity("test_accuracy", "Test accuracy", "accuracy (% of samples)", 100)
LOSS = Quantity("test_loss", "Test loss", "loss")
TRAIN_LOSS = Quantity("train_loss", "Training loss", "loss, mean over the epoch")
GINI = Quantity("gini", "Inequality of attention", "Gini's coefficient (0: all equal)")
ATTENTION = Quantity("attention", "Attention of the traced neurons", "mean attention")


def sweep_figure(curves: pd.DataFrame, *, log: Callable[[str], None] | None = None) -> Figure:
    """Return the figure of a sweep's test accuracy (the test loss where targets are values) and training loss.

    Args:
        curves: Curves of a sweep, as `neuronet.sweep.read_curves` returns them.
        log: Called with a sentence where not all settings are drawn.
    """
    style.check_columns("curves", curves.columns, ("cell", "seed", "epoch", ACCURACY.column, LOSS.column, TRAIN_LOSS.column))
    return _figure(_named(curves, MEASURES), "epoch", (_test(curves), TRAIN_LOSS), log)


def sweep_inequality_figure(curves: pd.DataFrame, *, log: Callable[[str], None] | None = None) -> Figure:
    """Return the figure of Gini's coefficient of the attention of hidden neurons, and of the test accuracy or loss.

    Args:
        curves: As for `sweep_figure`, with the column gini.
        log: Likewise.
    """
    style.check_columns("curves", curves.columns, ("cell", "seed", "epoch", GINI.column, ACCURACY.column, LOSS.column))
    return _figure(_named(curves, MEASURES), "epoch", (GINI, _test(curves)), log)


def sweep_attention_figure(traces: pd.DataFrame, columns: Sequence[str], *, log: Callable[[str], None] | None = None) -> Figure:
    """Return the figure of the mean attention of traced hidden neurons from round to round, by setting and policy.

    Args:
        traces: Traces of a sweep, as `neuronet.sweep.read_traces` returns them.
        columns: Columns of the swept options.
        log: As for `sweep_figure`.

    Raises:
        DataError: No hidden neuron's attention was traced.
    """
    style.check_columns("traces", traces.columns, ("cell", "seed", "round", "layer", "policy", ATTENTION.column))
    hidden = traces[(traces["layer"] > 0) & traces["attention"].notna()]
    if hidden.empty:
        raise DataError("the traces have no attention of hidden neurons: trace = 'hidden:16 every epoch'")
    parts = [*(["policy"] if hidden["policy"].nunique() > 1 else []), *columns]
    means = hidden.groupby(["cell", *parts, "seed", "round"], sort=False)["attention"].mean().reset_index()
    return _figure(_named(means, ("attention", "round")), "round", (ATTENTION,), log)


def _test(curves: pd.DataFrame) -> Quantity:
    return ACCURACY if curves[ACCURACY.column].notna().any() else LOSS


def _named(table: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Return the table with a column `setting`: the values of the swept options, as text."""
    options = [name for name in table.columns if name not in ("cell", "seed", "epoch", *measures)]
    texts = [table[name].map(lambda value, name=name: _text(name, value, alone=len(options) == 1)) for name in options]
    if not texts:
        return table.assign(setting="all runs")
    named = texts[0].str.cat(texts[1:], sep=", ") if len(texts) > 1 else texts[0]
    return table.assign(setting=named)


def _text(name: str, value: Any, *, alone: bool) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if alone and isinstance(value, str) and text != "none" else f"{name.replace('_', ' ')} {text}"


def _figure(table: pd.DataFrame, x: str, quantities: Sequence[Quantity], log: Callable[[str], None] | None) -> Figure:
    settings = list(dict.fromkeys(table["setting"]))
    if len(settings) > MAX_SETTINGS and log is not None:
        log(f"The figure shows the first {MAX_SETTINGS} of {len(settings)} settings; the table has all.")
    shown = settings[:MAX_SETTINGS]
    figure = style.new_figure(4.8 * len(quantities) + 0.4, 3.7 + 0.19 * len(shown), pads=(0.12, 0.08))
    for axes, quantity in zip(np.atleast_1d(figure.subplots(1, len(quantities))), quantities, strict=True):
        style.format_axes(axes, title=quantity.title, x=x, y=quantity.label)
        for number, setting in enumerate(shown):
            _draw(axes, table[table["setting"] == setting], x, quantity, number)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    seeds = int(table.groupby("setting")["seed"].nunique().max())
    style.name_below(figure, title=NOTE if seeds > 1 else None, ncols=1 if max(map(len, shown)) > 40 else 2)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, x: str, quantity: Quantity, number: int) -> None:
    values = rows.assign(shown=rows[quantity.column].astype(np.float64) * quantity.scale)
    found = values.groupby(x)["shown"].apply(lambda column: interval(column.to_numpy()))
    mean, low, high = (np.array(part) for part in zip(*found, strict=True))
    colour, dashes = style.line_style(number)
    options: dict[str, Any] = {"linestyle": dashes, "marker": style.marker(mean), "markersize": 3.5}
    band = None if np.isnan(low).all() else (low, high)
    label = f"{style.truncate(str(rows['setting'].iloc[0]), 60)} ({_seeds(rows)})"
    style.mean_with_band(axes, found.index, mean, band, colour=colour, label=label, **options)


def _seeds(rows: pd.DataFrame) -> str:
    count = rows["seed"].nunique()
    return f"{count} seed{'' if count == 1 else 's'}"

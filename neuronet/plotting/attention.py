"""Attention that neurons receive, from round to round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from neuronet.core import DataError
from neuronet.plotting import style
from neuronet.plotting.policy_styles import policy_lines

COLUMNS = ("round", "layer", "node", "policy", "attention")

PANELS_PER_ROW = 3

MAX_NAMED_NEURONS = 6
"""Neurons of a layer up to which each one has a name and a hue, where all follow one policy."""

MAX_MARKED_ROUNDS = 12
"""Number of rounds up to which each one has a dot."""

MAX_DRAWN_NEURONS = 400
"""Neurons of a policy and layer that have a line each; of more, so many have one, evenly by the attention that they have last."""

UNRECORDED_DASHES = (0.0, (1.0, 2.0))
"""Dashes between two rounds if nothing was recorded between them."""


def attention_figure(table: pd.DataFrame, *, events: style.Events = ()) -> Figure:
    """Return the figure of the attention that neurons receive over time.

    A panel per layer: a thin line per neuron, a thick one for the median of each policy. A few neurons of one policy have a
    line and a name each; of more than MAX_DRAWN_NEURONS some are drawn, the least and the most attended among them, and the
    median is that of all. If only two rounds are known, the lines between them are dotted.

    Args:
        table: A row per round and neuron: round, layer, node, policy (a name, or "" if unknown), attention (`sum_k w_kj^2 / 2`).
        events: Events during the run, in rounds.

    Raises:
        DataError: A column is missing, or there is no row.
    """
    style.check_columns("attention", table.columns, COLUMNS)
    if table.empty:
        raise DataError("the table of attention has no row")
    layers = sorted(table["layer"].unique())
    columns = 2 if len(layers) == 4 else min(PANELS_PER_ROW, len(layers))
    rows = -(-len(layers) // columns)
    policies = list(dict.fromkeys(table["policy"]))
    per_neuron = len(policies) == 1 and table.groupby("layer")["node"].nunique().max() <= MAX_NAMED_NEURONS
    height = 3.6 * rows + 0.2 * (1 if per_neuron else -(-len(policies) // 2))
    figure = style.new_figure(max(4.2 * columns, 5.6), height, pads=(0.1, 0.08))
    for number, layer in enumerate(layers):
        axes = figure.add_subplot(rows, columns, number + 1)
        label = "attention received: sum of w² / 2" if number % columns == 0 else ""
        style.format_axes(axes, title=f"Hidden layer {layer}", x="rounds played", y=label)
        part = table[table["layer"] == layer]
        _draw_neurons(axes, part) if per_neuron else _draw_policies(axes, part, policies)
        rounds = sorted(part["round"].unique())
        axes.xaxis.set_major_locator(FixedLocator(rounds) if len(rounds) == 2 else MaxNLocator(integer=True, nbins=6))
        axes.set_ylim(bottom=0)
        style.annotate_events(axes, events)
    if not per_neuron:
        unrecorded = "; dotted: not recorded" if table["round"].nunique() == 2 else ""
        crowded = table.groupby(["layer", "policy"])["node"].nunique().max() > MAX_DRAWN_NEURONS
        thin = f"some neurons, at most {MAX_DRAWN_NEURONS} of a policy in a layer" if crowded else "a neuron"
        style.name_below(figure, handlelength=3.0, title=f"thin: {thin}; thick: the median of its policy{unrecorded}")
    return figure


def _paths(part: pd.DataFrame) -> pd.DataFrame:
    """Return the attention of each neuron, (rounds, neurons)."""
    return part.pivot_table(index="round", columns="node", values="attention", sort=True)


def _drawn(paths: pd.DataFrame) -> pd.DataFrame:
    """Return the paths of the neurons that have a line of their own, (rounds, at most MAX_DRAWN_NEURONS)."""
    if len(paths.columns) <= MAX_DRAWN_NEURONS:
        return paths
    by_last = paths.ffill().iloc[-1].sort_values(kind="stable").index
    places = np.linspace(0, len(by_last) - 1, MAX_DRAWN_NEURONS).round().astype(int)
    return paths[by_last[places]]


def _line_options(paths: pd.DataFrame, dashes: style.Dashes) -> dict[str, Any]:
    """Return dashes and markers of lines over these rounds."""
    dashes = dashes if len(paths) > 2 else UNRECORDED_DASHES
    return {"linestyle": dashes, "marker": style.marker(paths, MAX_MARKED_ROUNDS)}


def _draw_neurons(axes: Axes, part: pd.DataFrame) -> None:
    paths = _paths(part)
    for number, node in enumerate(paths):
        hue, dashes = style.line_style(number)
        options = _line_options(paths, dashes)
        axes.plot(paths.index, paths[node], color=hue, linewidth=1.6, markersize=4, label=str(node), **options)
    style.add_legend(axes, title="neuron", loc="upper left", bbox_to_anchor=(1.0, 1.03), handlelength=1.4)


def _draw_policies(axes: Axes, part: pd.DataFrame, policies: list[str]) -> None:
    styles = policy_lines(policies)
    for policy in policies:
        members = part[part["policy"] == policy]
        if members.empty:
            continue
        paths = _paths(members)
        hue, dashes = styles[policy]
        thin = {"linewidth": 0.6, "alpha": 0.35, "markersize": 2.5, **_line_options(paths, "solid")}
        axes.plot(paths.index, _drawn(paths), color=hue, **thin)
        label = style.truncate(policy) or "all"
        options = _line_options(paths, dashes)
        axes.plot(paths.index, paths.median(axis=1), color=hue, linewidth=2.6, markersize=5, label=label, zorder=4, **options)

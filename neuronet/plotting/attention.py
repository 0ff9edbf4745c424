"""The attention that neurons receive, from round to round: who rises, and who is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, MaxNLocator

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style
from neuronet.plotting.network.model import policy_styles

COLUMNS = ("round", "layer", "node", "policy", "attention")

PANELS_PER_ROW = 3

MAX_NAMED_NEURONS = 6
"""Neurons of a layer up to which each has a hue and a name of its own, where all follow the same policy."""

MAX_MARKED_ROUNDS = 12
"""Up to so many rounds each one gets a dot."""

UNRECORDED_DASHES = (0.0, (1.0, 2.0))
"""The dashes between two rounds where nothing is known of what lies between."""


def draw_attention(table: pd.DataFrame, path: str | Path, *, events: Sequence[tuple[float, str]] = ()) -> Path:
    """Draw the attention that neurons receive over time into a file.

    Args:
        table: A line for each round and neuron: round, layer, node, policy (a name, or "" where it is not known) and attention,
            `sum_k w_kj^2 / 2`.
        path: A .png, .svg or .pdf file in a folder that exists.
        events: What happened in mid-run: after how many rounds, and what.

    Returns:
        The path.

    Raises:
        NeuroNetError: A column is missing, there is no line, or the file cannot be written.
    """
    return style.save(attention_figure(table, events=events), path)


def attention_figure(table: pd.DataFrame, *, events: Sequence[tuple[float, str]] = ()) -> Figure:
    """A panel for each layer: a thin line for each neuron, a thick one for the median of those who follow the same policy.

    Where there are few neurons and one policy each neuron has a line and a name of its own. Where two rounds alone are known,
    the line between them is dotted.

    Args:
        table: As for `draw_attention`.
        events: As for `draw_attention`.

    Raises:
        NeuroNetError: A column is missing, or there is no line.
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing or table.empty:
        what = f"column '{missing[0]}'" if missing else "line"
        raise NeuroNetError(f"the table of attention has no {what}")
    layers = sorted(table["layer"].unique())
    columns = 2 if len(layers) == 4 else min(PANELS_PER_ROW, len(layers))
    rows = -(-len(layers) // columns)
    policies = list(dict.fromkeys(table["policy"]))
    per_neuron = len(policies) == 1 and table.groupby("layer")["node"].nunique().max() <= MAX_NAMED_NEURONS
    names = policies if not per_neuron else []
    height = 3.6 * rows + 0.2 * max(1, -(-len(names) // 2))
    figure = style.new_figure(max(4.2 * columns, 5.6), height, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
    for place, layer in enumerate(layers):
        axes = figure.add_subplot(rows, columns, place + 1)
        label = "attention received: sum of w² / 2" if place % columns == 0 else ""
        style.format_axes(axes, title=f"Hidden layer {layer}", x="rounds played", y=label)
        part = table[table["layer"] == layer]
        _draw_neurons(axes, part) if per_neuron else _draw_policies(axes, part, policies)
        rounds = sorted(part["round"].unique())
        axes.xaxis.set_major_locator(FixedLocator(rounds) if len(rounds) == 2 else MaxNLocator(integer=True, nbins=6))
        axes.set_ylim(bottom=0)
        style.annotate_events(axes, events)
    _explain(figure, per_neuron, two=table["round"].nunique() == 2)
    return figure


def _paths(part: pd.DataFrame) -> pd.DataFrame:
    """The attention of each neuron, (rounds, neurons)."""
    return part.pivot_table(index="round", columns="node", values="attention", sort=True)


def _draw_neurons(axes: Axes, part: pd.DataFrame) -> None:
    paths = _paths(part)
    marker = "o" if len(paths) <= MAX_MARKED_ROUNDS else ""
    for number, node in enumerate(paths):
        hue, dashes = style.line_style(number)
        dashes = dashes if len(paths) > 2 else UNRECORDED_DASHES
        axes.plot(
            paths.index,
            paths[node],
            color=hue,
            linestyle=dashes,
            linewidth=1.6,
            marker=marker,
            markersize=4,
            label=str(node),
        )
    axes.legend(
        title="neuron",
        title_fontsize=style.SMALL,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.03),
        fontsize=style.SMALL,
        labelcolor=style.INK,
        frameon=False,
        handlelength=1.4,
    )


def _draw_policies(axes: Axes, part: pd.DataFrame, policies: list[str]) -> None:
    styles = policy_styles(policies)
    for number, policy in enumerate(policies):
        followers = part[part["policy"] == policy]
        if followers.empty:
            continue
        paths = _paths(followers)
        hue, dashes = styles[policy][0], style.DASHES[number // len(style.POLICY_COLOURS) % len(style.DASHES)]
        few = len(paths) <= MAX_MARKED_ROUNDS
        axes.plot(
            paths.index,
            paths,
            color=hue,
            linewidth=0.6,
            alpha=0.35,
            linestyle="solid" if len(paths) > 2 else UNRECORDED_DASHES,
            marker="o" if few else "",
            markersize=2.5,
        )
        axes.plot(
            paths.index,
            paths.median(axis=1),
            color=hue,
            linestyle=dashes if len(paths) > 2 else UNRECORDED_DASHES,
            linewidth=2.6,
            marker="o" if few else "",
            markersize=5,
            label=style.truncate(policy) or "all",
            zorder=4,
        )


def _explain(figure: Figure, per_neuron: bool, *, two: bool) -> None:
    """The legend of policies: those of all panels, each once."""
    if per_neuron:
        return
    found = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=min(2, len(found)),
        fontsize=style.SMALL,
        labelcolor=style.INK,
        frameon=False,
        handlelength=3.0,
        title=f"thin: a neuron; thick: the median of its policy{'; dotted: not recorded' * two}",
        title_fontsize=style.SMALL,
    )

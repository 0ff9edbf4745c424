"""Figure of one neuron: its listeners, its attention over time, and its activity on the current batch."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuronet.lab.panels import panel, sheet
from neuronet.lab.snapshot import Snapshot
from neuronet.plotting import style
from neuronet.plotting.network import NeuronPosition

NARROW = 3.6
"""Width of a panel in inches below which titles are shortened."""

MAX_TICKS = 16
"""Number of listeners up to which the axis names each one."""


def neuron_panel(snapshot: Snapshot, selected: NeuronPosition, width: int, height: int) -> Figure:
    """Return the figure of a neuron: listeners, attention over the rounds, and activity by target."""
    figure = sheet(width, height)
    part = height // 3
    _listeners(panel(figure, (64, 2 * part + 41, 12, 20), y="weight"), snapshot, *selected)
    _attention(panel(figure, (64, part + 41, 12, part + 20), x="round", y="attention"), snapshot, *selected)
    _activity(panel(figure, (64, 41, 12, 2 * part + 20), y="activity"), snapshot, *selected)
    return figure


def _title(axes: Axes, text: str) -> None:
    """Set the title; what is in brackets is left out where the panel is narrow."""
    if axes.get_window_extent().width / axes.figure.dpi < NARROW:
        text = text.partition(" (")[0]
    axes.set_title(text, fontsize=style.SMALL, color=style.INK, loc="left", pad=4)


def _show_title_only(axes: Axes, text: str) -> None:
    _title(axes, text)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("")


def _listeners(axes: Axes, snapshot: Snapshot, layer: int, position: int) -> None:
    if layer == snapshot.outputs:
        _show_title_only(axes, "Listeners: none, the environment pays the outputs")
        return
    listeners, weights = snapshot.listeners(layer, position)
    _title(axes, f"Listeners: {len(listeners)} {snapshot.layer_name(layer + 1)} neurons".replace("outputs neurons", "outputs"))
    colours = np.where(weights > 0, style.BLUE, style.ORANGE)
    axes.bar(listeners, weights, color=colours, width=0.7 if len(listeners) <= MAX_TICKS else 1.0)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.set_xlabel(f"{snapshot.layer_name(layer + 1).removesuffix('s')} neuron", fontsize=style.SMALL)
    if len(listeners) <= MAX_TICKS:
        axes.set_xticks(listeners)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _attention(axes: Axes, snapshot: Snapshot, layer: int, position: int) -> None:
    if layer == snapshot.outputs:
        _show_title_only(axes, "Attention: an output has no listeners in the network")
        return
    received, mean = snapshot.history.attention_of(snapshot.node((layer, position)))
    _title(axes, f"Attention received: {received[-1]:.3g} (dotted: its layer's mean)")
    marker = style.marker(received, 12)
    axes.plot(snapshot.history.rounds, received, color=style.INK, linewidth=1.6, marker=marker, markersize=3.5)
    axes.plot(snapshot.history.rounds, mean, color=style.MUTED, linewidth=1.2, linestyle="dotted")
    axes.set_ylim(0, 1.1 * max(np.nanmax(received), np.nanmax(mean)) or 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _activity(axes: Axes, snapshot: Snapshot, layer: int, position: int) -> None:
    activity, targets = snapshot.activity[layer][position], snapshot.targets
    if not activity.size:
        _show_title_only(axes, "Activity on the current batch: no round yet")
        return
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    has_targets = len(targets) == activity.size and (targets.ndim != 2 or targets.shape[1] == 1)
    if not (has_targets and snapshot.environment.payoff.classes):
        _title(axes, f"Activity on the current batch, {activity.size} samples")
        axes.plot(targets.ravel() if has_targets else np.arange(activity.size), activity, "o", color=style.INK, markersize=3.5)
        axes.set_xlabel("target" if has_targets else "sample", fontsize=style.SMALL)
        return
    _title(axes, f"Activity on the current batch, {activity.size} samples (line: mean)")
    jitter = 0.5 * (((np.arange(activity.size) * 0.618034) % 1) - 0.5)
    axes.plot(targets + jitter, activity, "o", color=style.INK, markersize=3.5, alpha=0.7, markeredgewidth=0)
    for target in np.unique(targets):
        axes.plot([target - 0.35, target + 0.35], [activity[targets == target].mean()] * 2, color=style.ORANGE, linewidth=1.8)
    axes.set_xlim(-0.6, snapshot.environment.outputs - 0.4)
    axes.set_xlabel("class of the sample", fontsize=style.SMALL)
    if snapshot.environment.outputs <= MAX_TICKS:
        axes.set_xticks(range(snapshot.environment.outputs))

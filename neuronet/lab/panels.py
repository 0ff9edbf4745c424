"""Figures of the page: network, learning curves, attention by policy, and alignment.

Sizes are in pixels of the page, 100 per inch, so that text is as large as that of the page.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from neuronet.core import Floats
from neuronet.lab.snapshot import Snapshot
from neuronet.plotting import SPLITS, style
from neuronet.plotting.network import Layout, NetworkView, NeuronPosition, PolicyStyles, draw_layers

PIXELS = 100
"""Pixels per inch."""

NUMBERS = "{x:.3g}"
"""Format of the numbers on vertical axes."""

MAX_NAMED_LAYERS = 8
"""Entries in the legend of the alignment, which count the layers for which there is no room."""

LABEL = 17
"""Pixels from the left edge of a figure to the label of its vertical axis."""


def sheet(width: int, height: int) -> Figure:
    """Return an empty figure of this size in pixels."""
    figure = style.new_figure(width / PIXELS, height / PIXELS)
    figure.set_dpi(PIXELS)
    return figure


def panel(figure: Figure, position: tuple[float, float, float, float], *, x: str = "", y: str = "") -> Axes:
    """Return formatted axes in a figure; `position` is left, bottom, right and top in pixels from the figure's edges."""
    width, height = (side * PIXELS for side in figure.get_size_inches())
    left, bottom, right, top = position
    axes = figure.add_axes((left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height))
    style.format_axes(axes, x=x, y=y)
    axes.yaxis.set_major_formatter(NUMBERS)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(style.SMALL)
    axes.yaxis.set_label_coords((LABEL - left) / (width - left - right), 0.5)  # the same place for any width of numbers
    return axes


def network_panel(
    snapshot: Snapshot,
    styles: PolicyStyles,
    selected: NeuronPosition | None,
    size: tuple[int, int],
    *,
    selected_only: bool = False,
) -> tuple[Figure, Layout]:
    """Return the figure of the layered network, and the places of its neurons."""
    figure, shape = sheet(*size), snapshot.environment.shape
    view = NetworkView(snapshot.network, snapshot.policies, shape, selected, selected_only, snapshot.silent, styles=styles)
    return figure, draw_layers(figure.add_axes((0, 0, 1, 1)), view)


def learning_panel(snapshot: Snapshot, width: int, height: int) -> Figure:
    """Return the figure of loss and, in classification, accuracy over the rounds."""
    figure, history = sheet(width, height), snapshot.history
    accuracy = np.asarray(history.test_accuracy)
    classes = bool(np.isfinite(accuracy).any())
    unit = snapshot.environment.payoff.unit
    middle = height // 2 if classes else 0
    loss = panel(figure, (56, middle + 12 if classes else 42, 12, 26), x="" if classes else "round", y=f"loss ({unit})")
    for (_, name, colour, dashes), values in zip(SPLITS, (history.train_loss, history.test_loss), strict=True):
        _curve(loss, history.rounds, np.asarray(values), (colour, dashes), f"{name} {_last(values)}")
    _add_legend(loss)
    style.fit_losses(loss)
    loss.yaxis.set_major_locator(LogLocator(numticks=4) if loss.get_yscale() == "log" else MaxNLocator(4))
    loss.yaxis.set_major_formatter(NUMBERS)
    loss.yaxis.set_minor_formatter(NullFormatter())
    if classes:
        loss.tick_params(labelbottom=False)
        axes = panel(figure, (56, 42, 12, middle + 12), x="round", y="accuracy (%)")
        colour, dashes = SPLITS[1][2:]
        _curve(axes, history.rounds, 100 * accuracy, (colour, dashes), f"test {100 * accuracy[-1]:.1f} %")
        axes.set_ylim(0, 104)
        axes.sharex(loss)
        _add_legend(axes)
    return figure


def attention_panel(snapshot: Snapshot, styles: PolicyStyles, width: int, height: int) -> Figure:
    """Return the figure of the attention of hidden neurons by policy, relative to the mean of their layer."""
    figure = sheet(width, height)
    axes = panel(figure, (20, 42, 16, 26), x="attention received (mean of its layer = 1)")
    found = _relative(snapshot)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not found:
        _show_message(axes, "no hidden neurons")
        return figure
    total = sum(len(values) for values in found.values())
    names = [name for name in styles if name in found]
    for row, name in enumerate(names):
        values, (colour, marker) = found[name], styles[name]
        spread = 0.34 * (((np.arange(len(values)) * 0.618034) % 1) - 0.5)  # the golden ratio keeps neighbours apart
        axes.scatter(
            values, row + 0.14 + spread, s=18, c=colour, marker=marker, edgecolors=style.PAPER, linewidths=0.4, alpha=0.85
        )
        axes.plot([np.median(values)] * 2, [row - 0.1, row + 0.38], color=style.ORANGE, linewidth=1.8)
        held = values.sum() / max(sum(part.sum() for part in found.values()), 1e-300)
        text = f"{style.truncate(name, 22)}: {100 * len(values) / total:.0f} % of neurons hold {100 * held:.0f} %"
        box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.0}
        transform = axes.get_yaxis_transform()
        axes.text(0.0, row - 0.34, text, fontsize=style.SMALL, color=style.INK, va="center", transform=transform, bbox=box)
    axes.axvline(1, color=style.MUTED, linewidth=0.8, linestyle="dotted")
    axes.set_ylim(len(names) - 0.5, -0.55)
    axes.set_xlim(left=0)
    axes.text(1, 1.03, "line: median", fontsize=style.SMALL, color=style.ORANGE, ha="right", transform=axes.transAxes)
    return figure


def alignment_panel(snapshot: Snapshot, width: int, height: int) -> Figure:
    """Return the figure of the angle between each layer's update and backpropagation's, with the cosine on the right."""
    figure, history = sheet(width, height), snapshot.history
    named = min(snapshot.outputs, MAX_NAMED_LAYERS)
    axes = panel(figure, (50, 42, 54, 12 + 14 * -(-named // 2)), x="round", y="angle (degrees)")
    for number in range(1, snapshot.outputs + 1):
        angles = history.angles_of(number)
        name = f"{snapshot.layer_name(number)} {_last(angles, '.0f')}°"
        if number == named < snapshot.outputs:
            name = f"and {snapshot.outputs - named + 1} more"
        _curve(axes, history.rounds, angles, style.line_style(number - 1), name if number <= named else "_")
    upper = max([90.0, *(float(np.nanmax(line.get_ydata(), initial=0.0)) for line in axes.lines)])
    axes.axhline(90, color=style.MUTED, linewidth=0.8, linestyle="dotted")
    axes.set_ylim(-0.04 * upper, 1.05 * upper)
    ticks = [0, 30, 60, 90] if upper <= 90 else [0, 45, 90, 135, 180]
    axes.set_yticks([angle for angle in ticks if angle <= 1.05 * upper])
    cosine = axes.twinx()
    cosine.set_yticks(axes.get_yticks(), [f"{math.cos(math.radians(angle)) + 1e-9:.2f}" for angle in axes.get_yticks()])
    cosine.set_ylim(axes.get_ylim())
    cosine.set_ylabel("cosine", fontsize=style.SMALL, color=style.INK)
    cosine.yaxis.set_label_coords(1 + (54 - LABEL) / (width - 104), 0.5)
    style.format_ticks(cosine)
    for side, spine in cosine.spines.items():
        spine.set_visible(side == "right")
        spine.set_color(style.MUTED)
    _add_legend(axes)
    return figure


def _relative(snapshot: Snapshot) -> dict[str, Floats]:
    """Return the attention of hidden neurons, relative to the mean of their layer, by policy."""
    found: dict[str, list[Floats]] = {}
    for layer in range(1, snapshot.outputs):
        received = snapshot.received(layer)
        relative = received / (received.mean() or 1.0)
        names = np.asarray(snapshot.policies[layer - 1])
        for name in dict.fromkeys(snapshot.policies[layer - 1]):
            found.setdefault(name, []).append(relative[names == name])
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _curve(axes: Axes, x: list[int], y: Floats, line_style: tuple[str, style.Dashes], name: str) -> None:
    marker = style.marker(x, 12)
    axes.plot(x, y, color=line_style[0], linestyle=line_style[1], linewidth=1.6, marker=marker, markersize=3.5, label=name)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))


def _add_legend(axes: Axes) -> None:
    """Name the lines above the panel, where the legend hides nothing."""
    style.add_legend(
        axes,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.15,
        borderpad=0,
        handlelength=2.2,
        ncols=2,
        columnspacing=1.2,
    )


def _last(values: object, form: str = ".3g") -> str:
    known = [float(value) for value in np.asarray(values, dtype=np.float64) if math.isfinite(value)]
    return f"{known[-1]:{form}}" if known else "-"


def _show_message(axes: Axes, text: str) -> None:
    axes.set_xticks([])
    axes.set_xlabel("")
    axes.grid(visible=False)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=style.MUTED, fontsize=style.NORMAL)

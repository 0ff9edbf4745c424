"""Legend of the figure of a network: colours, shapes and sizes."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from neuronet.plotting import style
from neuronet.plotting.network.model import NetworkView

MAX_NAME_LENGTH, MIN_NAME_LENGTH = 26, 10
HANDLE_WIDTH, LETTER_WIDTH, SILENT_WIDTH = 0.45, 0.075, 1.2
"""Widths in inches of a marker with its margins, of a letter, and of the entry for silent neurons."""


NARROW, ROW_HEIGHT = 5.6, 0.23
"""Width in inches below which the legend has more rows, and the height of a row."""


def legend_height(width: float) -> float:
    """Return the height of the legend in inches for axes of this width."""
    return ROW_HEIGHT * (2 if width >= NARROW else 4)


def draw_legend(axes: Axes, view: NetworkView, largest: float, width: float, height: float) -> None:
    """Draw the legend in two rows at the lower edge of the axes, or in four if these are narrow.

    Args:
        axes: Axes in inches.
        view: Network whose policies and silent neurons are named.
        largest: Diameter of the largest dots in points.
        width: Width of the axes in inches.
        height: Height of the legend in inches.
    """
    lines = [
        Line2D([], [], color=style.BLUE, linewidth=2, label="weight > 0"),
        Line2D([], [], color=style.ORANGE, linewidth=2, label="weight < 0"),
        _dot(style.MUTED, "o", largest, "largest attention in its layer"),
        _dot(style.PAPER, "o", 7.0, "output: paid by the environment"),
    ]
    rows = [lines] if width >= NARROW else [lines[:2], lines[2:3], lines[3:]]
    for number, row in enumerate(rows, start=1):
        _draw_row(axes, row, width, height - number * ROW_HEIGHT)
    dots = _policy_dots(view, width - (SILENT_WIDTH if any(view.silent) else 0.0))
    if any(view.silent):
        dots.append(
            Line2D([], [], linestyle="", marker="x", markersize=5, markeredgecolor=style.MUTED, mew=1.2, label="silent neuron")
        )
    if dots:
        _draw_row(axes, dots, width, height)


def _policy_dots(view: NetworkView, width: float) -> list[Line2D]:
    """Return a marker for each policy; where there is no room for all, the last entry counts the others."""
    styles = list(view.shown_styles.items())
    room = max(1, int(width / (HANDLE_WIDTH + LETTER_WIDTH * MIN_NAME_LENGTH)))
    shown = styles if len(styles) <= room else styles[: room - 1]
    length = int((width / min(max(len(styles), 1), room) - HANDLE_WIDTH) / LETTER_WIDTH)
    dots = [_dot(colour, marker, 8.0, style.truncate(name, min(length, MAX_NAME_LENGTH))) for name, (colour, marker) in shown]
    if len(shown) < len(styles):
        dots.append(Line2D([], [], linestyle="", label=f"and {len(styles) - len(shown)} more"))
    return dots


def _dot(face: str, marker: str, diameter: float, label: str) -> Line2D:
    edge = style.INK if face == style.PAPER else style.PAPER
    return Line2D(
        [], [], linestyle="", marker=marker, markersize=diameter, markerfacecolor=face, markeredgecolor=edge, label=label
    )


def _draw_row(axes: Axes, handles: list[Line2D], width: float, top: float) -> None:
    legend = Legend(
        axes,
        handles,
        [str(handle.get_label()) for handle in handles],
        loc="upper center",
        bbox_to_anchor=(width / 2, top),
        bbox_transform=axes.transData,
        borderaxespad=0,
        borderpad=0,
        frameon=False,
        ncols=len(handles),
        fontsize=style.SMALL,
        labelcolor=style.INK,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=1.4,
    )
    axes.add_artist(legend)

"""The lines below a picture of a network that say what its colours, shapes and sizes mean."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from neuronet.plotting import style

MAX_NAME_LENGTH = 26


def draw_legend(axes: Axes, styles: Mapping[str, tuple[str, str]], largest: float, width: float, height: float) -> None:
    """Draw it over the width of the axes, at their bottom.

    Args:
        axes: In inches.
        styles: The colour and marker of each policy.
        largest: The diameter of the largest dots, in points.
        width: Of the axes, in inches.
        height: Of the legend, in inches.
    """
    lines = [
        Line2D([], [], color=style.BLUE, linewidth=2, label="weight above 0"),
        Line2D([], [], color=style.ORANGE, linewidth=2, label="below 0"),
        _dot(style.MUTED, "o", largest, "most attention of its layer"),
        _dot(style.PAPER, "o", 7.0, "output: paid by the environment"),
    ]
    _row(axes, lines, width, height / 2)
    dots = [_dot(colour, marker, 8.0, style.truncate(name, MAX_NAME_LENGTH)) for name, (colour, marker) in styles.items()]
    if dots:
        _row(axes, dots, width, height)


def _dot(face: str, marker: str, diameter: float, label: str) -> Line2D:
    edge = style.INK if face == style.PAPER else style.PAPER
    return Line2D(
        [], [], linestyle="", marker=marker, markersize=diameter, markerfacecolor=face, markeredgecolor=edge, label=label
    )


def _row(axes: Axes, handles: list[Line2D], width: float, top: float) -> None:
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

"""Figure of the results: comparison with the peers above, growth below."""

from __future__ import annotations

from pathlib import Path

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from benchmarks.rounds.growth import Point
from neuronet.benchmarking.api import PRODUCTS, Row
from neuronet.plotting import style

MARKERS = ("o", "s", "^", "D", "v")
RATIOS = tuple(m * 10.0**e for e in range(-2, 3) for m in (1, 2, 5))
POLICY = "attention"


def draw(rows: list[Row], points: list[Point], path: Path, machine: str) -> None:
    """Draw the figure to a file."""
    networks = list(dict.fromkeys(_network(row) for row in rows))
    contestants = list(dict.fromkeys(row.contestant for row in rows))
    axes_below = list(dict.fromkeys(point.axis for point in points))
    figure = style.new_figure(13.0, 1.6 + 0.27 * len(contestants) + 3.2, pads=style.PADS)
    above, below = figure.subfigures(2, 1, height_ratios=[1.1 + 0.27 * len(contestants), 3.2])
    panels = above.subplots(1, len(networks), sharex=True, sharey=True, squeeze=False)[0]
    for panel, network in zip(panels, networks, strict=True):
        _compare(panel, [row for row in rows if _network(row) == network], contestants, network)
    near, far = min(row.ratio for row in rows), max(row.ratio for row in rows)
    panels[0].set_xlim(near / 1.3, far * 1.3)
    _plain_ticks(panels[0].xaxis, RATIOS, [near, far])
    above.suptitle(f"A round, against torch autograd ({machine})", fontsize=style.LARGE, color=style.INK, x=0.01, ha="left")
    _name_batches(above, rows)
    if axes_below:
        for panel, axis in zip(below.subplots(1, len(axes_below), squeeze=False)[0], axes_below, strict=True):
            _grow(panel, [point for point in points if point.axis == axis])
    style.save(figure, path)


def _network(row: Row) -> str:
    return row.case.split(",")[0]


def _colour(contestant: str) -> str:
    if contestant.startswith(POLICY):
        return style.BLUE
    return style.MUTED if contestant == PRODUCTS else style.ORANGE


def _compare(panel, rows, contestants, network):
    cases = list(dict.fromkeys(row.case for row in rows))
    for row in rows:
        marker = MARKERS[cases.index(row.case) % len(MARKERS)]
        position = contestants.index(row.contestant)
        panel.plot(row.ratio, position, marker, color=_colour(row.contestant), markersize=6, markeredgecolor="white", alpha=0.9)
    style.format_axes(panel, title=network, x="time of a round / autograd's", y="")
    panel.set_xscale("log")
    panel.axvline(1.0, color=style.INK, linewidth=0.8)
    panel.set_yticks(range(len(contestants)), contestants)
    panel.set_ylim(len(contestants) - 0.5, -0.5)


def _name_batches(figure, rows):
    names = list(dict.fromkeys(row.case.split(", ")[1] for row in rows))
    handles = [Line2D([], [], marker=mark, color=style.INK, linestyle="") for mark, _ in zip(MARKERS, names, strict=False)]
    figure.legend(handles, names, fontsize=style.SMALL, frameon=False, loc="upper right", ncols=len(names))


def _grow(panel, points):
    for contestant in dict.fromkeys(point.contestant for point in points):
        line = [(point.value, 1e3 * point.minimum) for point in points if point.contestant == contestant]
        panel.plot(*zip(*line, strict=True), marker="o", markersize=4, color=_colour(contestant), label=contestant)
    style.format_axes(panel, title=points[0].fixed, x=points[0].axis, y="ms a round")
    panel.set_title(points[0].fixed, fontsize=style.NORMAL, color=style.INK, loc="left")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.margins(y=0.25)
    values = sorted({point.value for point in points})
    _plain_ticks(panel.xaxis, values, values)
    times = [1e3 * point.minimum for point in points]
    _plain_ticks(panel.yaxis, [m * 10.0**e for e in range(-3, 4) for m in (1, 1.5, 2, 3, 5, 7)], times)
    panel.legend(fontsize=style.SMALL, frameon=False, loc="upper left")


def _plain_ticks(axis, ticks, shown):
    """Label ticks with plain numbers instead of powers of ten."""
    visible = [tick for tick in ticks if min(shown) / 1.6 <= tick <= max(shown) * 1.6]
    axis.set_major_locator(FixedLocator(visible))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())

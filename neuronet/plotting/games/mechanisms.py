"""Mechanisms: the frontier of honesty and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neuronet.games import MechanismComparison
from neuronet.plotting import style

LOOKS = {"certain": (style.GREEN, "o"), "undecided": (style.AMBER, "s"), "refuted": (style.ORANGE, "^")}
"""Colour and marker of each conclusion."""

WORDS = {
    "certain": "no deviation tried gains more",
    "undecided": "undecided",
    "refuted": "a deviation gains more",
}

LABELS = ((5, 6), (5, -13), (-15, 6), (-15, -13))
"""Places of the numbers of points that are close to each other, in points."""


def _place(gain: float) -> float:
    """Return the place of a gain in % on the axis, in decades."""
    return float(np.sign(gain) * np.log10(1 + abs(gain)))


def mechanisms_figure(found: MechanismComparison, environment: str) -> Figure:
    """Return a figure of the best deviation's gain and of accuracy, with a numbered point for each mechanism.

    Args:
        found: Result of `compare_mechanisms`.
        environment: Name of the environment, for the title.
    """
    table = found.table
    figure = style.new_figure(10.6, max(4.6, 1.2 + 0.24 * len(table)), pads=(0.1, 0.08))
    axes, names = figure.subplots(1, 2, width_ratios=(1.6, 1.0))
    limit = 100 * found.tolerance
    x = "gain of the best deviation tried from a fresh network (% of mean payoff), with bounds"
    style.format_axes(
        axes, title=f"Honesty and accuracy on {environment}", x=x, y=f"test accuracy (%) after {found.training_rounds:,} rounds"
    )
    seen: set[str] = set()
    shown: list[tuple[float, float]] = []
    for number, row in enumerate(table.itertuples(index=False), start=1):
        colour, marker = LOOKS[row.conclusion]
        label = None if row.conclusion in seen else WORDS[row.conclusion]
        seen.add(row.conclusion)
        centre, height = 100 * row.gain, 100 * row.accuracy
        bounds: dict[str, Any] = {
            "xerr": [[max(centre - 100 * row.lower, 0)], [max(100 * row.upper - centre, 0)]],
            "yerr": [[height - 100 * row.accuracy_low], [100 * row.accuracy_high - height]],
        }
        axes.errorbar(centre, height, **bounds, fmt=marker, color=colour, markersize=6, linewidth=0.8, alpha=0.8, label=label)
        near = sum(abs(_place(centre) - other) < 0.3 and abs(height - level) < 0.1 for other, level in shown)
        shown.append((_place(centre), height))
        axes.annotate(str(number), (centre, height), xytext=LABELS[near % len(LABELS)], textcoords="offset points", fontsize=8)
    axes.axvline(limit, color=style.MUTED, linewidth=1.0, linestyle="--", label=f"{limit:g}%")
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.6)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(left=min(-1.0, 150 * float(table["gain"].min())))
    style.name_below(figure, *axes.get_legend_handles_labels(), ncols=4)
    names.axis("off")
    for number, row in enumerate(table.itertuples(index=False), start=1):
        place = 1.0 - (number - 0.5) / len(table)
        text = f"{number}  {style.truncate(row.mechanism, 46)}"
        names.text(0.0, place, text, transform=names.transAxes, fontsize=8.5, va="center", color=style.INK)
    return figure

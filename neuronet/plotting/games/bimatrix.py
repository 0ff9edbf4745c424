"""Figure of a game between two layers: payoffs of each pair of policies, and equilibria."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from neuronet.games import Analysis, Floats
from neuronet.plotting import style

MAX_NAME_LENGTH = 18


def layers_figure(payoffs: Floats, resampled: Floats, analysis: Analysis) -> Figure:
    """Return a figure with one panel per layer: payoffs with half their 95% interval; pure equilibria are framed.

    Args:
        payoffs: Mean payoffs over seeds, (2, P, P).
        resampled: Payoffs drawn around the means over the seeds, (resamples, 2, P, P).
        analysis: Analysis of the game.
    """
    count = len(analysis.names)
    low, high = np.quantile(resampled, (0.025, 0.975), axis=0)
    figure = style.new_figure(2.4 * count + 2.6, 0.62 * count + 1.9, pads=(0.1, 0.08))
    for role, title in enumerate(("payoff of the first layer", "payoff of the second layer")):
        axes = figure.add_subplot(1, 2, role + 1)
        y = "the first layer's policy" if role == 0 else ""
        style.format_axes(axes, title=title, x="the second layer's policy", y=y, grid=False)
        axes.imshow(payoffs[role], cmap=style.PALE, aspect="auto")
        names = [style.truncate(name, MAX_NAME_LENGTH) for name in analysis.names]
        axes.set_xticks(range(count), names)
        axes.set_yticks(range(count), names if role == 0 else [""] * count)
        for row, column in np.ndindex(count, count):
            half = (high[role, row, column] - low[role, row, column]) / 2
            text = f"{payoffs[role, row, column]:.3g} ± {half:.1g}"
            axes.text(column, row, text, ha="center", va="center", fontsize=style.SMALL, color=style.INK)
        _frame(axes, analysis)
    note = f"Payoff '{analysis.kind}', mean of a layer's neurons. Framed: equilibria, with their frequency in resampled tables."
    figure.supxlabel(note, fontsize=style.SMALL, color=style.INK, x=0.02, ha="left")
    return figure


def _frame(axes: Axes, analysis: Analysis) -> None:
    """Frame the pure equilibria."""
    for estimate in analysis.equilibria:
        rows, columns = estimate.equilibrium.support
        if len(rows) == len(columns) == 1:
            index = (columns[0] - 0.47, rows[0] - 0.45)
            axes.add_patch(Rectangle(index, 0.94, 0.9, fill=False, edgecolor=style.ORANGE, linewidth=1.8))
            at = (columns[0] + 0.43, rows[0] + 0.4)
            axes.text(*at, f"{100 * estimate.frequency:.0f}%", ha="right", va="bottom", fontsize=style.SMALL, color=style.ORANGE)

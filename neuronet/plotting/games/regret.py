"""Regret of each policy over training."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from neuronet.plotting import style

MAX_NAME_LENGTH = 24


def regret_figure(table: pd.DataFrame, kind: str, profile: str) -> Figure:
    """Return a figure of the regret of each policy, with a panel for the payoff, and one for scaled attention.

    Args:
        table: Result of `HindsightRegret.table`.
        kind: Payoff of the first panel.
        profile: Policies of the neurons, for the title.
    """
    kinds = list(dict.fromkeys((kind, "scaled")))
    figure = style.new_figure(5.0 * len(kinds), 4.2, pads=(0.1, 0.08))
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for number, (axes, payoff) in enumerate(zip(panels, kinds, strict=True)):
        title = f"Regret among {style.truncate(profile, MAX_NAME_LENGTH)}: {payoff}"
        label = "regret per stretch (% of mean payoff)" if number == 0 else ""
        style.format_axes(axes, title=title, x="rounds played", y=label)
        part = table[table["payoff"] == payoff]
        for index, name in enumerate(dict.fromkeys(part["policy"])):
            line = part[part["policy"] == name]
            colour, dashes = style.line_style(index)
            band = (100 * line["low"], 100 * line["high"])
            options = {"linestyle": dashes, "marker": "o", "markersize": 3, "label": style.truncate(str(name), MAX_NAME_LENGTH)}
            style.mean_with_band(axes, line["round"], 100 * line["regret"], band, colour=colour, alpha=0.12, **options)
        axes.set_ylim(bottom=0)
    style.name_below(figure, *panels[0].get_legend_handles_labels(), ncols=3, title="line: mean of the networks; band: 95%")
    return figure

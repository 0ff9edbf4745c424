"""Figures of deviations, of evolution, and of the price of anarchy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from neuronet.games import EvolutionResult, Welfare
from neuronet.plotting import style
from neuronet.plotting.policy_styles import policy_lines

MAX_NAME_LENGTH = 38


def exploitability_figure(gains: pd.DataFrame, distances: pd.DataFrame, profile: str) -> Figure:
    """Return a figure of the gains of each deviation, and of the distances from the local best response over training.

    Args:
        gains: One row per deviator and policy: round, policy, layer, neuron, and relative and scaled (mean gains in raw and in
            activity-scaled attention, in units of the mean payoffs).
        distances: Result of `distances_over_training`; not drawn where it has a single round, as of a trained run.
        profile: Policies of the neurons, for the title.
    """
    rounds = sorted(gains["round"].unique())
    names = list(dict.fromkeys(gains["policy"]))
    height = 1.6 + 0.26 * len(names)
    over_time = distances["round"].nunique() > 1
    figure = style.new_figure(4.2 * len(rounds) + (4.4 if over_time else 2.6), max(height, 4.0), pads=(0.08, 0.06))
    grid = figure.add_gridspec(2, len(rounds) + over_time, width_ratios=[*[1.0] * len(rounds), *[0.8] * over_time])
    first: Axes | None = None
    for index, number in enumerate(rounds):
        axes = figure.add_subplot(grid[:, index], sharey=first)
        first = first or axes
        title = f"{profile}: fresh network" if number == 0 else f"after {number:,} rounds"
        style.format_axes(axes, title=title, x="gain of a single deviator\n(% of mean attention; logarithmic beyond ±1)")
        _draw_gains(axes, gains[gains["round"] == number], names)
        axes.tick_params(labelleft=index == 0)
    if first is not None:
        first.set_yticks(range(len(names)), [style.truncate(name, MAX_NAME_LENGTH) for name in names])
        first.invert_yaxis()
        style.name_below(figure, *first.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    if not over_time:
        return figure
    _draw_distances(figure.add_subplot(grid[0, -1]), distances, "missed_gain", "fraction of gain missed", "Local best response")
    _draw_distances(figure.add_subplot(grid[1, -1]), distances, "attainable_gain", "attainable gain", "")
    return figure


def _draw_gains(axes: Axes, gains: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw a dot per neuron, raw above and scaled below, on a symmetric logarithmic axis."""
    for column, colour, marker, shift, label in (
        ("relative", style.BLUE, "o", -0.18, "raw attention, one dot per neuron"),
        ("scaled", style.ORANGE, "^", 0.18, "activity-scaled attention"),
    ):
        rows = np.array([names.index(name) for name in gains["policy"]], dtype=np.float64)
        values = 100 * gains[column].to_numpy(dtype=np.float64)
        axes.scatter(values, rows + shift, s=9, color=colour, marker=marker, alpha=0.45, linewidths=0, label=label)
        means = gains.assign(shown=values).groupby("policy", sort=False)["shown"].mean()
        mean_rows = [names.index(str(name)) + shift for name in means.index]
        axes.scatter(means, mean_rows, marker="|", s=60, color=style.INK, label="mean" if column == "scaled" else None, zorder=3)
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.6)
    axes.set_xticks([-100, -10, -1, 0, 1, 10, 100], ["-100", "-10", "-1", "0", "1", "10", "100"])
    axes.axvline(0, color=style.MUTED, linewidth=1.0)
    most = float(np.nanmax(np.abs(100 * gains[["relative", "scaled"]].to_numpy(dtype=np.float64)), initial=10.0))
    axes.set_xlim(-1.6 * most, 1.6 * most)


def _draw_distances(axes: Axes, distances: pd.DataFrame, column: str, label: str, title: str) -> None:
    style.format_axes(axes, title=title, x="rounds played" if column == "attainable_gain" else "", y=label)
    games = {"": "fixed demands", "real_": "demands react"}
    lines = [(layer, part, game) for layer, part in distances.groupby("layer") for game in games]
    for index, (layer, part, game) in enumerate(lines):
        spread = part.groupby("round")[f"{game}{column}"].quantile([0.1, 0.5, 0.9]).unstack()
        hue, dashes = style.line_style(index)
        options: dict[str, Any] = {"linestyle": dashes, "marker": "o", "markersize": 3, "label": f"layer {layer}: {games[game]}"}
        style.mean_with_band(axes, spread.index, spread[0.5], (spread[0.1], spread[0.9]), colour=hue, **options)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    if column == "missed_gain":
        style.add_legend(axes, title="median neuron; band: 10th to 90th percentile")


def evolution_figure(evolution: EvolutionResult, pure: pd.DataFrame, test: str = "accuracy") -> Figure:
    """Return a figure of the composition of each hidden layer and of the test error over the generations.

    Lines are means over the networks, bands span the quartiles.

    Args:
        evolution: Result of `evolve`.
        pure: Result of `single_policy_histories`, for comparison; may be empty.
        test: "accuracy", or "loss" for regression.
    """
    layers = sorted(evolution.composition["layer"].unique())
    names = list(dict.fromkeys(evolution.composition["policy"]))
    lines = policy_lines(names)
    figure = style.new_figure(4.6 * (len(layers) + 1) + 0.4, 4.0, pads=(0.1, 0.08))
    for index, layer in enumerate(layers, start=1):
        axes = figure.add_subplot(1, len(layers) + 1, index)
        style.format_axes(axes, title=f"Composition of hidden layer {layer}", x="rounds played", y="share of neurons")
        part = evolution.composition[evolution.composition["layer"] == layer]
        for name in names:
            label = style.truncate(name, MAX_NAME_LENGTH)
            _draw_mean(axes, part[part["policy"] == name], "share", lines[name], label)
        axes.set_ylim(0, 1)
    axes = figure.add_subplot(1, len(layers) + 1, len(layers) + 1)
    shown = "error" if test == "accuracy" else "loss"
    label = "test error (% of samples)" if shown == "error" else "test loss"
    style.format_axes(axes, title=f"Effect on test {test}", x="rounds played", y=label)
    _draw_mean(axes, _with_error(evolution.history), shown, (style.BLUE, "solid"), "all policies, with imitation", linewidth=2.6)
    for name in names:
        part = pure[pure["policy"] == name] if len(pure) else pure
        if len(part):
            _draw_mean(axes, _with_error(part), shown, lines[name], "_", band=False)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    title = "left: neurons of each policy; right: networks of one policy, without imitation" if len(pure) else None
    style.name_below(figure, ncols=min(5, len(names) + 1), title=title)
    return figure


def _with_error(history: pd.DataFrame) -> pd.DataFrame:
    return history.assign(error=(100 * (1 - history["accuracy"])).clip(lower=0.05))


def _draw_mean(
    axes: Axes, table: pd.DataFrame, column: str, line: tuple[str, style.Dashes], name: str, *, band: bool = True, **options: Any
) -> None:
    """Draw the mean of a column in each round, with a band between the quartiles."""
    groups = table.groupby("round")[column]
    mean, spread = groups.mean(), groups.quantile([0.25, 0.75]).unstack()
    edges = (spread[0.25], spread[0.75]) if band else None
    style.mean_with_band(axes, mean.index, mean, edges, colour=line[0], alpha=0.15, linestyle=line[1], label=name, **options)


def welfare_figure(result: Welfare) -> Figure:
    """Return a figure of the loss of each profile, and of the bounds on the gain of a deviation from it."""
    table = result.profiles
    figure = style.new_figure(9.6, 1.6 + 0.3 * len(table), pads=(0.08, 0.06))
    rows = np.arange(len(table))
    loss = figure.add_subplot(1, 2, 1)
    style.format_axes(loss, title="Loss of the profile", x="test loss, with its 95% interval")
    half = np.vstack((table["loss"] - table["loss_low"], table["loss_high"] - table["loss"]))
    loss.errorbar(table["loss"], rows, xerr=half, fmt="o", color=style.BLUE, markersize=4, linewidth=1.4)
    baseline = float(result.losses["backprop"].mean())
    loss.axvline(baseline, color=style.MUTED, linestyle="dashed", linewidth=1.0, label="backpropagation")
    style.add_legend(loss)
    loss.set_yticks(rows, [style.truncate(name, MAX_NAME_LENGTH) for name in table["profile"]])
    gain = figure.add_subplot(1, 2, 2, sharey=loss)
    style.format_axes(
        gain, title="Gain of a single deviator", x="% of mean payoff: measured (dot), and bounds;\nlogarithmic beyond ±1"
    )
    gain.hlines(rows, 100 * table["gain_lower_bound"], 100 * table["epsilon"], color=style.ORANGE, linewidth=1.4)
    gain.plot(100 * table["largest_gain"], rows, "o", color=style.ORANGE, markersize=4)
    gain.set_xscale("symlog", linthresh=1.0, linscale=0.4)
    gain.xaxis.set_major_formatter("{x:g}")
    gain.tick_params(labelleft=False)
    loss.invert_yaxis()
    return figure

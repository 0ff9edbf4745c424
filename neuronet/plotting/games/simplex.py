"""Figure of replicator dynamics: a triangle for each three policies, with a policy at each corner, or a curve for two."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as Outline

from neuronet.games import TOLERANCE, Analysis, EquilibriumEstimate, Floats, SymmetricGame, replicator, symmetric_equilibria
from neuronet.plotting import style

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
GRID = 81
MAX_TRIANGLES = 6
MAX_NAME_LENGTH = 24
PALE, DARK = np.array([0.78, 0.84, 0.90]), np.array([0.0, 0.27, 0.45])


def phase_figure(game: SymmetricGame, analysis: Analysis, resampled: SymmetricGame | None = None) -> Figure:
    """Return a figure of replicator dynamics with its equilibria.

    Args:
        game: Game of the mean payoffs.
        analysis: Analysis of the game.
        resampled: Games of resampled seeds, for the band around the curve of two policies.
    """
    if len(game.names) == 2:
        return _curve(game, analysis, resampled)
    triples = _triples(analysis)
    columns = min(3, ceil(np.sqrt(len(triples))))
    rows = ceil(len(triples) / columns)
    below = 1.0 if columns > 1 else 1.5  # one triangle has room for a single column of the legend
    figure = style.new_figure(3.9 * columns + 0.4, 3.6 * rows + below, pads=(0.06, 0.04))
    for position, triple in enumerate(triples, start=1):
        _triangle(figure.add_subplot(rows, columns, position), game.rescaled(game.payoff_range), analysis, triple)
    title = f"Replicator dynamics by the payoff '{analysis.kind}'" + (": three policies at a time" if len(triples) > 1 else "")
    figure.suptitle(title, fontsize=style.LARGE, color=style.INK, x=0.02, ha="left")
    style.add_legend(figure, handles=_legend_handles(), loc="outside lower center", ncols=min(columns, 2))
    return figure


def _triples(analysis: Analysis) -> list[tuple[int, ...]]:
    """Return triples of policies; if there are more than MAX_TRIANGLES, those with the highest alpha-rank."""
    count = len(analysis.names)
    triples: list[tuple[int, ...]] = list(combinations(range(count), 3))
    if len(triples) <= MAX_TRIANGLES:
        return triples
    ranks = analysis.rank.value
    return sorted(triples, key=lambda triple: -float(ranks[list(triple)].sum()))[:MAX_TRIANGLES]


def subgame(game: SymmetricGame, policies: tuple[int, ...]) -> SymmetricGame:
    """Return the game restricted to some policies."""
    others = [policy for policy in range(len(game.names)) if policy not in policies]
    columns = np.flatnonzero((game.opponents[:, others] == 0).all(axis=1))
    order = [tuple(row) for row in game.opponents[columns][:, list(policies)].tolist()]
    restricted = SymmetricGame(tuple(game.names[p] for p in policies), game.players, game.payoffs[list(policies)][:, columns])
    reordered = [order.index(tuple(row)) for row in restricted.opponents.tolist()]
    return replace(restricted, payoffs=restricted.payoffs[:, reordered])


def _triangle(axes: Axes, game: SymmetricGame, analysis: Analysis, triple: tuple[int, ...]) -> None:
    three = subgame(game, triple)
    x, y = np.linspace(0, 1, GRID), np.linspace(0, CORNERS[2, 1], GRID)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    mixes = barycentric(points)
    inside = (mixes >= -1e-9).all(axis=-1)
    mixes = np.clip(mixes, 0, 1)
    flow = replicator(three, mixes / mixes.sum(axis=-1, keepdims=True)) @ CORNERS
    flow[~inside] = np.nan
    speed = np.hypot(flow[..., 0], flow[..., 1])
    shown = np.sqrt(speed / max(float(np.nanmax(speed)), 1e-12))
    streams = axes.streamplot(
        x, y, flow[..., 0], flow[..., 1], color=np.nan_to_num(shown), cmap=_blues(), density=0.9, linewidth=1.0, arrowsize=0.9
    )
    outline = Outline([*CORNERS, CORNERS[0]])
    streams.lines.set_clip_path(outline, axes.transData)
    axes.plot(*np.vstack((CORNERS, CORNERS[:1])).T, color=style.MUTED, linewidth=1.0, solid_joinstyle="round")
    _corner_names(axes, three.names)
    _mark_equilibria(axes, three, analysis, triple)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-0.16, 1.16)
    axes.set_ylim(-0.15, CORNERS[2, 1] + 0.12)


def _blues() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("speed", [tuple(PALE), tuple(DARK)])


def barycentric(points: Floats) -> Floats:
    """Return the barycentric coordinates of points, (..., 2) to (..., 3); each corner stands for one policy."""
    third = points[..., 1] / CORNERS[2, 1]
    second = points[..., 0] - third / 2
    return np.stack((1 - second - third, second, third), axis=-1)


def _corner_names(axes: Axes, names: tuple[str, ...]) -> None:
    for corner, name, offset, align in zip(CORNERS, names, ((0, -11), (0, -11), (0, 9)), ("top", "top", "bottom"), strict=True):
        axes.annotate(
            style.truncate(name, MAX_NAME_LENGTH),
            corner,
            offset,
            textcoords="offset points",
            ha="center",
            va=align,
            fontsize=style.NORMAL,
            color=style.INK,
        )


def _mark_equilibria(axes: Axes, three: SymmetricGame, analysis: Analysis, triple: tuple[int, ...]) -> None:
    estimates = {tuple(np.round(estimate.equilibrium.mixes[0], 5)): estimate for estimate in analysis.equilibria}
    mixes = [equilibrium.mixes[0] for equilibrium in symmetric_equilibria(three)]
    for mix in [*np.eye(3), *(mix for mix in mixes if (mix < 1 - TOLERANCE).all())]:
        full = np.zeros(len(analysis.names))
        full[list(triple)] = mix
        estimate = estimates.get(tuple(np.round(full, 5)))
        at = mix @ CORNERS
        _mark(axes, at, estimate)
        if estimate is not None:
            text, offset = f"{100 * estimate.frequency:.0f}%", _label_offset(at)
            axes.annotate(
                text, at, offset, textcoords="offset points", ha="center", va="center", fontsize=style.SMALL, color=style.INK
            )


def _label_offset(at: Floats) -> tuple[float, float]:
    """Return the offset of a number from its mark, away from the triangle's centre and from the corners' names."""
    away = at - CORNERS.mean(axis=0)
    if np.hypot(*(CORNERS - at).T).min() < 1e-6:
        return (-20.0 if away[0] <= 0 else 20.0, 2.0)
    if np.hypot(*away) < 1e-6:
        return 0.0, 11.0
    x, y = 15 * away / np.hypot(*away)
    return float(x), float(y)


def _mark(axes: Axes, at: Floats, estimate: EquilibriumEstimate | None) -> None:
    marker = _marker_style(estimate is not None, bool(estimate and estimate.equilibrium.stable))
    axes.plot(*at, linestyle="none", zorder=4, clip_on=False, **marker)


def _marker_style(equilibrium: bool, stable: bool) -> dict[str, Any]:
    if not equilibrium:
        return {"marker": "o", "markersize": 4, "markerfacecolor": style.MUTED, "markeredgecolor": style.MUTED}
    face = style.ORANGE if stable else style.PAPER
    return {"marker": "o", "markersize": 8, "markerfacecolor": face, "markeredgecolor": style.ORANGE, "markeredgewidth": 1.8}


def _legend_handles() -> list[Line2D]:
    arrows = Line2D([], [], color=tuple(DARK), linewidth=1.2, label="replicator dynamics; darker is faster, per triangle")
    names = {
        (True, True): "equilibrium, evolutionarily stable",
        (True, False): "equilibrium, not stable",
        (False, False): "rest point, not an equilibrium",
    }
    marks = [Line2D([], [], linestyle="none", label=name, **_marker_style(*kind)) for kind, name in names.items()]
    frequency = Line2D(
        [],
        [],
        linestyle="none",
        marker=r"$\%$",
        markeredgewidth=0,
        markersize=8,
        color=style.INK,
        label="resampled tables with this equilibrium",
    )
    return [arrows, *marks, frequency]


def _curve(game: SymmetricGame, analysis: Analysis, resampled: SymmetricGame | None) -> Figure:
    """Draw the payoff of the first policy minus that of the second against its share."""
    figure = style.new_figure(6.2, 4.0, pads=style.PADS)
    axes = figure.add_subplot()
    one, other = (style.truncate(name, MAX_NAME_LENGTH) for name in game.names)
    title = f"Payoff difference of the policies '{one}' and '{other}'"
    x, y = f"share of neurons that follow '{one}'", f"payoff difference (payoff: {analysis.kind})"
    style.format_axes(axes, title=title, x=x, y=y)
    shares = np.linspace(0, 1, 101)
    mixes = np.stack((shares, 1 - shares), axis=-1)
    lead = game.expected(mixes) @ np.array([1.0, -1.0])
    band = None
    if resampled is not None:
        leads = SymmetricGame(game.names, game.players, resampled.payoffs[:, None]).expected(mixes) @ np.array([1.0, -1.0])
        low, high = np.quantile(leads, (0.025, 0.975), axis=0)
        band = (low, high)
    label = "payoff difference: the share grows above 0" + ("; band: 95% interval over seeds" if band else "")
    style.mean_with_band(axes, shares, lead, band, colour=style.BLUE, linewidth=1.8, label=label)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    for stable in (True, False):
        equilibria = [estimate.equilibrium for estimate in analysis.equilibria]
        at = [equilibrium.mixes[0][0] for equilibrium in equilibria if bool(equilibrium.stable) is stable]
        name = "equilibrium, evolutionarily stable" if stable else "equilibrium, not stable"
        if at:
            axes.plot(at, np.zeros(len(at)), linestyle="none", zorder=4, clip_on=False, label=name, **_marker_style(True, stable))
    axes.set_xlim(0, 1)
    style.add_legend(axes)
    return figure

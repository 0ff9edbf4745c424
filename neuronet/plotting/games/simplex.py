"""Replicator dynamics drawn: a triangle for every three policies, with a policy at each corner; a curve for two."""

from __future__ import annotations

from itertools import combinations
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.path import Path as Outline

from neuronet.games.metagame.analysis import Analysis, EquilibriumEstimate
from neuronet.games.metagame.nash import TOLERANCE, symmetric_equilibria
from neuronet.games.metagame.replicator import replicator
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.plotting import style

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
GRID = 81
MAX_TRIANGLES = 6
MAX_NAME_LENGTH = 24
PALE, DARK = np.array([0.78, 0.84, 0.90]), np.array([0.0, 0.27, 0.45])


def phase_figure(game: SymmetricGame, analysis: Analysis, resampled: SymmetricGame | None = None) -> Figure:
    """How shares of policies move, and where they rest.

    Args:
        game: Mean payoffs.
        analysis: Of the same.
        resampled: The payoffs drawn anew, for the band about the curve of two policies.
    """
    if len(game.names) == 2:
        return _curve(game, analysis, resampled)
    triples = _triples(analysis)
    columns = min(3, ceil(np.sqrt(len(triples))))
    rows = ceil(len(triples) / columns)
    figure = style.new_figure(3.9 * columns + 0.4, 3.6 * rows + 1.0, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.04))
    for position, triple in enumerate(triples, start=1):
        _triangle(figure.add_subplot(rows, columns, position), game.rescaled(game.payoff_range), analysis, triple)
    title = f"Where shares of policies go, by the payoff '{analysis.kind}'" + (
        ": any three at a time" if len(triples) > 1 else ""
    )
    figure.suptitle(title, fontsize=style.LARGE, color=style.INK, x=0.02, ha="left")
    figure.legend(handles=_legend_handles(), loc="outside lower center", ncols=2, fontsize=style.SMALL, frameon=False)
    return figure


def _triples(analysis: Analysis) -> list[tuple[int, ...]]:
    """Every three policies, those of the highest alpha-rank first, if they are too many."""
    count = len(analysis.names)
    found: list[tuple[int, ...]] = list(combinations(range(count), 3))
    if len(found) <= MAX_TRIANGLES:
        return found
    ranks = analysis.rank.value
    return sorted(found, key=lambda triple: -float(ranks[list(triple)].sum()))[:MAX_TRIANGLES]


def subgame(game: SymmetricGame, policies: tuple[int, ...]) -> SymmetricGame:
    """The game in which there are only these policies."""
    others = [policy for policy in range(len(game.names)) if policy not in policies]
    places = np.flatnonzero((game.opponents[:, others] == 0).all(axis=1))
    order = [tuple(row) for row in game.opponents[places][:, list(policies)].tolist()]
    known = SymmetricGame(tuple(game.names[p] for p in policies), game.players, game.payoffs[list(policies)][:, places])
    return SymmetricGame(
        known.names, known.players, known.payoffs[:, [order.index(tuple(row)) for row in known.opponents.tolist()]]
    )


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
    """The shares for which a point of the triangle stands, (..., 2) to (..., 3); its corners stand for one policy alone."""
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
    whole = {tuple(np.round(each.equilibrium.mixes[0], 5)): each for each in analysis.equilibria}
    corners = [np.eye(3)[place] for place in range(3)]
    for mix in [*corners, *(each.mixes[0] for each in symmetric_equilibria(three) if (each.mixes[0] < 1 - TOLERANCE).all())]:
        full = np.zeros(len(analysis.names))
        full[list(triple)] = mix
        found = whole.get(tuple(np.round(full, 5)))
        at = mix @ CORNERS
        _mark(axes, at, found)
        if found is not None:
            text, offset = f"{100 * found.frequency:.0f}%", _label_offset(at)
            axes.annotate(
                text, at, offset, textcoords="offset points", ha="center", va="center", fontsize=style.SMALL, color=style.INK
            )


def _label_offset(at: Floats) -> tuple[float, float]:
    """Where a number stands beside a mark: away from the triangle's middle, and from the corners' names."""
    away = at - CORNERS.mean(axis=0)
    if np.hypot(*(CORNERS - at).T).min() < 1e-6:
        return (-20.0 if away[0] <= 0 else 20.0, 2.0)
    if np.hypot(*away) < 1e-6:
        return 0.0, 11.0
    x, y = 15 * away / np.hypot(*away)
    return float(x), float(y)


def _mark(axes: Axes, at: Floats, found: EquilibriumEstimate | None) -> None:
    style_of = _marker_style(found is not None, bool(found and found.equilibrium.stable))
    axes.plot(*at, linestyle="none", zorder=4, clip_on=False, **style_of)


def _marker_style(equilibrium: bool, stable: bool) -> dict[str, Any]:
    if not equilibrium:
        return {"marker": "o", "markersize": 4, "markerfacecolor": style.MUTED, "markeredgecolor": style.MUTED}
    face = style.ORANGE if stable else style.PAPER
    return {"marker": "o", "markersize": 8, "markerfacecolor": face, "markeredgecolor": style.ORANGE, "markeredgewidth": 1.8}


def _legend_handles() -> list[Line2D]:
    arrows = Line2D([], [], color=tuple(DARK), linewidth=1.2, label="replicator dynamics; darker is quicker, in each triangle")
    names = {
        (True, True): "equilibrium, evolutionarily stable",
        (True, False): "equilibrium, not stable",
        (False, False): "at rest, but another policy would do better",
    }
    marks = [Line2D([], [], linestyle="none", label=name, **_marker_style(*kind)) for kind, name in names.items()]
    sure = Line2D(
        [],
        [],
        linestyle="none",
        marker=r"$\%$",
        markeredgewidth=0,
        markersize=8,
        color=style.INK,
        label="resampled tables that have this equilibrium",
    )
    return [arrows, *marks, sure]


def _curve(game: SymmetricGame, analysis: Analysis, resampled: SymmetricGame | None) -> Figure:
    """How much more the first policy earns than the second, by its share; where the curve is above 0 its share grows."""
    figure = style.new_figure(6.2, 4.0, layout=ConstrainedLayoutEngine())
    axes = figure.add_subplot()
    one, other = (style.truncate(name, MAX_NAME_LENGTH) for name in game.names)
    title = f"Policies '{one}' and '{other}': which earns more?"
    x, y = f"share of neurons that follow '{one}'", f"lead of '{one}' (payoff: {analysis.kind})"
    style.format_axes(axes, title=title, x=x, y=y)
    shares = np.linspace(0, 1, 101)
    mixes = np.stack((shares, 1 - shares), axis=-1)
    lead = game.expected(mixes) @ np.array([1.0, -1.0])
    if resampled is not None:
        leads = SymmetricGame(game.names, game.players, resampled.payoffs[:, None]).expected(mixes) @ np.array([1.0, -1.0])
        low, high = np.quantile(leads, (0.025, 0.975), axis=0)
        axes.fill_between(shares, low, high, color=style.BLUE, alpha=0.2, linewidth=0, label="95% interval over seeds")
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.plot(shares, lead, color=style.BLUE, linewidth=1.8, label="above 0 its share grows, below it shrinks")
    for stable in (True, False):
        at = [each.equilibrium.mixes[0][0] for each in analysis.equilibria if bool(each.equilibrium.stable) is stable]
        name = "equilibrium, evolutionarily stable" if stable else "equilibrium, not stable"
        if at:
            axes.plot(at, np.zeros(len(at)), linestyle="none", zorder=4, clip_on=False, label=name, **_marker_style(True, stable))
    axes.set_xlim(0, 1)
    axes.legend(fontsize=style.SMALL, frameon=False)
    return figure

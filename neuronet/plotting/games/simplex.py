"""Figure of replicator dynamics: a triangle for each three policies, with a policy at each corner, or a curve for two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as Outline

from neuronet.games import (
    NEUTRAL,
    NOT_STABLE,
    STABLE,
    TOLERANCE,
    Analysis,
    Equilibrium,
    Floats,
    SymmetricGame,
    check_game,
    replicator,
    symmetric_equilibria,
)
from neuronet.plotting import style

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
GRID = 81
MAX_TRIANGLES = 6
MAX_NAME_LENGTH = 24
REST = "rest point, not an equilibrium"
MARKS = {
    STABLE: f"equilibrium, {STABLE}",
    NEUTRAL: f"equilibrium, {NEUTRAL}",
    NOT_STABLE: NOT_STABLE,
    REST: REST,
}
"""Legend of each conclusion about a mix."""
PALE, DARK = np.array([0.78, 0.84, 0.90]), np.array([0.0, 0.27, 0.45])


def phase_figure(game: SymmetricGame, analysis: Analysis | None = None, resampled: SymmetricGame | None = None) -> Figure:
    """Return a figure of replicator dynamics with its equilibria.

    Args:
        game: Symmetric game, such as that of the mean payoffs.
        analysis: Analysis of the game, for the frequencies of its equilibria; None for a game that is known exactly.
        resampled: Games drawn around the mean payoffs, for the band around the curve of two policies.

    Raises:
        ConfigurationError: The game is not a symmetric one.
    """
    check_game(game, SymmetricGame)
    shown = _Shown.of(game, analysis)
    if len(game.names) == 2:
        return _curve(game, shown, resampled)
    triples = _triples(shown)
    columns = min(3, ceil(np.sqrt(len(triples))))
    rows = ceil(len(triples) / columns)
    below = 1.0 if columns > 1 else 1.5  # one triangle has room for a single column of the legend
    figure = style.new_figure(3.9 * columns + 0.4, 3.6 * rows + below, pads=(0.06, 0.04))
    for position, triple in enumerate(triples, start=1):
        _triangle(figure.add_subplot(rows, columns, position), game.rescaled(game.payoff_range), shown, triple)
    title = f"Replicator dynamics{shown.by}" + (": three policies at a time" if len(triples) > 1 else "")
    figure.suptitle(title, fontsize=style.LARGE, color=style.INK, x=0.02, ha="left")
    style.add_legend(figure, handles=_legend_handles(shown), loc="outside lower center", ncols=min(columns, 2))
    return figure


@dataclass
class _Shown:
    """What a figure shows of a game.

    Attributes:
        names: Names of the policies.
        by: End of the title.
        axis: End of the label of the payoff axis.
        equilibria: Equilibria with their frequencies in resampled tables; None without resampling.
        ranks: Alpha-rank of each policy; zeros without an analysis.
        marks: Conclusions that have been drawn, for the legend.
    """

    names: tuple[str, ...]
    by: str
    axis: str
    equilibria: list[tuple[Equilibrium, float | None]]
    ranks: Floats
    marks: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, game: SymmetricGame, analysis: Analysis | None) -> _Shown:
        if analysis is None:
            return cls(game.names, "", "", [(found, None) for found in symmetric_equilibria(game)], np.zeros(len(game.names)))
        equilibria: list[tuple[Equilibrium, float | None]] = [
            (estimate.equilibrium, estimate.frequency) for estimate in analysis.equilibria
        ]
        kind = analysis.kind
        return cls(game.names, f" by the payoff '{kind}'", f" (payoff: {kind})", equilibria, analysis.rank.value)


def _triples(shown: _Shown) -> list[tuple[int, ...]]:
    """Return triples of policies; if there are more than MAX_TRIANGLES, those with the highest alpha-rank."""
    triples: list[tuple[int, ...]] = list(combinations(range(len(shown.names)), 3))
    if len(triples) <= MAX_TRIANGLES:
        return triples
    ranks = shown.ranks
    return sorted(triples, key=lambda triple: -float(ranks[list(triple)].sum()))[:MAX_TRIANGLES]


def subgame(game: SymmetricGame, policies: tuple[int, ...]) -> SymmetricGame:
    """Return the game restricted to some policies."""
    others = [policy for policy in range(len(game.names)) if policy not in policies]
    columns = np.flatnonzero((game.opponents[:, others] == 0).all(axis=1))
    order = [tuple(row) for row in game.opponents[columns][:, list(policies)].tolist()]
    restricted = SymmetricGame(tuple(game.names[p] for p in policies), game.players, game.payoffs[list(policies)][:, columns])
    reordered = [order.index(tuple(row)) for row in restricted.opponents.tolist()]
    return replace(restricted, payoffs=restricted.payoffs[:, reordered])


def _triangle(axes: Axes, game: SymmetricGame, shown: _Shown, triple: tuple[int, ...]) -> None:
    three = subgame(game, triple)
    x, y = np.linspace(0, 1, GRID), np.linspace(0, CORNERS[2, 1], GRID)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    mixes = barycentric(points)
    inside = (mixes >= -1e-9).all(axis=-1)
    mixes = np.clip(mixes, 0, 1)
    flow = replicator(three, mixes / mixes.sum(axis=-1, keepdims=True)) @ CORNERS
    flow[~inside] = np.nan
    speed = np.hypot(flow[..., 0], flow[..., 1])
    shade = np.sqrt(speed / max(float(np.nanmax(speed)), 1e-12))
    streams = axes.streamplot(
        x, y, flow[..., 0], flow[..., 1], color=np.nan_to_num(shade), cmap=_blues(), density=0.9, linewidth=1.0, arrowsize=0.9
    )
    outline = Outline([*CORNERS, CORNERS[0]])
    streams.lines.set_clip_path(outline, axes.transData)
    axes.plot(*np.vstack((CORNERS, CORNERS[:1])).T, color=style.MUTED, linewidth=1.0, solid_joinstyle="round")
    _corner_names(axes, three.names)
    _mark_equilibria(axes, three, shown, triple)
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


def _mark_equilibria(axes: Axes, three: SymmetricGame, shown: _Shown, triple: tuple[int, ...]) -> None:
    known = {tuple(np.round(equilibrium.mixes[0], 5)): (equilibrium, share) for equilibrium, share in shown.equilibria}
    mixes = [equilibrium.mixes[0] for equilibrium in symmetric_equilibria(three)]
    for mix in [*np.eye(3), *(mix for mix in mixes if (mix < 1 - TOLERANCE).all())]:
        full = np.zeros(len(shown.names))
        full[list(triple)] = mix
        equilibrium, frequency = known.get(tuple(np.round(full, 5)), (None, None))
        at = mix @ CORNERS
        conclusion = REST if equilibrium is None else equilibrium.stability
        shown.marks.add(conclusion)
        axes.plot(*at, linestyle="none", zorder=4, clip_on=False, **_marker_style(conclusion))
        if frequency is not None:
            text, offset = f"{100 * frequency:.0f}%", _label_offset(at)
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


def _marker_style(conclusion: str) -> dict[str, Any]:
    if conclusion == REST:
        return {"marker": "o", "markersize": 4, "markerfacecolor": style.MUTED, "markeredgecolor": style.MUTED}
    face = style.ORANGE if conclusion == STABLE else style.PAPER
    fill = {"fillstyle": "left", "markerfacecoloralt": style.PAPER} if conclusion == NEUTRAL else {}
    face = style.ORANGE if conclusion == NEUTRAL else face
    return {
        "marker": "o",
        "markersize": 8,
        "markerfacecolor": face,
        "markeredgecolor": style.ORANGE,
        "markeredgewidth": 1.8,
        **fill,
    }


def _legend_handles(shown: _Shown) -> list[Line2D]:
    """Return an entry for the arrows, and for each mark that occurs."""
    arrows = Line2D([], [], color=tuple(DARK), linewidth=1.2, label="replicator dynamics; darker is faster, per triangle")
    marks = [
        Line2D([], [], linestyle="none", label=name, **_marker_style(kind)) for kind, name in MARKS.items() if kind in shown.marks
    ]
    if not any(share is not None for _, share in shown.equilibria):
        return [arrows, *marks]
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


def _curve(game: SymmetricGame, shown: _Shown, resampled: SymmetricGame | None) -> Figure:
    """Draw the payoff of the first policy minus that of the second against its share."""
    figure = style.new_figure(6.2, 4.0, pads=style.PADS)
    axes = figure.add_subplot()
    one, other = (style.truncate(name, MAX_NAME_LENGTH) for name in game.names)
    title = f"Payoff difference of the policies '{one}' and '{other}'"
    x, y = f"share of neurons that follow '{one}'", f"payoff difference{shown.axis}"
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
    for conclusion, name in MARKS.items():
        at = [found.mixes[0][0] for found, _ in shown.equilibria if found.stability == conclusion]
        if at:
            axes.plot(at, np.zeros(len(at)), linestyle="none", zorder=4, clip_on=False, label=name, **_marker_style(conclusion))
    axes.set_xlim(0, 1)
    style.add_legend(axes)
    return figure

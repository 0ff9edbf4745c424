"""Tables of meta-games for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from neuronet.cli import console
from neuronet.games import Analysis, Interval


def meta_game_tables(found: Analysis, ranks: pd.DataFrame, means: Mapping[str, pd.DataFrame]) -> Group:
    """Return what policies earn by each payoff, and a row for each policy's part in the game.

    Args:
        found: Analysis of a game of neurons.
        ranks: Alpha-ranks by each payoff.
        means: Mean payoff of each policy against each combination of opponents, with its interval, by payoff.
    """
    paid = (_payoffs_table(found, kind, table) for kind, table in means.items())
    return Group(*paid, _results_table(found, ranks), _equilibria_table(found))


def shown_kinds(found: Analysis) -> tuple[str, str]:
    """Return the payoff of the analysis, and the scaled or raw attention that is shown beside it."""
    return found.kind, _other_kind(found)


def headline(found: Analysis, ranks: pd.DataFrame) -> str:
    """Return which policy comes first by alpha-rank, by the payoff of the game and by the scaled or raw attention beside it."""
    kind, other = found.kind, _other_kind(found)
    (leader, decided), (other_leader, other_decided) = (_leader(ranks[ranks["payoff"] == name]) for name in (kind, other))
    if leader == other_leader:
        sentence = f"By '{kind}' and by '{other}', alpha-rank puts {leader} first."
    else:
        sentence = f"By '{kind}', alpha-rank puts {leader} first, but by '{other}' {other_leader}: the payoffs disagree."
    unsure = [f"'{name}'" for name, is_decided in ((kind, decided), (other, other_decided)) if not is_decided]
    return sentence + (f" By {' and by '.join(unsure)} these seeds do not decide: intervals overlap." if unsure else "")


def _leader(rows: pd.DataFrame) -> tuple[str, bool]:
    """Return the policy with the highest rank, and whether its interval lies above all others."""
    ordered = rows.sort_values("rank", ascending=False)
    return str(ordered["policy"].iloc[0]), bool(ordered["low"].iloc[0] > ordered["high"].iloc[1:].max())


def _other_kind(found: Analysis) -> str:
    return "attention" if found.kind == "scaled" else "scaled"


def _payoffs_table(found: Analysis, kind: str, means: pd.DataFrame) -> Table:
    """Return the payoff of each policy where all others follow one."""
    table = console.make_table(
        f"Payoff '{kind}' of a policy, where all others follow another", "95% intervals over seeds. All counts: means.csv."
    )
    table.add_column("policy", no_wrap=True)
    console.add_columns(table, *(f"among {escape(name)}" for name in found.names), justify="right")
    others = means[[f"others {name}" for name in found.names]]
    pure = means[others.max(axis=1) == others.sum(axis=1)].assign(among=others.idxmax(axis=1).str.removeprefix("others "))
    for policy, rows in pure.groupby("policy", sort=False):
        by_others = rows.set_index("among")
        cells = [by_others.loc[name, ["mean", "low", "high"]] for name in found.names]
        table.add_row(escape(str(policy)), *(f"{mean:.3g} ({low:.3g} to {high:.3g})" for mean, low, high in cells))
    return table


def _results_table(found: Analysis, ranks: pd.DataFrame) -> Table:
    """Return a table with a row for each policy."""
    other = _other_kind(found)
    caption = (
        "pure equilibrium: fraction of resampled tables in which all players following the policy is one. "
        f"by '{other}': alpha-rank by that payoff. share at the end: of replicator dynamics, {_endings(found)}. "
    )
    table = console.make_table(f"Meta-game by the payoff '{found.kind}'", caption + _caption(found))
    table.add_column("policy", no_wrap=True)
    console.add_columns(table, "pure equilibrium", "alpha-rank", f"by '{other}'", "share at the end", justify="right")
    assert found.pure is not None and found.ending_shares is not None
    other_ranks = ranks[ranks["payoff"] == other].reset_index(drop=True)
    for index, name in enumerate(found.names):
        line = other_ranks.loc[index]
        table.add_row(
            escape(name),
            f"{100 * found.pure[index]:.0f}%",
            _format_interval(found.rank, index),
            f"{line['rank']:.2f} ({line['low']:.2f} to {line['high']:.2f})",
            _format_interval(found.ending_shares, index),
        )
    return table


def _equilibria_table(found: Analysis) -> Table:
    """Return a table with a row for each equilibrium in which all players use the same mix."""
    table = console.make_table(
        f"Equilibria by the payoff '{found.kind}' in which all players use the same mix",
        "frequency: fraction of resampled tables with an equilibrium of these policies. stable: fraction in which it is also "
        "evolutionarily stable. All kinds of equilibria: neuronet game solve FOLDER.",
    )
    table.add_column("mix", overflow="fold")
    table.add_column("conclusion")
    console.add_columns(table, "frequency", "stable", justify="right")
    for result in found.equilibria:
        cells = escape(_format_mix(found.names, result.shares[0])), result.equilibrium.stability
        table.add_row(*cells, f"{100 * result.frequency:.0f}%", f"{100 * result.stable:.0f}%")
    return table


def _endings(found: Analysis) -> str:
    """Return from how many initial mixes replicator dynamics ends in what way."""
    names = {"fixed": "at rest", "cycle": "in a cycle", "undecided": "undecided"}
    counts = found.ending_counts or {}
    parts = [f"{counts[kind]} {name}" for kind, name in names.items() if kind in counts]
    return f"from {sum(counts.values())} initial mixes: {', '.join(parts)}"


def layers_headline(found: Analysis) -> str:
    """Return the equilibria between two layers in a sentence."""
    parts = [
        f"{' against '.join(_format_mix(found.names, spread) for spread in result.shares)} ({100 * result.frequency:.0f}%)"
        for result in found.equilibria
    ]
    many = "; mixtures of those in which one layer's mix is the same are equilibria, too" if found.degenerate else ""
    return (
        f"Equilibria by '{found.kind}', with the fraction of resampled tables that have them: {'; '.join(parts) or 'none'}{many}."
    )


def layers_table(found: Analysis) -> Table:
    """Return a table with a row for each equilibrium."""
    caption = "frequency: fraction of resampled tables. " + _caption(found)
    table = console.make_table(f"Equilibria between two layers, by the payoff '{found.kind}'", caption)
    console.add_columns(table, "first layer", "second layer")
    console.add_columns(table, "frequency", "alpha-rank", justify="right")
    for result in found.equilibria:
        mixes = [_format_mix(found.names, spread) for spread in result.shares]
        (rows, columns) = result.equilibrium.support
        pure = len(rows) == len(columns) == 1
        rank = _format_interval(found.rank, (rows[0], columns[0])) if pure else ""
        table.add_row(*map(escape, mixes), f"{100 * result.frequency:.0f}%", rank)
    return table


def layers_gains_table(found: Analysis, gains: pd.DataFrame) -> Table:
    """Return what a layer gains that alone leaves an equilibrium in pure policies.

    Args:
        found: Analysis of a game between two layers.
        gains: Rows of `LayerGame.gains`, with a column "payoff".
    """
    kinds = shown_kinds(found)
    table = console.make_table(
        "Gain of a layer that alone leaves an equilibrium in pure policies", "95% intervals over seeds, paired. All: gains.csv."
    )
    console.add_columns(table, "first layer", "second layer", "leaves", "for")
    console.add_columns(table, *(f"gain in '{kind}'" for kind in kinds), justify="right")
    pure = [result.equilibrium.support for result in found.equilibria if sum(map(len, result.equilibrium.support)) == 2]
    for (row,), (column,) in pure:
        pair = found.names[row], found.names[column]
        left = gains[(gains["first"] == pair[0]) & (gains["second"] == pair[1])]
        for (layer, instead), rows in left.groupby(["layer", "instead"], sort=False):
            by_kind = rows.set_index("payoff")
            cells = (by_kind.loc[kind, ["gain", "low", "high"]] for kind in kinds)
            intervals = (f"{gain:.3g} ({low:.3g} to {high:.3g})" for gain, low, high in cells)
            table.add_row(*map(escape, (*pair, f"{layer} layer", str(instead))), *intervals)
    return table


def _format_mix(names: tuple[str, ...], shares: Interval) -> str:
    parts = [(float(share), name) for name, share in zip(names, shares.value, strict=True) if share > 1e-6]
    return parts[0][1] if len(parts) == 1 else ", ".join(f"{name} {share:.2f}" for share, name in sorted(parts, reverse=True))


def _format_interval(spread: Interval, index: int | tuple[int, int]) -> str:
    return f"{spread.value[index]:.2f} ({spread.low[index]:.2f} to {spread.high[index]:.2f})"


def _caption(found: Analysis) -> str:
    many = " The game is degenerate: there may be more equilibria." if found.degenerate else ""
    return f"95% intervals over seeds. Selection: alpha {found.alpha:g}, population {found.size}.{many}"

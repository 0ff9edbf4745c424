"""Tables of what is decided about policies of a meta-game, with as many seeds as that takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from neuronet.cli import console
from neuronet.games import SequentialConclusion


def conclusions_table(decided: Sequence[SequentialConclusion]) -> pd.DataFrame:
    """Return one row per policy.

    Columns are policy, deviation (the one with the largest gain), its gain, lower and upper bound in units of the policy's mean
    payoff, conclusion, and seeds: those of the look that decided, or of the last.
    """
    rows = []
    names = decided[0].measured.names
    for number, (name, found) in enumerate(zip(names, decided, strict=True)):
        last, others = found.looks[-1], np.arange(len(names)) != number
        best = int(np.argmax(np.where(others, last.gains, -np.inf)))
        gains = (float(values[best] / found.unit) for values in (last.gains, last.lower, last.upper))
        rows.append((name, names[best], *gains, found.conclusion, last.seeds))
    return pd.DataFrame(rows, columns=["policy", "deviation", "gain", "lower", "upper", "conclusion", "seeds"])


def sequential_table(conclusions: pd.DataFrame, payoff: str) -> Table:
    """Return the conclusions for the terminal."""
    table = console.make_table(
        f"Is a policy that all neurons follow an equilibrium, by the payoff '{escape(payoff)}'?",
        "best deviation: the policy with the largest gain, in % of the mean payoff; bounds hold for all policies and looks "
        "together. seeds: of the look that decided, or of the last. The other tables do not count the looks.",
    )
    table.add_column("policy", no_wrap=True)
    console.add_columns(table, "best deviation", "conclusion")
    console.add_columns(table, "gain (%)", "seeds", justify="right", no_wrap=True)
    words = {"certain": "an equilibrium", "refuted": "none", "undecided": "undecided"}
    for row in conclusions.itertuples(index=False):
        gain = f"{100 * row.gain:.3g} ({100 * row.lower:.3g} to {100 * row.upper:.3g})"
        table.add_row(escape(row.policy), escape(row.deviation), words[row.conclusion], gain, str(row.seeds))
    return table


def sequential_headline(decided: Sequence[SequentialConclusion], tolerance: float) -> str:
    """Return a sentence: which policies are equilibria for certain, which are not, and how many seeds would decide the others."""
    names, limit = decided[0].measured.names, f"{100 * tolerance:g}%"
    by_kind = {
        kind: [name for name, found in zip(names, decided, strict=True) if found.conclusion == kind]
        for kind in ("certain", "refuted", "undecided")
    }
    words = {"certain": "an equilibrium", "refuted": "no equilibrium", "undecided": "undecided"}
    parts = [
        f"{' and '.join(found)} {'is' if len(found) == 1 else 'are'} {words[kind]}" for kind, found in by_kind.items() if found
    ]
    more = ""
    if by_kind["undecided"]:
        needed = [found.looks[-1].seeds_needed(found.tolerance) for found in decided if found.conclusion == "undecided"]
        most = None if None in needed else max(count for count in needed if count is not None)
        more = f" (about {most:,} seeds would decide)" if most else " (more than 100,000 seeds would be needed)"
    return (
        f"After {len(decided[0].measured.seeds)} seeds, up to {limit} of its mean payoff, with {100 * decided[0].confidence:g}% "
        f"confidence in all conclusions together: {'; '.join(parts)}{more}."
    )

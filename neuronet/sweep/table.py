"""Tables of a sweep: a line for each cell, and the means over the seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from neuronet.statistics import interval
from neuronet.sweep.cells import Plan
from neuronet.sweep.worker import RESULTS, Row

MAX_ROWS = 40
"""Largest number of settings that are shown; the files have all."""

OPTIONAL = ("cosine", "gini")
"""Results without a column if they were not measured."""


def make_table(plan: Plan, rows: Mapping[str, Row]) -> pd.DataFrame:
    """Return a line for each cell that has a result, in the order of the plan.

    Args:
        plan: The cells.
        rows: Their results, by their keys.
    """
    lines = [{"cell": cell.number, **cell.swept, **rows[cell.key]} for cell in plan.cells if cell.key in rows]
    table = pd.DataFrame(lines, columns=["cell", *plan.columns, *RESULTS])
    table = table.assign(**{name: _as_uniform_type(table[name]) for name in plan.columns}, error=table["error"].astype("string"))
    return table.drop(columns=[name for name in OPTIONAL if table[name].isna().all()])


def _as_uniform_type(column: pd.Series) -> pd.Series:
    """Return a column of texts if it mixes texts and numbers, which a Parquet file cannot hold."""
    kinds = {isinstance(value, str) for value in column if value is not None}
    return column.map(lambda value: None if value is None else str(value)) if len(kinds) > 1 else column


def summary_table(table: pd.DataFrame, swept: tuple[str, ...]) -> Table:
    """Return the mean of each setting over its seeds, with its 95% interval.

    Args:
        table: A line for each cell.
        swept: The swept columns, without the seed.
    """
    has_accuracy = bool(table["test_accuracy"].notna().any())
    measure, scale, unit = ("test_accuracy", 100, ", %") if has_accuracy else ("test_loss", 1, "")
    summary = Table(box=SIMPLE_HEAD, padding=(0, 1), caption="± spans 95% intervals over the seeds (Student's t)")
    for name in swept:
        summary.add_column(name, overflow="fold")
    for heading in ("seeds", f"{measure.replace('_', ' ')}{unit}", "seconds", "failed"):
        summary.add_column(heading, justify="right", no_wrap=True)
    parts = table.groupby(list(swept), sort=False, dropna=False) if swept else [((), table)]
    for number, (values, part) in enumerate(parts):
        if number == MAX_ROWS:
            summary.add_row(f"and {len(parts) - MAX_ROWS} more", *[""] * (len(swept) + 3))
            break
        mean, _, high = interval(part[measure].dropna().to_numpy()) if part[measure].notna().any() else (math.nan,) * 3
        text = "" if math.isnan(mean) else f"{scale * mean:.4g}{'' if math.isnan(high) else f' ± {scale * (high - mean):.2g}'}"
        failed = int(part["error"].notna().sum())
        cells = [escape(_format_cell(value)) for value in values]
        summary.add_row(*cells, str(len(part)), text, f"{part['seconds'].sum():.1f}", str(failed or ""))
    return summary


def _format_cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""Tables of `neuronet reproduce`."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from neuronet.cli.console import add_columns, make_table
from neuronet.reproduction import REPRODUCTIONS, Finding, ReproductionResult


def list_table() -> Table:
    """Return a table of every registered study, its sizes and its source."""
    table = make_table()
    table.add_column("study", no_wrap=True)
    table.add_column("size", no_wrap=True)
    table.add_column("what is played")
    for name, study in REPRODUCTIONS.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]", "", escape(f"{study.title} Source: {study.source}."))
        for size, description in study.sizes.items():
            table.add_row("", size, escape(description))
    return table


def findings_table(result: ReproductionResult) -> Group:
    """Return the tables of a study, and its findings beside the published figures."""
    table = make_table(
        f"{result.name}, size {result.size}: {result.study.title}",
        "points or %, ± spans 95% intervals; p: Student's paired t, by Holm for all rows",
    )
    table.add_column("claim", overflow="fold")
    add_columns(table, "published", "ours", "p", justify="right")
    table.add_column("conclusion")
    for setting in dict.fromkeys(finding.setting for finding in result.findings):
        table.add_section()
        table.add_row(f"[bold]{escape(setting)}[/bold]")
        for finding in (finding for finding in result.findings if finding.setting == setting):
            numbers = (escape(finding.published), _interval(finding), _p_value(finding.p))
            table.add_row(escape(finding.claim), *numbers, escape(finding.conclusion))
    return Group(*(_plain_table(name, rows) for name, rows in result.tables.items()), table)


def _plain_table(name: str, rows: pd.DataFrame) -> Table:
    """Return a study's own table, a section for each setting; bounds of intervals are shown as ± after the mean."""
    table = make_table(name)
    shown = [column for column in rows.columns if column != "setting" and not column.endswith(("_low", "_high"))]
    for column in shown:
        table.add_column(column, justify="right" if pd.api.types.is_numeric_dtype(rows[column]) else "left", overflow="fold")
    for setting, part in rows.groupby("setting", sort=False):
        table.add_section()
        table.add_row(f"[bold]{escape(str(setting))}[/bold]")
        for row in part.to_dict("records"):
            table.add_row(*(_cell(row, column) for column in shown))
    return table


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value, high = row[column], row.get(f"{column}_high")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return escape(str(value))
    if isnan(value):
        return ""
    if column == "p":
        return _p_value(value)
    sign = "+" if column == "difference" else ""
    half = f" ± {high - value:.2f}" if isinstance(high, float) and not isnan(high) else ""
    return f"{value:{sign}.2f}{half}"


def _interval(finding: Finding) -> str:
    half = "" if isnan(finding.high) else f" ± {finding.high - finding.value:.2f}"
    sign = "" if isnan(finding.p) else "+"
    return f"{finding.value:{sign}.2f}{half}"


def _p_value(p: float) -> str:
    return "" if isnan(p) else "<0.001" if p < 0.001 else f"{p:.2g}"

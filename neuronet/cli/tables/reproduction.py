"""Tables of `neuronet reproduce`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from math import isnan
from typing import Any

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from neuronet.cli.console import add_columns, make_table
from neuronet.reproduction import REPRODUCTIONS, SCRIPTED_RESULTS, Finding, ReproductionResult


def list_tables() -> Group:
    """Return a table of the registered studies, and one of the figures and tables of the pages with the command of each."""
    return Group(_study_table(), "", _page_table())


def _page_table() -> Table:
    table = make_table("figures and tables of docs/, and what makes them in a clone of the repository")
    for name in ("page", "figure or table", "command"):
        table.add_column(name, overflow="fold")
    for page, entries in groupby(SCRIPTED_RESULTS, key=lambda entry: entry.page):
        table.add_section()
        for number, entry in enumerate(entries):
            table.add_row("" if number else page, escape(entry.heading), escape(entry.command))
    return table


def _study_table() -> Table:
    """Return a table of every registered study, its sizes and its source."""
    table = make_table("studies: neuronet reproduce STUDY --size SIZE")
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
    """Return the tables of a study, and its findings beside the published figures, a table for each setting."""
    tables = [_plain_table(name, setting, part) for name, rows in result.tables.items() for setting, part in _by_setting(rows)]
    for setting in dict.fromkeys(finding.setting for finding in result.findings):
        table = make_table(f"findings: {setting}")
        table.add_column("claim", overflow="fold")
        add_columns(table, "published", "ours", "p", justify="right")
        table.add_column("conclusion")
        for finding in (finding for finding in result.findings if finding.setting == setting):
            numbers = (escape(finding.published), _interval(finding), _p_value(finding.p))
            table.add_row(escape(finding.claim), *numbers, escape(finding.conclusion))
        tables.append(table)
    tables[
        -1
    ].caption = "% or points, ± spans 95% intervals; p: Student's paired t, by Holm within findings, and within each other table"
    return Group(f"{result.name}, size {result.size}: {result.study.title}", *tables)


def _by_setting(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(setting), part) for setting, part in rows.groupby("setting", sort=False)]


def _plain_table(name: str, setting: str, rows: pd.DataFrame) -> Table:
    """Return a study's own table of one setting: bounds of intervals are shown as ± after the mean."""
    table = make_table(f"{name}: {setting}")
    shown = [column for column in rows.columns if column not in ("setting", "seeds") and not column.endswith(("_low", "_high"))]
    for column in shown:
        numeric = pd.api.types.is_numeric_dtype(rows[column])
        heading = {"at_edge": "edge", "learning_rate": "rate"}.get(column, column)
        table.add_column(
            heading, justify="right" if numeric else "left", overflow="fold", no_wrap=column not in ("method", "rates")
        )
    for row in rows.to_dict("records"):
        table.add_row(*(_cell(row, column) for column in shown))
    return table


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value, high = row[column], row.get(f"{column}_high")
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, float):
        return escape(str(value))
    if isnan(value):
        return ""
    if column in ("p", "learning_rate"):
        return _p_value(value) if column == "p" else f"{value:.3g}"
    sign = "+" if column == "difference" or column.startswith("to_") else ""
    half = f" ± {high - value:.1f}" if isinstance(high, float) and not isnan(high) else ""
    return f"{value:{sign}.1f}{half}"


def _interval(finding: Finding) -> str:
    half = "" if isnan(finding.high) else f" ± {finding.high - finding.value:.1f}"
    return f"{finding.value:+.1f}{half}"


def _p_value(p: float) -> str:
    return "" if isnan(p) else "<0.001" if p < 0.001 else f"{p:.2g}"

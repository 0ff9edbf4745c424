"""What the command line shows of a study of forgetting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from inspect import getdoc
from math import isnan
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from neuronet.forgetting.methods import METHODS
from neuronet.forgetting.protocols import PROTOCOLS
from neuronet.forgetting.result import Forgetting
from neuronet.forgetting.schedule import PRESETS

SHOWN = ("final", "learning", "forgetting")


def table_of_forgetting(result: Forgetting) -> Table:
    """Each method's accuracies and forgetting, and its paired difference to backprop, with 95% intervals."""
    caption = "%, ± spans 95% intervals; to backprop: final accuracy, paired; p of Student's t and Wilcoxon's test, by Holm"
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("policy", overflow="fold", min_width=10)
    for heading in (*SHOWN, "to backprop", "p t", "p W"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.table.to_dict("records"):
        spans = [_span(row, name, ".1f") for name in SHOWN]
        tests = ["" if isnan(row[name]) else _chance(row[name]) for name in ("p_t_holm", "p_wilcoxon_holm")]
        table.add_row(escape(f"{row['policy']}\n{_settings(row)}"), *spans, _span(row, "difference", "+.1f"), *tests)
    return table


def _settings(row: Mapping[Any, Any]) -> str:
    """The learning rate, and what tuning chose besides."""
    chosen = {"rate": row["learning_rate"], **json.loads(row["settings"])}
    edge = " (edge)" if row["at_edge"] else ""
    return ", ".join(f"{name} {value:g}" for name, value in chosen.items()) + edge


def _chance(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def _span(row: Mapping[Any, Any], name: str, form: str) -> str:
    mean, high = row[name], row[f"{name}_high"]
    if isnan(mean):
        return ""
    return f"{100 * mean:{form}}" + ("" if isnan(high) else f" ± {100 * (high - mean):.1f}")


def table_of_choices() -> Table:
    """Every protocol, preset and method, with what it is."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("", "parameters", "what it is"):
        table.add_column(heading, overflow="fold")
    _add(table, "protocol", PROTOCOLS)
    table.add_row("[bold]preset[/bold]", "", "", style="")
    for name, schedule in PRESETS.items():
        rounds = f"{schedule.iterations} rounds a task" if schedule.iterations else "one pass a task"
        table.add_row(name, "", f"{rounds}, batches of {schedule.batch_size}")
    _add(table, "method", METHODS)
    table.add_row("", "", "and every policy: see neuronet policies")
    return table


def _add(table: Table, kind: str, known: Mapping[str, type[Any]]) -> None:
    table.add_row(f"[bold]{kind}[/bold]", "", "")
    for name, cls in known.items():
        parameters = ", ".join(f"{field.name}={field.default!r}" for field in fields(cls))
        table.add_row(name, escape(parameters), escape((getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")))

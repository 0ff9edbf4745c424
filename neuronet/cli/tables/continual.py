"""Tables of continual-learning studies for the terminal."""

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

from neuronet.continual import METHODS, PRESETS, PROTOCOLS, ContinualResult, Preset, StudySummary
from neuronet.registry import format_option

SHOWN_METRICS = ("final", "learning", "forgetting")


def study_table(result: ContinualResult) -> Table:
    """Return a table of each method's accuracies and forgetting, its paired difference to backprop, and its costs."""
    tuned = not result.tuning.empty
    table = _method_table(
        "%, ± spans 95% intervals; to backprop: final accuracy, paired, below p of Student's t and Wilcoxon's test, by Holm;\n"
        f"{'area: dominated by the Pareto front; ' if tuned else ''}costs: seconds of learning relative to backprop, bytes kept",
        (*SHOWN_METRICS, "to backprop", *(["area"] if tuned else []), "costs"),
    )
    for row in result.table.to_dict("records"):
        intervals = [_interval(row, name, ".1f") for name in SHOWN_METRICS]
        area = [f"{100 * row['area']:.1f}"] if tuned else []
        costs = f"{_format_ratio(result.times[row['policy']])}\n{_format_bytes(row['memory'])}"
        label = escape(f"{row['policy']}\n{_settings(row)}")
        table.add_row(label, *intervals, f"{_interval(row, 'difference', '+.1f')}\n{_p_values(row)}", *area, costs)
    return table


def summary_table(summary: StudySummary) -> Table:
    """Return a table of every comparison of several studies, with p values adjusted for all of them together."""
    to = f"to {summary.reference}"
    table = _method_table(
        f"%, ± spans 95% intervals; {to}: final accuracy, paired; p of Student's t and Wilcoxon's test, by Holm over all",
        ("seeds", "final", "learning", to, "p"),
    )
    for study in summary.studies:
        table.add_row(f"[bold]{escape(study.name)}[/bold]")
        for row in summary.table[summary.table["study"] == study.name].to_dict("records"):
            intervals = [_interval(row, name, ".1f") for name in ("final", "learning")]
            difference = _interval(row, "difference", "+.1f")
            table.add_row(escape(row["policy"]), str(row["seeds"]), *intervals, difference, _p_values(row))
    return table


def _method_table(caption: str, headings: tuple[str, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("policy", overflow="fold", min_width=10)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _p_values(row: Mapping[Any, Any]) -> str:
    """Return the adjusted p values of both tests."""
    p_values = [row[name] for name in ("p_t_holm", "p_wilcoxon_holm")]
    return ", ".join("<0.001" if p < 0.001 else f"{p:.2g}" for p in p_values if not isnan(p))


def _format_ratio(ratio: float) -> str:
    return "" if isnan(ratio) else f"{ratio:.1f}x"


def _format_bytes(count: float) -> str:
    if isnan(count):
        return ""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def _settings(row: Mapping[Any, Any]) -> str:
    """Return the learning rate and the tuned parameters."""
    rate = {} if isnan(row["learning_rate"]) else {"rate": row["learning_rate"]}
    chosen = {**rate, **json.loads(row["settings"])}
    values = ", ".join(f"{name} {value if isinstance(value, str) else f'{value:g}'}" for name, value in chosen.items())
    faults = ["at an edge"] if row["at_edge"] else []
    faults += [f"{row['diverged']:.0f} of {row['seeds']} runs diverged"] if row["diverged"] > 0 else []
    return values + (f" (not tuned: {', '.join(faults)})" if faults else "")


def _interval(row: Mapping[Any, Any], name: str, form: str) -> str:
    mean, high = row[name], row[f"{name}_high"]
    if isnan(mean):
        return ""
    return f"{100 * mean:{form}}" + ("" if isnan(high) else f" ± {100 * (high - mean):.1f}")


def choices_table() -> Table:
    """Return a table of every protocol, preset and method, with its parameters and its description."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("", "parameters", "description"):
        table.add_column(heading, overflow="fold")
    _add_classes(table, "protocol", PROTOCOLS)
    table.add_row("[bold]preset[/bold]", "", "", style="")
    for name, preset in PRESETS.items():
        table.add_row(name, "", escape(_describe_preset(preset)))
    _add_classes(table, "method", METHODS)
    table.add_row("", "", "and every policy: see neuronet policies")
    return table


def _describe_preset(preset: Preset) -> str:
    schedule = preset.schedule
    epochs = "one epoch" if schedule.epochs == 1 else f"{schedule.epochs} epochs"
    length = f"{schedule.iterations:,} rounds" if schedule.iterations else epochs
    description = f"{length} a task, batches of {schedule.batch_size}"
    if not preset.source:
        return description
    sizes = ",".join(map(str, preset.hidden))
    return f"{preset.source}: {description}; hidden {sizes}, {format_option(preset.optimizer)} {preset.learning_rate:g}"


def _add_classes(table: Table, kind: str, classes: Mapping[str, type[Any]]) -> None:
    table.add_row(f"[bold]{kind}[/bold]", "", "")
    for name, cls in classes.items():
        parameters = ", ".join(f"{field.name}={field.default!r}" for field in fields(cls))
        table.add_row(name, escape(parameters), escape((getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")))

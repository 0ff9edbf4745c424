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

from neuronet.continual.methods.registry import METHODS
from neuronet.continual.protocols.presets import PRESETS, Preset
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.continual.studies.result import ContinualResult
from neuronet.continual.studies.summary import StudySummary

SHOWN_METRICS = ("final", "learning", "forgetting")


def study_table(result: ContinualResult) -> Table:
    """Each method's accuracies and forgetting, its paired difference to backprop with 95% intervals, and what it costs."""
    tuned = not result.tuning.empty
    caption = (
        "%, ± spans 95% intervals; to backprop: final accuracy, paired, below p of Student's t and Wilcoxon's test, by Holm;\n"
        f"{'area: under the frontier; ' if tuned else ''}costs: seconds of learning as multiples of backprop's, bytes kept"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("policy", overflow="fold", min_width=10)
    for heading in (*SHOWN_METRICS, "to backprop", *(["area"] if tuned else []), "costs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.table.to_dict("records"):
        intervals = [_interval(row, name, ".1f") for name in SHOWN_METRICS]
        area = [f"{100 * row['area']:.1f}"] if tuned else []
        costs = f"{_format_ratio(result.times[row['policy']])}\n{_format_bytes(row['memory'])}"
        words = escape(f"{row['policy']}\n{_settings(row)}")
        table.add_row(words, *intervals, f"{_interval(row, 'difference', '+.1f')}\n{_p_values(row)}", *area, costs)
    return table


def summary_table(summary: StudySummary) -> Table:
    """Every comparison of several studies, with p values for all of them together."""
    to = f"to {summary.reference}"
    caption = f"%, ± spans 95% intervals; {to}: final accuracy, paired; p of Student's t and Wilcoxon's test, by Holm over all"
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("policy", overflow="fold", min_width=10)
    for heading in ("seeds", "final", "learning", to, "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    for study in summary.studies:
        table.add_row(f"[bold]{escape(study.name)}[/bold]")
        for row in summary.table[summary.table["study"] == study.name].to_dict("records"):
            intervals = [_interval(row, name, ".1f") for name in ("final", "learning")]
            table.add_row(
                escape(row["policy"]), str(row["seeds"]), *intervals, _interval(row, "difference", "+.1f"), _p_values(row)
            )
    return table


def _p_values(row: Mapping[Any, Any]) -> str:
    """The p values of both tests, adjusted."""
    found = [row[name] for name in ("p_t_holm", "p_wilcoxon_holm")]
    return ", ".join(_p_value(each) for each in found if not isnan(each))


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
    """The learning rate, and what tuning chose besides."""
    chosen = {"rate": row["learning_rate"], **json.loads(row["settings"])}
    edge = " (edge)" if row["at_edge"] else ""
    return ", ".join(f"{name} {value:g}" for name, value in chosen.items()) + edge


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def _interval(row: Mapping[Any, Any], name: str, form: str) -> str:
    mean, high = row[name], row[f"{name}_high"]
    if isnan(mean):
        return ""
    return f"{100 * mean:{form}}" + ("" if isnan(high) else f" ± {100 * (high - mean):.1f}")


def choices_table() -> Table:
    """Every protocol, preset and method, with what it is."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for heading in ("", "parameters", "what it is"):
        table.add_column(heading, overflow="fold")
    _add(table, "protocol", PROTOCOLS)
    table.add_row("[bold]preset[/bold]", "", "", style="")
    for name, preset in PRESETS.items():
        table.add_row(name, "", escape(_describe_preset(preset)))
    _add(table, "method", METHODS)
    table.add_row("", "", "and every policy: see neuronet policies")
    return table


def _describe_preset(preset: Preset) -> str:
    """What a preset says."""
    schedule = preset.schedule
    epochs = "one pass" if schedule.epochs == 1 else f"{schedule.epochs} passes"
    long = f"{schedule.iterations:,} rounds" if schedule.iterations else epochs
    description = f"{long} a task, batches of {schedule.batch_size}"
    if not preset.source:
        return description
    return (
        f"{preset.source}: {description}; hidden {','.join(map(str, preset.hidden))}, {preset.optimizer} {preset.learning_rate:g}"
    )


def _add(table: Table, kind: str, known: Mapping[str, type[Any]]) -> None:
    table.add_row(f"[bold]{kind}[/bold]", "", "")
    for name, cls in known.items():
        parameters = ", ".join(f"{field.name}={field.default!r}" for field in fields(cls))
        table.add_row(name, escape(parameters), escape((getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")))

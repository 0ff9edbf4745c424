"""Table of a trained network: facts, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from neuronet.cli import console
from neuronet.core import Column

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from neuronet.models import Model

MAX_CLASSES = 20
"""Number of classes up to which the whole confusion matrix is printed."""


def model_table(model: Model, metrics: pd.DataFrame | None = None) -> RenderableType:
    """Return facts about a model and, for classes, which are confused with which.

    Args:
        model: The model.
        metrics: Metrics of all replicas of its run; None if they are not known.
    """
    network, facts = model.network, model.facts
    classes, scores = model.classes, model.test_scores
    rows = {
        "network": f"{'-'.join(map(str, network.sizes))} {network.activations[0]}, {network.connections:,} connections",
        "outputs": "values" if classes is None else f"{len(classes)} classes: {_names(classes)}",
        "features": _names(_features(model)) or f"{network.sizes[0]}, without names",
        "trained on": f"{facts.get('environment', 'unknown')}, {console.counted(model.round, 'round')}",
        "policy": str(facts.get("policy", "unknown")),
        "replica": _replica(facts.get("config", {}), metrics),
        "test loss": _number(facts.get("test_loss")),
        "test accuracy": _number(facts.get("test_accuracy")),
        "stopped early": str(facts.get("stopped") or ""),
        "balanced accuracy": "" if scores is None else _number(scores.balanced_accuracy),
        "macro F1": "" if scores is None else _number(scores.macro_f1),
        "note": " ".join(model.notes),
        "versions": _joined(facts.get("versions", {})),
    }
    table = _facts(rows)
    return table if model.confusion is None else Group(table, "", *_confusion_table(model))


def manifest_table(manifest: Mapping[str, Any]) -> RenderableType:
    """Return with what a run or study was played: command, versions, machine, commits, data, and what has changed since."""
    rows = {
        "started": manifest["started"],
        "command": manifest["command"],
        **{part: _joined(manifest[part]) for part in ("versions", "machine", "commits", "data")},
        "resumed": "; ".join(f"{entry['started']} with {_joined(entry['changes'])}" for entry in manifest["resumed"]),
    }
    return _facts(rows)


def _replica(config: Mapping[str, Any], metrics: pd.DataFrame | None) -> str:
    """Return which replica a model is, and the means of all; "" where there is one."""
    replicas = config.get("replicas", 1)
    if replicas == 1:
        return ""
    words = f"1 of {replicas} (seed {config.get('seed', 0)})"
    if metrics is None or metrics.empty:
        return words
    last = metrics[metrics["epoch"] == metrics["epoch"].max()]
    means = last[["test_loss", "test_accuracy"]].mean().dropna()
    named = [f"{str(name).replace('_', ' ')} {mean:.4f}" for name, mean in means.items()]
    return f"{words}; mean of all: {', '.join(named)}"


def _joined(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in texts.items())


def _facts(rows: Mapping[str, str]) -> Table:
    table = Table(title=None, show_header=False, box=None, padding=(0, 1))
    for name, value in rows.items():
        if value:
            table.add_row(f"[bold]{name}[/bold]", escape(value))
    return table


def _features(model: Model) -> list[str]:
    """Return the name of each raw column, with the number of its categories."""
    features, columns = model.encoding.features, model.encoding.columns or (Column(),) * len(model.encoding.features)
    counts = [f" ({column.inputs} categories)" if column.categories else "" for column in columns]
    return [f"{name}{count}" for name, count in zip(features, counts, strict=False)]


def _confusion_table(model: Model) -> tuple[str, Table]:
    """Return a heading and a table."""
    assert model.confusion is not None
    assert model.classes is not None
    names, counts = list(map(str, model.classes)), model.confusion
    if len(names) <= MAX_CLASSES:
        table = console.make_table()
        console.add_columns(table, "class")
        console.add_columns(table, *map(escape, names), justify="right")
        for name, row in zip(names, counts, strict=True):
            table.add_row(escape(name), *(f"{count:,}" if count else "." for count in row))
        return " Test samples by class (row) and prediction (column):", table
    table = console.make_table()
    console.add_columns(table, "class", "prediction")
    console.add_columns(table, "samples", justify="right")
    wrong = counts.copy()
    wrong[range(len(names)), range(len(names))] = 0
    for cell in wrong.argsort(axis=None)[::-1][:MAX_CLASSES]:
        row, column = divmod(int(cell), len(names))
        if wrong[row, column]:
            table.add_row(escape(names[row]), escape(names[column]), f"{wrong[row, column]:,}")
    return " The classes that are confused most often:", table


def _names(names: object) -> str:
    from neuronet.models import shown

    return shown(names)


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else ""

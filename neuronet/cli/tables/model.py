"""Table of a trained network: facts, and the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from neuronet.cli import console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from neuronet.models import Model

MAX_CLASSES = 20
"""Number of classes up to which the whole confusion matrix is printed."""


def model_table(model: Model) -> RenderableType:
    """Return facts about a model and, for classes, which are confused with which."""
    network, facts = model.network, model.facts
    classes = model.classes
    rows = {
        "network": f"{'-'.join(map(str, network.sizes))} {network.activations[0]}, {network.connections:,} connections",
        "outputs": "values" if classes is None else f"{len(classes)} classes: {_names(classes)}",
        "features": _names(model.encoding.features) or f"{network.sizes[0]}, without names",
        "trained on": f"{facts.get('environment', 'unknown')}, {console.counted(model.round, 'round')}",
        "policy": str(facts.get("policy", "unknown")),
        "test loss": _number(facts.get("test_loss")),
        "test accuracy": _number(facts.get("test_accuracy")),
        "versions": ", ".join(f"{name} {version}" for name, version in facts.get("versions", {}).items()),
    }
    table = Table(title=None, show_header=False, box=None, padding=(0, 1))
    for name, value in rows.items():
        if value:
            table.add_row(f"[bold]{name}[/bold]", escape(value))
    return table if model.confusion is None else Group(table, "", *_confusion_table(model))


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

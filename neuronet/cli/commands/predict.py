"""`neuronet predict` and `neuronet show`: use and describe a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.options import Json, Trust
from neuronet.core import DataError
from neuronet.training import OUTPUT

Source = Annotated[Path, typer.Argument(help="Folder of a finished run, or a .safetensors file of a model", show_default=False)]
Record = Annotated[Path, typer.Argument(help="Folder of a run or a study, or a .safetensors file of a model", show_default=False)]


def predict(
    model: Source,
    data: Annotated[
        Path,
        typer.Option(
            help="New samples: a .csv or .parquet file with the model's features, or an .npz file; "
            "\"new.csv(separator=';', decimal=',')\" says how it is read",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help=escape("CSV file of the predictions [default: printed]"), rich_help_panel=OUTPUT)
    ] = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Predict new samples with a trained network: a line for each sample.

    Classes come with the probability of each. Columns that are not features are left out, and named; if the target is
    among them, the accuracy is printed, too.
    """
    from neuronet.models import load, predict_file, write_predictions

    predictions = predict_file(load(model, trust=trust), data)
    if predictions.unused:
        console.print_err(f"Columns that are not features: {', '.join(predictions.unused)}.")
    if out is not None:
        write_predictions(predictions.table, out)
    summary = predictions.summary | {"out": None if out is None else str(out)}
    if predictions.score is not None:
        scores = predictions.scores
        others = "" if scores is None else f", balanced accuracy {scores.balanced_accuracy:.4f}, macro F1 {scores.macro_f1:.4f}"
        console.print_err(f"{predictions.measure} on these samples: {predictions.score:.4f}{others}")
    if json:
        console.print_result("", lambda: summary, json)
    elif out is None:
        print(predictions.table.to_csv(index=False), end="")
    else:
        console.OUT.print(f"{len(predictions.table):,} predictions in {out}", markup=False)


def show(model: Record, trust: Trust = False, json: Json = False) -> None:
    """Describe a run: its trained network, how good it is, which classes it confuses, and with what it was played.

    Of a study, with what it was played.
    """
    from rich.console import Group

    from neuronet.cli.tables.model import manifest_table, model_table
    from neuronet.models import load
    from neuronet.recording import METRICS, MODEL, RunDirectory, read_manifest, study_kind
    from neuronet.training import read_config

    study = None if (model / MODEL).exists() else study_kind(model)
    manifest = read_manifest(model)
    if study is not None and manifest is None:
        raise DataError(f"'{model}' holds a study of the kind '{study}' without manifest.json, which says how it was played")
    if manifest is not None and not (model / MODEL).exists():
        console.print_result(manifest_table(manifest), lambda: {"manifest": manifest}, json)
        return
    loaded = load(model, trust=trust)
    replicas = loaded.facts.get("config", {}).get("replicas", 1)
    metrics = RunDirectory.open(model, read_config).table(METRICS) if replicas > 1 and (model / METRICS).exists() else None
    table = (
        model_table(loaded, metrics) if manifest is None else Group(model_table(loaded, metrics), "", manifest_table(manifest))
    )
    console.print_result(table, lambda: {**loaded.summary(), "manifest": manifest}, json)

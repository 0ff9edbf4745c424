"""Predictions for the samples of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core import DataError, shortened
from neuronet.environments import TARGET_NAMES, read_columns
from neuronet.models.model import Model
from neuronet.recording import write_atomically


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a model for the samples of a file.

    Attributes:
        table: A row for each sample: prediction and, for classes, the probability of each, "p(class)"; or prediction_1,
            prediction_2, ... where a sample has several values.
        unused: Columns of the file that are not features.
        score: Accuracy (0 to 1) or coefficient of determination, if the file has the target; None otherwise.
        measure: "accuracy" or "r2".
    """

    table: pd.DataFrame
    unused: tuple[str, ...]
    score: float | None
    measure: str

    @property
    def summary(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "samples": len(self.table),
            "unused": list(self.unused),
            self.measure: self.score,
            "predictions": self.table["prediction"].tolist() if "prediction" in self.table else self.table.to_numpy().tolist(),
        }


def predict_file(model: Model, path: str | Path) -> Predictions:
    """Return the predictions of a model for each sample of a .csv, .parquet or .npz file.

    Args:
        model: The model.
        path: A file that has the model's features, by name if it knows them; other columns are not used. In a file of a model
            without names, a column called target, label, class or y is no feature.

    Raises:
        DataError: The file cannot be read, lacks a feature, or has values that are not numbers.
    """
    file = Path(path)
    columns = read_columns(file)
    names, features = list(columns.frame.columns), list(model.encoding.features)
    target = _target(model, names)
    if not features:
        features = [name for name in names if name != target]
    missing = [name for name in features if name not in names]
    if missing:
        raise DataError(f"'{file}' lacks the feature '{shortened(missing[0])}', with which the model was trained")
    inputs = columns.numbers(features)
    table = _table(model, inputs)
    score = None if target is None else model.score(inputs, columns.frame[target].to_numpy())
    unused = tuple(name for name in names if name not in features)
    return Predictions(table, unused, score, "r2" if model.classes is None else "accuracy")


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write predictions to a CSV file.

    Raises:
        DataError: It cannot be written.
    """
    try:
        write_atomically(Path(path), table.to_csv(index=False).encode())
    except OSError as error:
        raise DataError(f"cannot write '{path}': {error.strerror}") from None


def _target(model: Model, names: list[str]) -> str | None:
    """Return the name of the target among a file's columns, if it is there."""
    named = model.facts.get("config", {}).get("target")
    known = [named] if named else [name for name in TARGET_NAMES if name not in model.encoding.features]
    return next((name for name in known if name in names), None)


def _table(model: Model, inputs: Any) -> pd.DataFrame:
    predictions = model.predict(inputs)
    if predictions.ndim > 1:
        return pd.DataFrame(predictions, columns=[f"prediction_{number}" for number in range(1, predictions.shape[1] + 1)])
    table = pd.DataFrame({"prediction": predictions})
    if model.classes is not None:
        names = [f"p({name})" for name in model.classes]
        table = pd.concat([table, pd.DataFrame(model.predict_proba(inputs), columns=names)], axis=1)
    return table

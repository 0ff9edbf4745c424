"""Predictions for the samples of a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from neuronet.core import DataError, named_path, shortened
from neuronet.environments import TARGET_NAMES, read_columns, separator_hint
from neuronet.models.model import Model
from neuronet.models.scores import ClassScores
from neuronet.recording import write_atomically
from neuronet.registry import split_table_path


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a model for the samples of a file.

    Attributes:
        table: A row for each sample: prediction and, for classes, the probability of each, "p(class)"; or prediction_1,
            prediction_2, ... where a sample has several values.
        unused: Columns of the file that are not features.
        score: Accuracy (0 to 1) or coefficient of determination, if the file has the target; None otherwise.
        measure: "accuracy" or "r2".
        scores: Balanced accuracy, macro F1 and confusion matrix, if the file has the target and it is a class.
    """

    table: pd.DataFrame
    unused: tuple[str, ...]
    score: float | None
    measure: str
    scores: ClassScores | None = None

    @property
    def summary(self) -> dict[str, Any]:
        """The result as plain data."""
        scores = self.scores
        return {
            "samples": len(self.table),
            "unused": list(self.unused),
            self.measure: self.score,
            **({} if scores is None else {"balanced_accuracy": scores.balanced_accuracy, "macro_f1": scores.macro_f1}),
            "predictions": self.table["prediction"].tolist() if "prediction" in self.table else self.table.to_numpy().tolist(),
        }


def predict_file(model: Model, path: str | Path) -> Predictions:
    """Return the predictions of a model for each sample of a .csv, .parquet or .npz file.

    Args:
        model: The model.
        path: A file that has the model's features, by name if it knows them; other columns are not used. In a file of a model
            without names, a column called target, label, class or y is no feature. Options in brackets say how it is read:
            `new.csv(separator=';', decimal=',')`.

    Raises:
        DataError: The file cannot be read, lacks a feature, or has values that do not fit.
        SpecError: The options in brackets cannot be read.
    """
    file, form = split_table_path(str(path))
    columns = read_columns(file, replace(form, categories=_text_columns(model)))
    names, features = list(columns.frame.columns), list(model.encoding.features)
    target = _target(model, names)
    if not features:
        features = [name for name in names if name != target]
    missing = [name for name in features if name not in names]
    if missing:
        reason = f"with which the model was trained{separator_hint(names)}"
        raise DataError(f"'{file}' lacks the feature '{shortened(missing[0])}', {reason}")
    outputs = model.outputs_of(model.encoding.encode(columns.frame[features], columns.place))
    predictions = model.decoded(outputs)
    given = None if target is None or columns.frame[target].isna().any() else columns.frame[target].to_numpy()
    score = None if given is None else model.score_of(predictions, given)
    scores = None if given is None or model.classes is None or not len(given) else model.class_scores_of(predictions, given)
    unused = tuple(name for name in names if name not in features)
    table = _table(model, predictions, outputs)
    return Predictions(table, unused, score, "r2" if model.classes is None else "accuracy", scores)


def _text_columns(model: Model) -> tuple[str, ...]:
    """Return the columns of categories that are words, which are read as they stand in a file; true and false are not."""
    named = zip(model.encoding.features, model.encoding.columns, strict=False)
    return tuple(name for name, column in named if set(column.categories) - {"True", "False"})


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write predictions to a CSV file.

    Raises:
        DataError: It cannot be written.
    """
    try:
        write_atomically(named_path("path", path), table.to_csv(index=False).encode())
    except OSError as error:
        raise DataError(f"cannot write '{path}': {error.strerror}") from None


def _target(model: Model, names: list[str]) -> str | None:
    """Return the name of the target among a file's columns, if it is there."""
    named = model.facts.get("config", {}).get("target")
    known = [named] if named else [name for name in TARGET_NAMES if name not in model.encoding.features]
    return next((name for name in known if name in names), None)


def _table(model: Model, predictions: NDArray[Any], outputs: NDArray[np.float64]) -> pd.DataFrame:
    if predictions.ndim > 1:
        return pd.DataFrame(predictions, columns=[f"prediction_{number}" for number in range(1, predictions.shape[1] + 1)])
    table = pd.DataFrame({"prediction": predictions})
    if model.classes is not None:
        names = [f"p({name})" for name in model.classes]
        table = pd.concat([table, pd.DataFrame(softmax(outputs, axis=-1), columns=names)], axis=1)
    return table

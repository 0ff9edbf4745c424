"""Readers of table files: .csv, .parquet and .npz."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError, shortened
from neuronet.environments.tables.csv_files import csv_header, csv_line, read_csv_columns
from neuronet.environments.tables.frames import frame_numbers

TARGET_NAMES = ("target", "label", "class", "y")
INPUT_NAMES = ("inputs", "X", "x")

TRAIN_INPUT_NAMES = ("inputs_train", "X_train", "x_train", "train_inputs", "train_X", "train_x", "train_images")
TRAIN_TARGET_NAMES = ("targets_train", "y_train", "labels_train", "train_targets", "train_y", "train_labels")
"""Names of the training arrays in an .npz file that has a test set of its own, whose names have test for train."""

INDEX_NAMES = re.compile(r"|Unnamed: \d+(_level_\d+)?|__index_level_\d+__")
"""Names of columns of row numbers that pandas or pyarrow saved with the data."""


def read_table(file: Path, target: str | None) -> tuple[Any, Any, tuple[Any, Any] | None]:
    """Return inputs and targets of a file, and those of its test set, or None where it has none.

    Args:
        file: A .csv, .npz or .parquet file.
        target: Column or array of targets; None for the one called target, label, class or y.

    Raises:
        DataError: The file is missing or broken, or does not have the target.
        MissingExtraError: A .parquet file needs pyarrow.
    """
    readers = {".csv": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}
    if not file.is_file():
        raise DataError(f"file '{file}' not found: table:PATH needs a .csv, .npz or .parquet file")
    if file.suffix.lower() not in readers:
        raise DataError(f"cannot read '{file}': table:PATH needs a .csv, .npz or .parquet file")
    return readers[file.suffix.lower()](file, target)


def _read_csv(file: Path, target: str | None) -> tuple[Any, Any, None]:
    names = csv_header(file)
    index = _target_index(target, names, file)
    inputs, labels = read_csv_columns(file, names, index)

    def place(row: int) -> str:
        return f"'{file}', line {csv_line(file, row)}"

    return (*_checked(inputs, labels, names[index], place), None)


def _read_parquet(file: Path, target: str | None) -> tuple[Any, Any, None]:
    import pandas as pd

    try:
        frame = pd.read_parquet(file, engine="pyarrow")
    except ImportError:
        raise MissingExtraError(f"'{file}' needs pyarrow: pip install 'neuronet[data]'") from None
    except Exception as error:  # pyarrow's errors have no common class
        raise DataError(f"cannot read '{file}' as a .parquet file: {shortened(str(error))}") from None
    frame.columns = pd.Index([str(name) for name in frame.columns])
    index = _target_index(target, list(frame.columns), file)
    inputs, labels = frame.iloc[:, np.arange(frame.shape[1]) != index], frame.iloc[:, index]
    return (*_checked(inputs, labels, frame.columns[index], lambda row: f"'{file}', row {row + 1}"), None)


def _checked(inputs: Any, labels: Any, target: str, place: Callable[[int], str]) -> tuple[Any, Any]:
    """Return inputs as numbers and targets as an array, if all are given."""
    if hasattr(inputs, "columns"):
        inputs = frame_numbers(inputs, lambda row, column: f"{place(row)}, column '{shortened(column)}'")
    if labels.isna().any():
        row = int(np.flatnonzero(labels.isna())[0])
        raise DataError(f"{place(row)}: the target '{shortened(target)}' is missing")
    return inputs, np.asarray(labels.to_list())


def numbers_of(frame: Any, name: str) -> NDArray[np.float64]:
    """Return the columns of a frame as numbers; a categorical column becomes one column of 0 or 1 for each category.

    Args:
        frame: A pandas.DataFrame.
        name: Source of the data, for messages.

    Raises:
        DataError: A value is missing or complex.
    """
    import pandas as pd

    def place(row: int, column: str) -> str:
        return f"{name}, row {row + 1}, column '{shortened(column)}'"

    for index, column in enumerate(frame.columns):
        missing = frame.iloc[:, index].isna()
        if missing.any():
            raise DataError(f"{place(int(missing.argmax()), str(column))}: inputs must be given, got nothing")
    categorical = [column for column, dtype in zip(frame.columns, frame.dtypes, strict=True) if dtype.kind not in "biufcmM"]
    return frame_numbers(pd.get_dummies(frame, columns=categorical), place)


def _read_npz(file: Path, target: str | None) -> tuple[Any, Any, tuple[Any, Any] | None]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except Exception as error:  # broken zip files raise various errors
        reason = shortened(str(error)) or type(error).__name__
        raise DataError(f"cannot read '{file}' as an .npz file of plain arrays: {reason}") from None
    if target is None and not set(content) & {*INPUT_NAMES, "targets", *TARGET_NAMES}:
        parts = _given_parts(content, file)
        if parts is not None:
            return parts
    names = list(content)
    name = names[_target_index(target, names, file, ("targets", *TARGET_NAMES))]
    others = [key for key in content if key != name]
    inputs = next((key for key in INPUT_NAMES if key in others), others[0] if len(others) == 1 else None)
    if inputs is None:
        raise DataError(f"'{file}' needs an array called inputs or X, it has {shortened(', '.join(content)) or 'none'}")
    return _rows(content[inputs]), content[name], None


def _given_parts(content: dict[str, Any], file: Path) -> tuple[Any, Any, tuple[Any, Any] | None] | None:
    """Return the arrays of training and test, such as x_train and y_test; None where no names are such."""
    inputs = [name for name in TRAIN_INPUT_NAMES if name in content]
    targets = [name for name in TRAIN_TARGET_NAMES if name in content]
    if not inputs and not targets:
        return None
    if len(inputs) != 1 or len(targets) != 1:
        found = shortened(", ".join(content))
        raise DataError(
            f"'{file}' needs one array of training inputs and one of targets, such as x_train and y_train, got {found}"
        )
    tests = [name.replace("train", "test") for name in (inputs[0], targets[0])]
    missing = [name for name in tests if name not in content]
    if len(missing) == 1:
        raise DataError(f"'{file}' has no array '{missing[0]}' for the test, which '{inputs[0]}' and '{targets[0]}' need")
    test = None if missing else (_rows(content[tests[0]]), content[tests[1]])
    return _rows(content[inputs[0]]), content[targets[0]], test


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(len(array), -1) if array.ndim > 2 else array


def _target_index(target: str | None, names: list[str], file: Path, usual: tuple[str, ...] = TARGET_NAMES) -> int:
    """Return the index of the column or array of targets, if there is one and only one."""
    listed = shortened(", ".join(names))
    found = [name for name in usual if name in names] if target is None else [target]
    if not found:
        raise DataError(f"'{file}' has no target called target, label, class or y: name one of {listed}")
    if len(found) > 1:
        raise DataError(
            f"'{file}' has more than one usual name of a target, {' and '.join(found)}: name the target, drop the others"
        )
    if found[0] not in names:
        raise DataError(f"'{file}' has no target '{shortened(found[0])}': it has {listed}")
    if names.count(found[0]) > 1:
        raise DataError(f"'{file}' has more than one column '{shortened(found[0])}': the target must be there once")
    for index, name in enumerate(names):
        if INDEX_NAMES.fullmatch(name) and name != target:
            raise DataError(
                f"'{file}', column {index + 1} has no name but '{name}': if it is a saved index, leave it out "
                "(pandas: index=False), otherwise give it a name"
            )
    return names.index(found[0])

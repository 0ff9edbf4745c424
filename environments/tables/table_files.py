"""Readers of table files: .csv, .parquet and .npz."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError, shortened
from neuronet.environments.tables.csv_files import csv_header, csv_line, read_csv_columns, read_csv_frame
from neuronet.environments.tables.frames import frame_numbers

TARGET_NAMES = ("target", "label", "class", "y")
INPUT_NAMES = ("inputs", "X", "x")

TRAIN_INPUT_NAMES = ("inputs_train", "X_train", "x_train", "train_inputs", "train_X", "train_x", "train_images")
TRAIN_TARGET_NAMES = ("targets_train", "y_train", "labels_train", "train_targets", "train_y", "train_labels")
"""Names of the training arrays in an .npz file that has a test set of its own, whose names have test for train."""

INDEX_NAMES = re.compile(r"|Unnamed: \d+(_level_\d+)?|__index_level_\d+__")
"""Names of columns of row numbers that pandas or pyarrow saved with the data."""


class TableParts(NamedTuple):
    """Arrays of a file.

    Attributes:
        inputs: (N, I) numbers.
        targets: (N,) classes, or (N,) or (N, O) values.
        test: Inputs and targets of the file's own test set; None where it has none.
        features: Name of each input, (I,); () where they have none.
    """

    inputs: Any
    targets: Any
    test: tuple[Any, Any] | None = None
    features: tuple[str, ...] = ()


class Columns(NamedTuple):
    """Columns of a file without a target that is known.

    Attributes:
        frame: The columns.
        place: Returns the place of a value in the file, of its row and column, for messages.
    """

    frame: Any
    place: Callable[[int, str], str]

    def numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the columns with these names, (N, I).

        Raises:
            DataError: A value is missing, or is not a number.
        """
        return frame_numbers(self.frame[list(names)], self.place)


def read_columns(file: Path) -> Columns:
    """Return all columns of a .csv or .parquet file; of an .npz file the inputs, numbered from 0, and the target, if any.

    Raises:
        DataError: The file is missing or broken, or a name is there twice.
        MissingExtraError: A .parquet file needs pyarrow.
    """
    import pandas as pd

    _check_kind(file)
    suffix = file.suffix.lower()
    if suffix == ".npz":
        content = _arrays(file)
        inputs, targets = (next((name for name in names if name in content), None) for names in (INPUT_NAMES, TARGET_NAMES))
        if inputs is None:
            raise DataError(f"'{file}' needs an array called inputs or X, it has {shortened(', '.join(content)) or 'none'}")
        frame = pd.DataFrame(_rows(content[inputs])).rename(columns=str)
        if targets is not None and content[targets].shape == (len(frame),):
            frame = frame.assign(**{targets: content[targets]})
    else:
        frame = read_csv_frame(file, csv_header(file)) if suffix == ".csv" else _parquet_frame(file)
    double = next((name for name in frame.columns[frame.columns.duplicated()]), None)
    if double is not None:
        raise DataError(f"'{file}' has more than one column '{shortened(str(double))}'")
    row_word = "line" if suffix == ".csv" else "row"

    def place(row: int, column: str) -> str:
        number = csv_line(file, row) if suffix == ".csv" else row + 1
        return f"'{file}', {row_word} {number}, column '{shortened(column)}'"

    return Columns(frame, place)


def read_table(file: Path, target: str | None) -> TableParts:
    """Return inputs and targets of a file, and those of its test set, or None where it has none.

    Args:
        file: A .csv, .npz or .parquet file.
        target: Column or array of targets; None for the one called target, label, class or y.

    Raises:
        DataError: The file is missing or broken, or does not have the target.
        MissingExtraError: A .parquet file needs pyarrow.
    """
    readers = {".csv": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}
    _check_kind(file)
    return readers[file.suffix.lower()](file, target)


def _check_kind(file: Path) -> None:
    if not file.is_file():
        raise DataError(f"file '{file}' not found: a table is a .csv, .npz or .parquet file")
    if file.suffix.lower() not in (".csv", ".npz", ".parquet"):
        raise DataError(f"cannot read '{file}': a table is a .csv, .npz or .parquet file")


def _read_csv(file: Path, target: str | None) -> TableParts:
    names = csv_header(file)
    index = _target_index(target, names, file)
    inputs, labels = read_csv_columns(file, names, index)

    def place(row: int) -> str:
        return f"'{file}', line {csv_line(file, row)}"

    features = tuple(names[:index] + names[index + 1 :])
    return TableParts(*_checked(inputs, labels, names[index], place), features=features)


def _parquet_frame(file: Path) -> Any:
    import pandas as pd

    try:
        frame = pd.read_parquet(file, engine="pyarrow")
    except ImportError:
        raise MissingExtraError(f"'{file}' needs pyarrow: pip install 'neuronet[data]'") from None
    except Exception as error:  # pyarrow's errors have no common class
        raise DataError(f"cannot read '{file}' as a .parquet file: {shortened(str(error))}") from None
    frame.columns = pd.Index([str(name) for name in frame.columns])
    return frame


def _read_parquet(file: Path, target: str | None) -> TableParts:
    frame = _parquet_frame(file)
    index = _target_index(target, list(frame.columns), file)
    inputs, labels = frame.iloc[:, np.arange(frame.shape[1]) != index], frame.iloc[:, index]
    arrays = _checked(inputs, labels, frame.columns[index], lambda row: f"'{file}', row {row + 1}")
    return TableParts(*arrays, features=tuple(inputs.columns))


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


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # broken zip files raise various errors
        reason = shortened(str(error)) or type(error).__name__
        raise DataError(f"cannot read '{file}' as an .npz file of plain arrays: {reason}") from None


def _read_npz(file: Path, target: str | None) -> TableParts:
    content = _arrays(file)
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
    return TableParts(_rows(content[inputs]), content[name])


def _given_parts(content: dict[str, Any], file: Path) -> TableParts | None:
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
    return TableParts(_rows(content[inputs[0]]), content[targets[0]], test)


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

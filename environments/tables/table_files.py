"""Readers of table files: .csv, .parquet and .npz."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError, Place, is_frame, shortened
from neuronet.environments.tables.csv_files import (
    PLAIN,
    WIDE,
    TableFormat,
    csv_header,
    csv_line,
    read_csv_columns,
    read_csv_frame,
)
from neuronet.environments.tables.table_targets import TARGET_NAMES, target_index

INPUT_NAMES = ("inputs", "X", "x")

TRAIN_INPUT_NAMES = ("inputs_train", "X_train", "x_train", "train_inputs", "train_X", "train_x", "train_images")
TRAIN_TARGET_NAMES = ("targets_train", "y_train", "labels_train", "train_targets", "train_y", "train_labels")
"""Names of the training arrays in an .npz file that has a test set of its own, whose names have test for train."""

ROW_NUMBER_NAMES = re.compile(r"index|level_\d+|rownames|row_names", re.IGNORECASE)
"""Names of columns that pandas' reset_index or R give to row numbers."""


class TableParts(NamedTuple):
    """Inputs and targets of a file or a frame.

    Attributes:
        inputs: (N, C) numbers, or a frame whose columns may be words and have gaps.
        targets: (N,) classes, or (N,) or (N, O) values.
        test: Inputs and targets of the file's own test set; None where it has none.
        features: Name of each column of the inputs, (C,); () where they have none.
        place: Names the place of an input in the file, of its row and column, for messages; None where that is not known.
        notes: Lines about what was chosen in reading.
    """

    inputs: Any
    targets: Any
    test: tuple[Any, Any] | None = None
    features: tuple[str, ...] = ()
    place: Place | None = None
    notes: tuple[str, ...] = ()


class Columns(NamedTuple):
    """Columns of a file without a target that is known.

    Attributes:
        frame: The columns.
        place: Returns the place of a value in the file, of its row and column, for messages.
    """

    frame: Any
    place: Place


def read_columns(file: Path, form: TableFormat = PLAIN) -> Columns:
    """Return all columns of a .csv or .parquet file; of an .npz file the inputs, numbered from 0, and the target, if any.

    Args:
        file: The file.
        form: How it is read; `categories` are read as texts, as they stand in the file.

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
    elif suffix == ".csv":
        names = csv_header(file, form)
        frame = read_csv_frame(file, names, {index: str for index, name in enumerate(names) if name in form.categories}, form)
    else:
        frame = _parquet_frame(file)
    double = next((name for name in frame.columns[frame.columns.duplicated()]), None)
    if double is not None:
        raise DataError(f"'{file}' has more than one column '{shortened(str(double))}'")
    return Columns(frame, _file_place(file, form))


def _file_place(file: Path, form: TableFormat) -> Place:
    """Return the place of a value in a file, for messages; a column without a name is that of the whole row."""
    is_csv = file.suffix.lower() == ".csv"

    def place(row: int, column: str) -> str:
        where = f"'{file}', {'line' if is_csv else 'row'} {csv_line(file, row, form) if is_csv else row + 1}"
        return f"{where}, column '{shortened(column)}'" if column else where

    return place


def read_table(file: Path, target: str | None, form: TableFormat = PLAIN) -> TableParts:
    """Return inputs and targets of a file, and those of its test set, or None where it has none.

    Args:
        file: A .csv, .npz or .parquet file.
        target: Column or array of targets; None for the one called target, label, class or y.
        form: How the file is read.

    Raises:
        DataError: The file is missing or broken, or does not have the target.
        MissingExtraError: A .parquet file needs pyarrow.
    """
    _check_kind(file)
    suffix = file.suffix.lower()
    if suffix == ".csv":
        return _read_csv(file, target, form)
    if suffix == ".parquet":
        return frame_parts(_parquet_frame(file), target, f"'{file}'", form, _file_place(file, form))
    return _read_npz(file, target)


def _check_kind(file: Path) -> None:
    if not file.is_file():
        raise DataError(f"file '{file}' not found: a table is a .csv, .npz or .parquet file")
    if file.suffix.lower() not in (".csv", ".npz", ".parquet"):
        raise DataError(f"cannot read '{file}': a table is a .csv, .npz or .parquet file")


def _read_csv(file: Path, target: str | None, form: TableFormat) -> TableParts:
    names, source = csv_header(file, form), f"'{file}'"
    kept = _kept(names, form, source)
    index = kept[target_index(target, [names[at] for at in kept], source)]
    inputs, labels = read_csv_columns(file, names, index, form)
    place, others, included = _file_place(file, form), [at for at in range(len(names)) if at != index], set(kept)
    if is_frame(inputs):
        inputs = _with_categories(inputs.iloc[:, [at in included for at in others]], form)
    elif form.exclude or form.categories:
        raise DataError(f"{source} has more than {WIDE:,} columns: all of them must be numbers, and none can be left out")
    _check_targets(labels, names[index], place)
    features = tuple(names[at] for at in others if at in included)
    notes = (*_target_note(target, names[index]), *_row_number_notes(inputs, features, source))
    return TableParts(inputs, labels.to_list(), None, features, place, notes)


def frame_parts(frame: Any, target: str | None, source: str, form: TableFormat, place: Place) -> TableParts:
    """Return inputs and targets of a frame.

    Args:
        frame: A pandas.DataFrame.
        target: Column of targets; None for the one called target, label, class or y.
        source: The frame in words, for messages.
        form: Columns that are left out, and columns of categories.
        place: Names the place of a value, for messages.

    Raises:
        DataError: The frame does not have the target, or one is missing.
    """
    names = [str(name) for name in frame.columns]
    kept = _kept(names, form, source)
    index = kept[target_index(target, [names[at] for at in kept], source)]
    labels = frame.iloc[:, index]
    inputs = _with_categories(frame.iloc[:, [at for at in kept if at != index]], form)
    _check_targets(labels, names[index], place)
    features = tuple(names[at] for at in kept if at != index)
    notes = (*_target_note(target, names[index]), *_row_number_notes(inputs, features, source))
    return TableParts(inputs, labels.to_list(), None, features, place, notes)


def _kept(names: list[str], form: TableFormat, source: str) -> list[int]:
    """Return the indices of the columns that are not left out."""
    for name in (*form.exclude, *form.categories):
        if name not in names:
            raise DataError(f"{source} has no column '{shortened(name)}': it has {shortened(', '.join(names))}")
    return [index for index, name in enumerate(names) if name not in form.exclude]


def _with_categories(inputs: Any, form: TableFormat) -> Any:
    named = [name for name in inputs.columns if str(name) in form.categories]
    return inputs.astype(dict.fromkeys(named, "category")) if named else inputs


def _target_note(target: str | None, name: str) -> tuple[str, ...]:
    return () if target is not None else (f"The target is the column '{shortened(name)}', as none is named.",)


def _row_number_notes(inputs: Any, features: tuple[str, ...], source: str) -> tuple[str, ...]:
    """Return a note on each column that counts the rows.

    Raises:
        DataError: One has, beside different integers, a name that pandas or R give to row numbers.
    """
    if not is_frame(inputs):
        return ()
    notes = []
    for at in [at for at, dtype in enumerate(inputs.dtypes) if dtype.kind in "iu" and len(inputs) > 2]:
        values, name = inputs.iloc[:, at], shortened(features[at])
        if ROW_NUMBER_NAMES.fullmatch(features[at]) and values.is_unique:
            raise DataError(
                f"{source}, column '{name}' has a different integer in each row: if it is a saved index, leave it out "
                f"(exclude='{name}'), otherwise rename it"
            )
        if not values.isna().any() and (values.diff().iloc[1:] == 1).all():
            notes.append(f"The column '{name}' counts the rows: leave it out if it is an index (exclude='{name}').")
    return tuple(notes)


def _check_targets(labels: Any, target: str, place: Place) -> None:
    if labels.isna().any():
        row = int(np.flatnonzero(labels.isna())[0])
        raise DataError(f"{place(row, '')}: the target '{shortened(target)}' is missing")


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


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            double = next((name for name in arrays.files if arrays.files.count(name) > 1), None)
            if double is not None:
                raise ValueError(f"it has the array '{double}' twice")
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
    name = names[target_index(target, names, f"'{file}'", ("targets", *TARGET_NAMES))]
    others = [key for key in content if key != name]
    usual = [key for key in INPUT_NAMES if key in others]
    if len(usual) > 1:
        raise DataError(f"'{file}' has more than one usual name of inputs, {' and '.join(usual)}: keep one of them")
    inputs = usual[0] if usual else others[0] if len(others) == 1 else None
    if inputs is None:
        raise DataError(f"'{file}' needs an array called inputs or X, it has {shortened(', '.join(content)) or 'none'}")
    left = [key for key in others if key != inputs]
    notes = (f"Arrays that are left out: {shortened(', '.join(left))}.",) if left else ()
    return TableParts(_rows(content[inputs]), content[name], notes=notes)


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
    left = [name for name in content if name not in (inputs[0], targets[0], *(() if test is None else tests))]
    notes = (f"Arrays that are left out: {shortened(', '.join(left))}.",) if left else ()
    return TableParts(_rows(content[inputs[0]]), content[targets[0]], test, notes=notes)


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(len(array), -1) if array.ndim > 2 else array

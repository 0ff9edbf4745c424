"""Readers of table files: .csv, .parquet and .npz."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError

TARGET_NAMES = ("target", "label", "class", "y")
INPUT_NAMES = ("inputs", "X", "x")


def read_table(file: Path, target: str | None) -> tuple[Any, Any]:
    """Return inputs and targets of a file.

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


def _read_csv(file: Path, target: str | None) -> tuple[Any, Any]:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Without these, pandas silently takes columns without a name in the header as row names.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(file, index_col=False, skipinitialspace=True)
    except pd.errors.ParserWarning:
        raise DataError(f"cannot read '{file}': lines have more columns than the header") from None
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"cannot read '{file}': {str(error).strip().splitlines()[0]}") from None
    return _split_frame(frame, file, target, "line", 2)


def _read_parquet(file: Path, target: str | None) -> tuple[Any, Any]:
    import pandas as pd

    try:
        frame = pd.read_parquet(file, engine="pyarrow")
    except ImportError:
        raise MissingExtraError(f"'{file}' needs pyarrow: pip install 'neuronet[data]'") from None
    except Exception as error:  # pyarrow's errors have no common class
        raise DataError(f"cannot read '{file}' as a .parquet file: {' '.join(str(error).split())}") from None
    return _split_frame(frame, file, target, "row", 1)


def _split_frame(frame: Any, file: Path, target: str | None, row_word: str, first_row: int) -> tuple[Any, Any]:
    import pandas as pd

    frame.columns = [str(name) for name in frame.columns]
    column = _target_name(target, list(frame.columns), file)
    labels, inputs = frame[column], frame.drop(columns=column)
    if labels.ndim != 1:
        raise DataError(f"'{file}' has more than one column '{column}'")
    for index, name in enumerate(inputs.columns):
        values = inputs.iloc[:, index]
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.isna().any():
            row = int(np.flatnonzero(numbers.isna())[0])
            value = values.iloc[row]
            got = "nothing" if pd.api.types.is_scalar(value) and pd.isna(value) else repr(value)
            raise DataError(f"'{file}', {row_word} {row + first_row}, column '{name}': inputs must be numbers, got {got}")
    if labels.isna().any():
        row = int(np.flatnonzero(labels.isna())[0])
        raise DataError(f"'{file}', {row_word} {row + first_row}: the target '{column}' is missing")
    return inputs.to_numpy(dtype=np.float64), np.asarray(labels.to_list())


def numbers_of(frame: Any, name: str) -> NDArray[np.float64]:
    """Return the columns of a frame as numbers; a categorical column becomes one column of 0 or 1 for each category.

    Args:
        frame: A pandas.DataFrame.
        name: Source of the data, for messages.

    Raises:
        DataError: A value is missing.
    """
    import pandas as pd

    for column in frame.columns:
        if frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0]) + 1
            raise DataError(f"{name}, row {row}, column '{column}': inputs must be given, got nothing")
    categorical = [column for column in frame.columns if not pd.api.types.is_numeric_dtype(frame[column])]
    numbers: NDArray[np.float64] = pd.get_dummies(frame, columns=categorical).to_numpy(dtype=np.float64)
    return numbers


def _read_npz(file: Path, target: str | None) -> tuple[Any, Any]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except Exception as error:  # broken zip files raise various errors
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"cannot read '{file}' as an .npz file of plain arrays: {reason}") from None
    name = _target_name(target or ("targets" if "targets" in content else None), list(content), file)
    others = [key for key in content if key != name]
    inputs = next((key for key in INPUT_NAMES if key in others), others[0] if len(others) == 1 else None)
    if inputs is None:
        raise DataError(f"'{file}' needs an array called inputs or X, it has {', '.join(content) or 'none'}")
    data = content[inputs]
    return data.reshape(len(data), -1) if data.ndim > 2 else data, content[name]


def _target_name(target: str | None, names: list[str], file: Path) -> str:
    if target is None:
        for name in TARGET_NAMES:
            if name in names:
                return name
        raise DataError(f"'{file}' has no target called target, label, class or y: name one of {', '.join(names)}")
    if target not in names:
        raise DataError(f"'{file}' has no target '{target}': it has {', '.join(names)}")
    return target

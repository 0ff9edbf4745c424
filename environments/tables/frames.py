"""Columns of frames as numbers: by name, and with missing values refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, as_numbers, shortened

Place = Callable[[int, str], str]
"""Name of a value's place, for messages: of its row, counted from 0, and its column."""


def frame_numbers(frame: Any, place: Place) -> NDArray[np.float64]:
    """Return the columns of a frame as finite or infinite numbers, (N, I).

    Texts of numbers are read. Dates become seconds since 1970, durations become seconds.

    Args:
        frame: A pandas.DataFrame.
        place: Names the place of a value.

    Raises:
        DataError: A value is missing, or is not a number.
    """
    numbers = np.empty(frame.shape, dtype=np.float64)
    kinds = np.array([dtype.kind for dtype in frame.dtypes], dtype="U1")
    is_number = np.isin(kinds, list("biuf"))
    numbers[:, is_number] = frame.loc[:, is_number].to_numpy(dtype=np.float64, na_value=np.nan)
    _check_given(numbers, np.flatnonzero(is_number), frame, place)
    for index in np.flatnonzero(~is_number):
        numbers[:, index] = _column_numbers(frame.iloc[:, index])
        _check_given(numbers, np.array([index]), frame, place)
    return numbers


def _column_numbers(values: Any) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where a value is none."""
    import pandas as pd

    if values.dtype.kind == "c":
        return np.full(len(values), np.nan)
    if values.dtype.kind == "M":
        values = values - pd.Timestamp(0, tz=values.dt.tz)
    if values.dtype.kind == "m":
        values = values.dt.total_seconds()
    try:
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.dtype.kind == "c":
            return np.full(len(values), np.nan)
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError, OverflowError):
        return np.full(len(values), np.nan)


def _check_given(numbers: NDArray[np.float64], columns: NDArray[np.intp], frame: Any, place: Place) -> None:
    import pandas as pd

    missing = np.isnan(numbers[:, columns])
    if not missing.any():
        return
    column = int(columns[missing.any(axis=0).argmax()])
    row = int(np.isnan(numbers[:, column]).argmax())
    value = frame.iloc[row, column]
    is_missing = pd.api.types.is_scalar(value) and (pd.isna(value) or value == "")
    got = "nothing" if is_missing else shortened(repr(value))
    raise DataError(f"{place(row, str(frame.columns[column]))}: inputs must be numbers, got {got}")


def inputs_as_numbers(inputs: Any, name: str) -> NDArray[np.float64]:
    """Return inputs from an array, a tensor or a frame as numbers.

    Args:
        inputs: (N, I) numbers.
        name: Source of the inputs, for messages.

    Raises:
        DataError: A value is missing, or is not a number.
    """
    if not hasattr(inputs, "iloc") or np.ndim(inputs) != 2:
        return as_numbers(inputs, f"{name}: inputs")
    return frame_numbers(inputs, lambda row, column: f"{name}, row {row + 1}, column '{shortened(column)}'")


def in_column_order(frame: Any, model: Any, name: str) -> Any:
    """Return a frame with its columns in the order of another frame; arrays without names are returned as they are.

    Args:
        frame: Frame or array.
        model: Frame or array with the right order.
        name: Source of the frame, for messages.

    Raises:
        DataError: Both have names of columns, and the names differ or are not unique.
    """
    if not hasattr(frame, "columns") or not hasattr(model, "columns"):
        return frame
    names, expected = list(frame.columns), list(model.columns)
    if names == expected:
        return frame
    different = sorted(map(str, set(names) ^ set(expected)))
    if different or len(set(names)) < len(names):
        reason = f"'{different[0]}' is in one of them alone" if different else "a name is given twice"
        raise DataError(f"{name}: frames for training and test must have columns of the same names, but {shortened(reason)}")
    return frame[expected]


def check_row_order(inputs: Any, targets: Any, name: str) -> None:
    """Raise an error if the rows of a frame and its targets have the same labels in a different order.

    Raises:
        DataError: They have.
    """
    if not hasattr(inputs, "iloc") or not hasattr(targets, "iloc"):
        return
    rows, others = inputs.index, targets.index
    if len(rows) == len(others) and not rows.equals(others) and rows.is_unique and set(rows) == set(others):
        raise DataError(
            f"{name}: inputs and targets must have their rows in one order, but their indices are ordered differently"
        )

"""Columns of frames as numbers and as categories: by name, and with missing values refused or filled."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.data.foreign_arrays import INEXACT, LARGEST_EXACT, inexact_integer
from neuronet.core.errors import DataError, shortened

Place = Callable[[int, str], str]
"""Name of a value's place, for messages: of its row, counted from 0, and its column."""

MISSING = ("", "nan", "NaN", "NAN", "<NA>", "#N/A")
"""Texts that are no category: programs write them for a missing value."""

MISSING_NUMBERS = (*MISSING, "NA", "N/A", "n/a", "None", "NULL", "null")
"""Texts that stand for a missing number; among words, NA or None may be the name of a category."""


_DIGITS = r"(\d{1,3}([.,' _]\d{3})+|\d+)([.,]\d+)?"
_MONEY = r"\s*[$\u20ac\u00a3\u00a5]?\s*"
_NUMBER = rf"[-+\u2212]?{_MONEY}[-+\u2212]?({_DIGITS}|0[xX][0-9a-fA-F]+)([eE][-+]?\d+)?{_MONEY}%?"
_DATE = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.](\d{2}|\d{4}))([T ].*)?"
_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_COMPLEX = r"[-+]?\d+(\.\d*)?[-+]\d+(\.\d*)?[ij]"
OTHERWISE = re.compile(f"{_NUMBER}|{_DATE}|{_TIME}|{_COMPLEX}")
"""Texts of numbers, dates and times that are written otherwise than numbers of Python; they are no words."""


def is_frame(values: object) -> bool:
    """Return whether values are a frame: a table whose columns have names."""
    return hasattr(values, "iloc") and hasattr(values, "columns")


def row_place(name: str) -> Place:
    """Return the place of a value in a frame, for messages: its name, the row from 1, the column; "" for the whole row."""
    return lambda row, column: f"{name}, row {row + 1}" + (f", column '{shortened(column)}'" if column else "")


MISSING_HINT = "train with --missing mean, median or drop (missing='mean')"
"""Advice where a value is missing."""


def frame_numbers(frame: Any, place: Place, fills: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the columns of a frame as finite or infinite numbers, (N, I).

    Texts of numbers are read. Dates become seconds since 1970, durations become seconds.

    Args:
        frame: A pandas.DataFrame.
        place: Names the place of a value.
        fills: (I,), what replaces a missing value of each column, NaN where it is refused; None to refuse all.

    Raises:
        DataError: A value is missing where that is refused, or is not a number.
    """
    numbers = np.empty(frame.shape, dtype=np.float64)
    kinds = np.array([dtype.kind for dtype in frame.dtypes], dtype="U1")
    is_number = np.isin(kinds, list("biuf"))
    numbers[:, is_number] = frame.loc[:, is_number].to_numpy(dtype=np.float64, na_value=np.nan)
    for index in np.flatnonzero(~is_number):
        numbers[:, index] = _column_numbers(frame.iloc[:, index])
    _check_exact(numbers, frame, place)
    if fills is not None:
        for index in np.flatnonzero(np.isnan(numbers).any(axis=0)):
            gaps = np.isnan(numbers[:, index]) & missing_values(frame.iloc[:, index], MISSING_NUMBERS)
            numbers[gaps, index] = fills[index]
    _check_given(numbers, frame, place)
    return numbers


def missing_values(values: Any, texts: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where a column has no value, (N,): none is there, or a text that stands for none.

    Args:
        values: A pandas.Series.
        texts: MISSING for a column of words, MISSING_NUMBERS for a column of numbers.
    """
    gaps = values.isna().to_numpy(dtype=np.bool_)
    if values.dtype.kind == "O":
        gaps = gaps | np.array([isinstance(value, str) and value.strip() in texts for value in values], dtype=np.bool_)
    return np.asarray(gaps)


def is_categorical(values: Any) -> bool:
    """Return whether a column has categories: words, none of them a number, or true and false; or its type says so.

    Texts such as "1,5", "12 %" or "2020-01-31" are no words: they would be one category each.

    Args:
        values: A pandas.Series.
    """
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind == "b":
        return True
    if values.dtype.kind != "O":
        return False
    given = values[~missing_values(values, MISSING_NUMBERS)].astype(object)
    if not len(given):
        return False
    if all(isinstance(value, bool | np.bool_) for value in given):
        return True
    if not all(isinstance(value, str) for value in given) or pd.to_numeric(given, errors="coerce").notna().any():
        return False
    return not any(OTHERWISE.fullmatch(value.strip()) for value in given.unique())


def column_texts(values: Any) -> NDArray[np.object_]:
    """Return the category of each value of a column as a text, (N,); None where it is missing.

    A whole number in floating point is written without a fraction, since a missing value beside integers makes them such.

    Args:
        values: A pandas.Series.
    """
    texts = np.array([_text(value) for value in values.astype(object)], dtype=object).reshape(len(values))
    texts[missing_values(values, MISSING)] = None
    return texts


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _column_numbers(values: Any) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where a value is none."""
    import pandas as pd

    try:
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(values.cat.categories.dtype)
        if values.dtype.kind == "c" or isinstance(values.dtype, pd.PeriodDtype):
            return np.full(len(values), np.nan)
        if isinstance(values.dtype, pd.ArrowDtype) and values.dtype.kind in "Mm":
            values = pd.Series(values.to_numpy(dtype=f"{values.dtype.kind}8[ns]", na_value=None))
        if values.dtype.kind == "M":
            values = values - pd.Timestamp(0, tz=values.dt.tz)
        if values.dtype.kind == "m":
            values = values.dt.total_seconds()
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.dtype.kind == "c":
            raise TypeError("complex numbers")
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError, OverflowError, NotImplementedError):
        return np.array([_number(value) for value in values.astype(object)], dtype=np.float64)  # so that the right one is named


def _number(value: Any) -> float:
    """Return a value as a number: infinite beyond the largest one, NaN where it is none."""
    if isinstance(value, np.timedelta64) or not isinstance(value, str | int | float | np.number):
        return nan
    try:
        return float(value)
    except OverflowError:
        return inf  # of either sign: it is refused
    except (TypeError, ValueError):
        return nan


def _check_exact(numbers: NDArray[np.float64], frame: Any, place: Place) -> None:
    """Raise an error if an integer of a column is not the floating-point number that it became."""
    large = np.flatnonzero((np.abs(np.nan_to_num(numbers)) >= LARGEST_EXACT).any(axis=0))
    for index in large[[frame.dtypes.iloc[index].kind in "iuO" for index in large]]:
        values = frame.iloc[:, index].to_numpy(dtype=object)
        row = inexact_integer(values)
        if row is not None:
            raise DataError(f"{place(row, str(frame.columns[index]))}: {INEXACT}, got {shortened(str(values[row]))}")


def _check_given(numbers: NDArray[np.float64], frame: Any, place: Place) -> None:
    import pandas as pd

    missing = np.isnan(numbers)
    if not missing.any():
        return
    column = int(missing.any(axis=0).argmax())
    row = int(missing[:, column].argmax())
    value = frame.iloc[row, column]
    is_missing = pd.api.types.is_scalar(value) and (pd.isna(value) or value == "")
    got = f"nothing: {MISSING_HINT}" if is_missing else shortened(repr(value))
    if isinstance(value, str) and OTHERWISE.fullmatch(value.strip()):
        got += ": write a number such as 1234.5 (decimal=',' reads 1,5), or name the column among the categories"
    elif isinstance(value, pd.Period):
        got += ": make it a date by .dt.to_timestamp(), or a category by .astype('category')"
    raise DataError(f"{place(row, str(frame.columns[column]))}: inputs must be numbers, got {got}")

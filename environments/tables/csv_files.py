"""Reader of .csv files: values by pandas, names and line numbers as they stand in the file."""

from __future__ import annotations

import csv
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, shortened

WIDE = 5_000
"""Number of columns above which a file is read line by line, which is much faster than pandas' columns."""

MISSING = ("", "nan", "NaN", "NAN", "<NA>", "#N/A")
"""Texts that are no class: programs write them for a missing value."""

MISSING_NUMBERS = (*MISSING, "NA", "N/A", "n/a", "None", "NULL", "null")
"""Texts that stand for a missing number; among words, NA or None may be the name of a class."""


def csv_header(file: Path) -> list[str]:
    """Return the names of the columns as they stand in the file, without spaces around them.

    Raises:
        DataError: The file cannot be read, or has no line.
    """
    for _, row in csv_records(file):
        return [name.strip() for name in row]
    raise DataError(f"cannot read '{file}': No columns to parse, the file is empty")


def csv_line(file: Path, row: int) -> int:
    """Return the number of the line, from 1, where a row of values begins; rows count from 0 behind the header."""
    return next(islice(csv_records(file), row + 1, None), (0, []))[0]


def csv_records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Return each record that is not blank, with the number of the line where it begins, from 1.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, skipinitialspace=True)
            line = 1
            for record in reader:
                if len(record) > 1 or (record and record[0].strip()):
                    yield line, record
                line = reader.line_num + 1
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None


def read_csv_columns(file: Path, names: list[str], target: int) -> tuple[Any, Any]:
    """Return the inputs, a frame with names or an array of numbers, and the series of targets.

    Args:
        file: The file.
        names: Names of the columns.
        target: Index of the column of targets.

    Raises:
        DataError: The file cannot be read, or its lines do not fit the header.
    """
    if len(names) > WIDE:
        rows, texts = _wide_rows(file, names, target)
        return rows, _labels(texts)
    frame = read_csv_frame(file, names, {target: str})
    labels = _labels(frame.iloc[:, target].fillna("").tolist())
    return frame.iloc[:, [index for index in range(len(names)) if index != target]], labels


def read_csv_frame(file: Path, names: list[str], types: Mapping[int, type] | None = None) -> Any:
    """Return all columns, a frame whose numbers are parsed; missing values are NaN or, in columns of words, None.

    Args:
        file: The file.
        names: Names of the columns.
        types: Types of single columns, by index.

    Raises:
        DataError: The file cannot be read, or its lines do not fit the header.
    """
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Without these, pandas silently takes columns without a name in the header as row names.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                index_col=False,
                dtype={} if types is None else dict(types),
                keep_default_na=False,
                na_values=[""],
                skipinitialspace=True,
                low_memory=False,  # otherwise the type of a column may change within a long file
            )
    except (pd.errors.ParserWarning, OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        _check_lengths(file, len(names))
        raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None
    frame.columns = pd.Index(names)
    return frame


def _check_lengths(file: Path, expected: int) -> None:
    for longest in (expected + 1, expected):  # a comma at the end of every line is harmless
        for line, record in csv_records(file):
            if len(record) > longest or (len(record) > expected and record[-1]):
                raise _length_error(file, line, len(record), expected)


def _length_error(file: Path, line: int, length: int, expected: int) -> DataError:
    return DataError(
        f"cannot read '{file}': lines have more columns than the header, which has {expected}: line {line}, saw {length}"
    )


def _wide_rows(file: Path, names: list[str], target: int) -> tuple[NDArray[np.float64], list[str]]:
    rows, texts = [], []
    for line, record in islice(csv_records(file), 1, None):
        if len(record) > len(names) + 1 or (len(record) > len(names) and record[-1]):
            raise _length_error(file, line, len(record), len(names))
        values = (record + [""] * (len(names) - len(record)))[: len(names)]
        texts.append(values.pop(target))
        try:
            row = np.array(values, dtype=np.float64)
        except ValueError:
            row = np.full(len(values), np.nan)
        if np.isnan(row).any():
            index = next(index for index, text in enumerate(values) if not _is_number(text))
            name = shortened(names[index + (index >= target)])
            got = shortened(repr(values[index])) if values[index] else "nothing"
            raise DataError(f"'{file}', line {line}, column '{name}': inputs must be numbers, got {got}")
        rows.append(row)
    return np.array(rows).reshape(len(rows), len(names) - 1), texts


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _labels(texts: list[str]) -> Any:
    """Return targets as numbers, as true and false, or as words; None or NaN where one is missing."""
    import pandas as pd

    words = pd.Series(texts, dtype=object)
    given = ~words.isin(MISSING_NUMBERS)
    if given.any():
        numbers = pd.to_numeric(words[given], errors="coerce")
        is_whole = words[given].map(lambda word: re.fullmatch(r"\s*[+-]?\d+\s*", word) is not None)
        if numbers.dtype.kind == "f" and is_whole.all():
            return words.where(given, None)  # integers of more than 64 bits
        if numbers.notna().all():
            return numbers if given.all() else numbers.reindex(words.index)
        truths = words[given].str.lower()
        if truths.isin(("true", "false")).all():
            return (truths == "true").reindex(words.index) if not given.all() else truths == "true"
    return words.where(~words.isin(MISSING), None)

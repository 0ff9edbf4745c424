"""Reader of .csv files: values by pandas, names and line numbers as they stand in the file."""

from __future__ import annotations

import csv
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import MISSING, MISSING_NUMBERS, ConfigurationError, DataError, is_plain_number, shortened

WIDE = 5_000
"""Number of columns above which a file is read line by line, which is much faster than pandas' columns."""


@dataclass(frozen=True)
class TableFormat:
    """How a file is read.

    Attributes:
        separator: Separator of the columns of a .csv file, one character.
        decimal: Decimal point of its numbers, "." or ",".
        exclude: Names of columns that are left out.
        categories: Names of columns whose values are categories, even if they look like numbers.

    Raises:
        ConfigurationError: A separator or decimal point cannot be used.
    """

    separator: str = ","
    decimal: str = "."
    exclude: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.separator, str) or len(self.separator) != 1 or self.separator in '"\r\n0123456789':
            raise ConfigurationError(f"separator must be one character such as ';', got {self.separator!r}")
        if self.decimal not in (".", ",") or self.decimal == self.separator:
            raise ConfigurationError(f"decimal must be '.' or ',' and no separator, got {self.decimal!r}")
        for name in ("exclude", "categories"):
            names = getattr(self, name)
            object.__setattr__(self, name, (names,) if isinstance(names, str) else tuple(map(str, names)))


PLAIN = TableFormat()
"""Columns separated by commas, numbers with points."""


def csv_header(file: Path, form: TableFormat = PLAIN) -> list[str]:
    """Return the names of the columns as they stand in the file, without spaces around them.

    Raises:
        DataError: The file cannot be read, or has no line.
    """
    for _, row in csv_records(file, form.separator):
        return [name.strip(" \t\r\n\ufeff") for name in row]
    raise DataError(f"cannot read '{file}': No columns to parse, the file is empty")


def separator_hint(names: Iterable[str]) -> str:
    """Return advice for a message, if names of columns look as if a semicolon separates them; "" otherwise."""
    return "; if ';' separates its columns, read it with separator=';'" if any(";" in name for name in names) else ""


def csv_line(file: Path, row: int, form: TableFormat = PLAIN) -> int:
    """Return the number of the line, from 1, where a row of values begins; rows count from 0 behind the header."""
    return next(islice(csv_records(file, form.separator), row + 1, None), (0, []))[0]


def csv_records(file: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Return each record that is not blank, with the number of the line where it begins, from 1.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=separator, skipinitialspace=True)
            line = 1
            for record in reader:
                if any("\0" in value for value in record):
                    raise ValueError(f"line {line} has a NUL character, it is not a text file in UTF-8")
                if len(record) > 1 or (record and record[0].strip()):
                    yield line, record
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise DataError(f"cannot read '{file}': {shortened(str(error))}: save it as UTF-8") from None
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None


def read_csv_columns(file: Path, names: list[str], target: int, form: TableFormat) -> tuple[Any, Any]:
    """Return the inputs, a frame with names or an array of numbers, and the series of targets.

    Args:
        file: The file.
        names: Names of the columns.
        target: Index of the column of targets.
        form: How the file is read.

    Raises:
        DataError: The file cannot be read, or its lines do not fit the header.
    """
    if len(names) > WIDE:
        rows, texts = _wide_rows(file, names, target, form)
        return rows, _labels(texts, form.decimal, file)
    texts_at = {index: str for index, name in enumerate(names) if name in form.categories}
    frame = read_csv_frame(file, names, {**texts_at, target: str}, form)
    labels = _labels(frame.iloc[:, target].fillna("").tolist(), form.decimal, file)
    return frame.iloc[:, [index for index in range(len(names)) if index != target]], labels


def read_csv_frame(file: Path, names: list[str], types: Mapping[int, type] | None = None, form: TableFormat = PLAIN) -> Any:
    """Return all columns, a frame whose numbers are parsed; missing values are NaN or, in columns of words, None.

    Args:
        file: The file.
        names: Names of the columns.
        types: Types of single columns, by index.
        form: How the file is read.

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
                sep=form.separator,
                decimal=form.decimal,
                index_col=False,
                dtype={} if types is None else dict(types),
                keep_default_na=False,
                na_values=[""],
                skipinitialspace=True,
                low_memory=False,  # otherwise the type of a column may change within a long file
            )
    except (pd.errors.ParserWarning, OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        _check_lengths(file, len(names), form.separator)
        raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None
    frame.columns = pd.Index(names)
    return frame


def _check_lengths(file: Path, expected: int, separator: str) -> None:
    for longest in (expected + 1, expected):  # a comma at the end of every line is harmless
        for line, record in csv_records(file, separator):
            if len(record) > longest or (len(record) > expected and record[-1]):
                raise _length_error(file, line, len(record), expected)


def _length_error(file: Path, line: int, length: int, expected: int) -> DataError:
    hint = separator_hint(csv_header(file)) if expected == 1 else ""
    return DataError(
        f"cannot read '{file}': lines have more columns than the header, which has {expected}: line {line}, saw {length}{hint}"
    )


def _wide_rows(file: Path, names: list[str], target: int, form: TableFormat) -> tuple[NDArray[np.float64], list[str]]:
    rows, texts = [], []
    for line, record in islice(csv_records(file, form.separator), 1, None):
        if len(record) > len(names) + 1 or (len(record) > len(names) and record[-1]):
            raise _length_error(file, line, len(record), len(names))
        values = (record + [""] * (len(names) - len(record)))[: len(names)]
        texts.append(values.pop(target))
        values = values if form.decimal == "." else [value.replace(form.decimal, ".") for value in values]
        row = np.full(len(values), np.nan)
        if is_plain_number("".join(values)):
            with suppress(ValueError):
                row = np.array(values, dtype=np.float64)
        if np.isnan(row).any():
            index = next(index for index, text in enumerate(values) if not _is_number(text))
            name = shortened(names[index + (index >= target)])
            got = shortened(repr(values[index])) if values[index] else "nothing"
            raise DataError(f"'{file}', line {line}, column '{name}': inputs must be numbers, got {got}")
        rows.append(row)
    return np.array(rows).reshape(len(rows), len(names) - 1), texts


def _is_number(text: str) -> bool:
    try:
        return is_plain_number(text) and not math.isnan(float(text))
    except ValueError:
        return False


def _check_spelled_once(words: Any, file: Path) -> None:
    """Raise an error if two texts of a whole number would become one class, such as 01 and 1."""
    texts = sorted({word.strip() for word in words})
    numbers: dict[int, str] = {}
    for text in texts:
        other = numbers.setdefault(int(text), text)
        if other != text:
            raise DataError(f"'{file}': targets must write a number in one way, got '{shortened(other)}' and '{shortened(text)}'")


def _labels(texts: list[str], decimal: str, file: Path) -> Any:
    """Return targets as numbers, as true and false, or as words; None or NaN where one is missing."""
    import pandas as pd

    words = pd.Series(texts, dtype=object)
    given = ~words.isin(MISSING_NUMBERS)
    if given.any():
        points = words[given] if decimal == "." else words[given].str.replace(decimal, ".", regex=False)
        numbers = pd.to_numeric(points, errors="coerce")
        is_whole = words[given].map(lambda word: re.fullmatch(r"\s*[+-]?[0-9]+\s*", word) is not None)
        if numbers.dtype.kind == "f" and is_whole.all():
            return words.where(given, None)  # integers of more than 64 bits
        if numbers.notna().all():
            _check_spelled_once(words[given][is_whole], file)
            return numbers if given.all() else numbers.reindex(words.index)
        truths = words[given].str.lower()
        if truths.isin(("true", "false")).all():
            return (truths == "true").reindex(words.index) if not given.all() else truths == "true"
    return words.where(~words.isin(MISSING), None)

"""Tables of records: CSV files whose columns have types, with numbers exactly as they were written."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import StringIO

import pandas as pd

from neuronet.core import is_plain_number


@dataclass(frozen=True)
class ColumnType:
    """Type of the values in a column of a CSV file.

    Attributes:
        dtype: Type in pandas.
        low: Lowest number.
        high: Highest number.
        words: What the values are, for messages.
    """

    dtype: str
    low: float = -math.inf
    high: float = math.inf
    words: str = "a number"


TYPES = {
    "object": ColumnType("object"),
    "int64": ColumnType("int64"),
    "float64": ColumnType("float64"),
    "count": ColumnType("int64", 1, words="an integer of 1 or more"),
    "index": ColumnType("int64", 0, words="an integer of 0 or more"),
    "bool": ColumnType("bool"),
    "share": ColumnType("float64", 0, 1, words="a number from 0 to 1"),
    "percentage": ColumnType("float64", 0, 100, words="a number from 0 to 100"),
    "duration": ColumnType("float64", 0, words="a number of 0 or more"),
}
"""Types of columns by name; an empty field is nan for a floating-point number, and an empty text otherwise."""


def parse_table(text: str, columns: Mapping[str, str], optional: Collection[str]) -> pd.DataFrame:
    """Return the rows of a CSV file with these columns, in any order.

    Raises:
        ValueError: It has other columns, or a value is not of its column's type.
    """
    header = next(csv.reader([text.partition("\n")[0]]))  # before pandas reads a million columns
    missing = [name for name in columns if name not in header and name not in optional]
    if missing or len(set(header)) < len(header) or not columns.keys() >= set(header):
        raise ValueError(f"its columns must be {', '.join(columns)}, each once, got {', '.join(header)}")
    texts = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)[[name for name in columns if name in header]]
    if texts.isna().to_numpy().any():  # parsing numbers here might round the last digit
        raise ValueError("a line has too few fields")
    types = {name: TYPES[columns[name]] for name in texts.columns}
    for name in (name for name, kind in types.items() if kind.dtype == "bool"):
        if not texts[name].isin(["True", "False"]).all():
            raise ValueError(f"{name} must be True or False in every line")
        texts[name] = texts[name] == "True"
    numbers = {name: kind.dtype for name, kind in types.items() if kind.dtype not in ("object", "bool")}
    table = texts.mask((texts == "") & texts.columns.isin(list(numbers)), "nan").astype(numbers)
    if not is_plain_number(text.partition("\n")[2]):  # it may be a name with _
        _check_plain(texts[list(numbers)])
    for name in numbers:
        outside = ~table[name].between(types[name].low, types[name].high) & table[name].notna()
        if outside.any():
            raise ValueError(f"{name} must be {types[name].words}, got {table.loc[outside, name].iloc[0]}")
    return table


def _check_plain(numbers: pd.DataFrame) -> None:
    """Raise an error if a number is written in other digits than 0 to 9, or with underscores."""
    for name, texts in numbers.items():
        wrong = next((text for text in texts if not is_plain_number(text)), None)
        if wrong is not None:
            raise ValueError(f"{name} must be a number in the digits 0 to 9, got '{wrong}'")

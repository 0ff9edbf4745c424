"""Inputs of a table before they are numbers: columns of numbers and of categories, with missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    MISSING,
    MISSING_NUMBERS,
    Column,
    ConfigurationError,
    DataError,
    Place,
    Unseen,
    as_array,
    as_numbers,
    column_texts,
    encode_columns,
    frame_numbers,
    is_categorical,
    is_frame,
    missing_values,
    row_place,
    shortened,
    unseen_categories,
)

Missing = Literal["refuse", "mean", "median", "drop"]
"""What becomes of a missing input: an error, the mean or median of the training samples, or the sample is left out."""

MAX_CATEGORIES = 1000
"""Largest number of categories of a column; more would be names or prose."""


def check_missing(missing: object, unseen: object) -> None:
    """Raise an error unless both are known options of a table.

    Raises:
        ConfigurationError: One is not.
    """
    for name, value, known in (("missing", missing, get_args(Missing)), ("unseen", unseen, get_args(Unseen))):
        if value not in known:
            raise ConfigurationError(f"{name} must be one of {', '.join(known)}, got {value!r}")


@dataclass(frozen=True, eq=False)
class RawInputs:
    """Inputs as they are given.

    Attributes:
        rows: (N, C), a frame; or numbers, where there are neither categories nor missing values.
        place: Names the place of a value of the frame, for messages.
    """

    rows: Any
    place: Place

    @classmethod
    def of(cls, inputs: Any, name: str, place: Place | None, missing: Missing) -> RawInputs:
        """Return inputs from an array, a tensor or a frame.

        Args:
            inputs: (N, C).
            name: Source of the inputs, for messages.
            place: Names the place of a value; None for the source, the row and the column.
            missing: An array may have missing values unless this is "refuse".

        Raises:
            DataError: An array has values that are no numbers where they must be.
        """
        import pandas as pd

        where = place or row_place(name)
        if is_frame(inputs):
            return cls(inputs, where)
        if missing == "refuse":
            return cls(as_numbers(inputs, f"{name}: inputs"), where)
        array = as_array(inputs, f"{name}: inputs")
        if array.ndim != 2:
            raise DataError(f"{name}: inputs must have the shape (samples, inputs) without 0, got {array.shape}")
        return cls(pd.DataFrame(array).rename(columns=str), where)

    def __len__(self) -> int:
        return int(np.shape(self.rows)[0])

    @property
    def is_frame(self) -> bool:
        """Whether it is a frame."""
        return is_frame(self.rows)

    def take(self, indices: NDArray[np.int64]) -> RawInputs:
        """Return the rows of a frame with these indices; messages name them as before."""
        place = self.place
        return RawInputs(self.rows.iloc[indices], lambda row, column: place(int(indices[row]), column))

    def numbers(self, columns: tuple[Column, ...], unseen: Unseen) -> NDArray[np.float64]:
        """Return the inputs as numbers, (N, I).

        Args:
            columns: How each column becomes inputs; () if each is an input and none may be missing.
            unseen: What becomes of categories that are unknown.

        Raises:
            DataError: A value is missing, or is neither a number nor a known category.
        """
        if columns:
            return encode_columns(self.rows, columns, self.place, unseen)
        return frame_numbers(self.rows, self.place) if self.is_frame else np.asarray(self.rows)

    def gaps(self, categorical: list[bool]) -> NDArray[np.bool_]:
        """Return where a value of the frame is missing, (N, C).

        Args:
            categorical: Whether each column has categories.
        """
        gaps = [
            missing_values(self.rows.iloc[:, index], MISSING if words else MISSING_NUMBERS)
            for index, words in enumerate(categorical)
        ]
        return np.column_stack(gaps) if gaps else np.zeros((len(self), 0), dtype=np.bool_)

    def unseen(self, columns: tuple[Column, ...], categorical: list[bool]) -> int:
        """Return the number of values with a category that is not among those of their column.

        Args:
            columns: The columns with their categories.
            categorical: Whether each has any.
        """
        found = (unseen_categories(self.rows.iloc[:, index], columns[index]) for index in np.flatnonzero(categorical))
        return sum(int(rows.sum()) for rows in found)

    def kinds(self) -> list[bool]:
        """Return whether each column has categories; never for numbers."""
        return [is_categorical(self.rows.iloc[:, index]) for index in range(self.rows.shape[1])] if self.is_frame else []


def learn_columns(train: RawInputs, categorical: list[bool], missing: Missing, name: str) -> tuple[Column, ...]:
    """Return how each column becomes inputs, learnt from training samples; () if each is a number that must be given.

    A missing number becomes the mean or the median of its column, a missing category the most frequent one.

    Args:
        train: Training samples.
        categorical: Whether each column has categories.
        missing: What becomes of missing values.
        name: Source of the samples, for messages.

    Raises:
        DataError: A column has no value to learn from, is not of numbers, or has too many categories.
    """
    fills = missing in ("mean", "median")
    if not fills and not any(categorical):
        return ()
    columns = []
    for index, words in enumerate(categorical):
        values, column = train.rows.iloc[:, [index]], shortened(str(train.rows.columns[index]))
        if words:
            columns.append(_learn_categories(values.iloc[:, 0], fills, f"{name}, column '{column}'"))
        elif fills:
            numbers = frame_numbers(values, train.place, np.zeros(1))
            given = numbers[~missing_values(values.iloc[:, 0], MISSING_NUMBERS)]
            if not given.size:
                raise DataError(f"{name}, column '{column}': no training sample has a value, leave the column out")
            columns.append(Column(fill=float(given.mean() if missing == "mean" else np.median(given))))
        else:
            columns.append(Column())
    return tuple(columns)


def _learn_categories(values: Any, fills: bool, place: str) -> Column:
    texts = [text for text in column_texts(values) if text is not None]
    if not texts:
        raise DataError(f"{place}: no training sample has a value, leave the column out")
    categories, counts = np.unique(np.array(texts, dtype=object), return_counts=True)
    if len(categories) > MAX_CATEGORIES:
        raise DataError(f"{place}: at most {MAX_CATEGORIES:,} categories can be inputs, got {len(categories):,}: leave it out")
    return Column(tuple(categories.tolist()), categories[counts.argmax()] if fills else None)

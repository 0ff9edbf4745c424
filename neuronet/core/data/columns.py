"""Columns of a table as inputs of a network: numbers as they are, categories as inputs of 0 and 1, gaps filled or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuronet.core.data.frames import MISSING_HINT, Place, column_texts, frame_numbers
from neuronet.core.errors import DataError, shortened

Unseen = Literal["refuse", "zeros"]
"""What becomes of a category that no training sample had: an error, or 0 in each input of its column."""


@dataclass(frozen=True)
class Column:
    """How a column of a table becomes inputs of a network; everything is learnt from the training samples.

    Attributes:
        categories: The categories as texts, each with an input that is 1 where a sample has it and otherwise 0; () for a column
            of numbers, which is one input.
        fill: What replaces a missing value: a number, or one of the categories; None refuses it.

    Raises:
        DataError: A category is no text or is there twice, or the fill does not fit.
    """

    categories: tuple[str, ...] = ()
    fill: float | str | None = None

    def __post_init__(self) -> None:
        texts = [category for category in self.categories if isinstance(category, str)]
        if len(texts) < len(self.categories) or len(set(texts)) < len(texts):
            raise DataError(f"categories must be different texts, got {shortened(repr(self.categories))}")
        is_number = isinstance(self.fill, int | float) and not isinstance(self.fill, bool) and bool(np.isfinite(self.fill))
        fits = self.fill in self.categories if self.categories else is_number
        if self.fill is not None and not fits:
            raise DataError(f"the fill of a column must be a finite number or one of its categories, got {self.fill!r}")

    @property
    def inputs(self) -> int:
        """Number of its inputs: one for each category, or one."""
        return len(self.categories) or 1

    def names(self, name: str) -> tuple[str, ...]:
        """Return the name of each of its inputs, such as "colour=red"; a column of numbers keeps its own.

        Args:
            name: Name of the column.
        """
        return tuple(f"{name}={category}" for category in self.categories) or (name,)


def encode_columns(frame: Any, columns: Sequence[Column], place: Place, unseen: Unseen = "refuse") -> NDArray[np.float64]:
    """Return the columns of a frame as numbers, (N, I): the inputs of each column beside each other, in their order.

    Args:
        frame: A pandas.DataFrame with these columns in their order.
        columns: How each becomes inputs.
        place: Names the place of a value, for messages.
        unseen: Whether a category that is not among a column's is refused, or is 0 in each of its inputs.

    Raises:
        DataError: A value is missing where that is refused, is not a number, or is a category that is refused.
    """
    starts = np.cumsum([0, *(column.inputs for column in columns)])
    numbers = np.zeros((len(frame), starts[-1]), dtype=np.float64)
    plain = [index for index, column in enumerate(columns) if not column.categories]
    fills = np.array([np.nan if columns[index].fill is None else columns[index].fill for index in plain], dtype=np.float64)
    numbers[:, starts[plain]] = frame_numbers(frame.iloc[:, plain], place, fills)
    for index, column in enumerate(columns):
        if column.categories:
            codes = _codes(frame, index, column, place, unseen)
            rows = np.flatnonzero(codes >= 0)
            numbers[rows, starts[index] + codes[rows]] = 1.0
    return numbers


def unseen_categories(values: Any, column: Column) -> NDArray[np.bool_]:
    """Return where a column of a frame has a category that is not among the known ones, (N,).

    Args:
        values: A pandas.Series.
        column: The column, with its categories.
    """
    texts = column_texts(values)
    return np.array([text is not None and text not in column.categories for text in texts], dtype=np.bool_)


def _codes(frame: Any, index: int, column: Column, place: Place, unseen: Unseen) -> NDArray[np.intp]:
    """Return the number of each value's category, (N,); -1 for one that is unseen, if that is not refused."""
    import pandas as pd

    texts, name = column_texts(frame.iloc[:, index]), str(frame.columns[index])
    gaps = np.array([text is None for text in texts], dtype=np.bool_)
    if gaps.any() and column.fill is None:
        raise DataError(f"{place(int(gaps.argmax()), name)}: inputs must be given, got nothing: {MISSING_HINT}")
    texts[gaps] = column.fill
    codes = np.asarray(pd.Index(column.categories, dtype=object).get_indexer(pd.Index(texts, dtype=object)))
    if unseen == "refuse" and (codes < 0).any():
        row = int((codes < 0).argmax())
        known = shortened(", ".join(column.categories))
        raise DataError(
            f"{place(row, name)}: no training sample has the category {shortened(repr(texts[row]))}, "
            f"the known ones are {known}: train with --unseen zeros (unseen='zeros') to accept others"
        )
    return codes

"""Selection by size, with ties that the last bit does not decide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuronet.core import rounding


def extreme_indices(sizes: NDArray[np.floating], count: int, *, largest: bool, dtype: str) -> NDArray[np.int64]:
    """Return the ascending indices of the largest or the smallest sizes.

    Sizes that equal the last selected one, up to rounding, are selected in the order of their indices: on paper they are
    tied, and their last bits differ between engines and processors.

    Args:
        sizes: (N,), 0 or more.
        count: Number of indices, 0 to N.
        largest: Whether the largest are selected, not the smallest.
        dtype: Precision in which the sizes were computed, "float64" or "float32".
    """
    if not count:
        return np.zeros(0, dtype=np.int64)
    ordered = np.sort(sizes)
    last, tolerance = ordered[-count if largest else count - 1], rounding(np, np.zeros(0, dtype))
    low, high = last * (1 - tolerance), last * (1 + tolerance)
    before, tied = sizes > high if largest else sizes < low, (sizes >= low) & (sizes <= high)
    selected = np.flatnonzero(before)
    return np.sort(np.append(selected, np.flatnonzero(tied)[: count - selected.size]))


def lowest_of_rows(
    keys: NDArray[np.floating], rows: NDArray[np.int64], counts: NDArray[np.int64], *, dtype: str | None
) -> NDArray[np.int64]:
    """Return the ascending indices of the smallest keys of each row, ties as in `extreme_indices`.

    Args:
        keys: (N,), 0 or more.
        rows: (N,), row of each key, ascending from 0.
        counts: (R,), number of indices of each row, 0 to the number of its keys.
        dtype: Precision in which the keys were computed, "float64" or "float32"; None for exact numbers.
    """
    lengths = np.bincount(rows, minlength=len(counts))
    starts = np.cumsum(lengths) - lengths
    order = np.lexsort((keys, rows))
    if dtype is not None:
        last = np.zeros(len(counts))
        some = counts > 0
        last[some] = keys[order[(starts + counts - 1)[some]]]
        tolerance = rounding(np, np.zeros(0, dtype))
        low, high = (last * (1 - tolerance))[rows], (last * (1 + tolerance))[rows]
        order = np.lexsort((np.where(keys < low, 0, np.where(keys <= high, 1, 2)), rows))
    within = np.arange(len(keys)) - starts[rows]
    return np.sort(order[within < counts[rows]])

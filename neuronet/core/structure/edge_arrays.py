"""Reading of the arrays that describe edges: taken over unchanged, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import ConfigurationError, StateError, shown
from neuronet.core.structure.network import Ints

MAX_NODES = 2**31
"""Neurons of a network, at most."""

LARGEST_EXACT = 2**53
"""Integers up to here are exact in double precision."""


def check_sizes(sizes: Sequence[Any]) -> None:
    """Refuse numbers of neurons that no network has.

    Raises:
        ConfigurationError: One is no integer, or below 1, or all together are more than MAX_NODES.
    """
    if any(isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1 for size in sizes):
        raise ConfigurationError(f"sizes must be two or more integers of 1 or more, got {shown(list(sizes))}")
    total = sum(map(int, sizes))
    if total > MAX_NODES:
        raise ConfigurationError(f"a network must have at most {MAX_NODES} neurons, got {total}")


def coordinates(matrix: Any, what: str) -> Any:
    """Return a matrix of scipy.sparse by coordinates.

    Raises:
        StateError: Its arrays of indices contradict its shape or each other.
    """
    if hasattr(matrix, "indptr"):  # scipy trusts its arrays, which may have been changed
        steps, blocks = np.diff(matrix.indptr), len(matrix.indices)
        if matrix.indptr[0] != 0 or (steps < 0).any() or matrix.indptr[-1] > blocks:
            raise StateError(f"{what} must have row pointers that rise from 0 to its {blocks} indices: they were changed")
    try:
        return matrix.tocoo()
    except (ValueError, IndexError) as error:
        raise StateError(f"{what} must store entries within its shape {matrix.shape}, but {error}") from None


def ids(given: Any) -> Ints:
    """Return the node ids of a layer, (N,).

    Raises:
        StateError: They are no integers below 2**63.
    """
    try:
        array = np.asarray(given)
    except (ValueError, OverflowError):
        array = np.asarray(None)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.dtype.kind == "u" and len(array) and array.max() >= 2**63):
        raise StateError(f"nodes must be a one-dimensional array of integers below 2**63 for each layer, got {shown(given)}")
    return array.astype(np.int64)


def edge_array(given: Any) -> Ints:
    """Return edges, (E, 2).

    Raises:
        StateError: They are no integers of this shape, or are masked.
    """
    try:
        array = np.asarray(given)
    except (ValueError, OverflowError):
        array = np.asarray(None)
    _check_masked(given, "edges")
    array = array.reshape(0, 2).astype(np.int64) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        found = f"{array.dtype} of shape {array.shape}"
        raise StateError(
            f"edges must be integers of shape (edges, 2), speaker and listener, or a matrix of scipy.sparse, got {found}"
        )
    if array.dtype.kind == "u" and array.size and array.max() >= 2**63:
        raise StateError(f"node {array.max()} is too large: node ids must be below 2**63")
    return array.astype(np.int64)


def numbers(given: Any, what: str, count: int) -> NDArray[np.float64]:
    """Return a number for each of `count` edges or neurons, (count,), in double precision.

    Raises:
        StateError: They are no real numbers of this shape, are masked, or are integers that would be rounded.
    """
    array = np.asarray(given)
    if array.shape != (count,) or array.dtype.kind not in "biuf":
        raise StateError(f"{what} must be {count} real numbers, got {array.dtype} of shape {array.shape}")
    _check_masked(given, what)
    if array.dtype.kind in "iu" and array.itemsize == 8 and ((array > LARGEST_EXACT) | (array < -LARGEST_EXACT)).any():
        raise StateError(f"{what} must be exact in double precision, but an integer is above 2**53: give floating-point numbers")
    return array.astype(np.float64)


def _check_masked(given: Any, what: str) -> None:
    if np.ma.is_masked(given):
        raise StateError(f"{what} must have no masked values: leave them out")

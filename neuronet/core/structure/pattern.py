"""Sparsity pattern of a layer: which speakers each neuron listens to, by connection and without a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import StateError

MAX_DENSE_ENTRIES = 2**24
"""Entries of the largest layer of a sparse network that may be made dense: 128 MiB in double precision."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Connections of a layer, ordered by listener and, for each listener, by speaker (compressed sparse rows).

    Attributes:
        speakers: I, number of neurons in the layer below.
        starts: (J + 1,), where the connections of each listener begin, and their number at the end.
        columns: (E,), the speaker of each connection, 0 to I - 1.

    Raises:
        StateError: The arrays do not describe such connections.
    """

    speakers: int
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]

    def __post_init__(self) -> None:
        starts, columns = self.starts, self.columns
        for array in (starts, columns):
            if array.ndim != 1 or array.dtype.kind != "i":
                raise StateError("a sparsity pattern needs one-dimensional integer arrays")
        if not len(starts) or starts[0] != 0 or starts[-1] != len(columns) or (np.diff(starts) < 0).any():
            raise StateError("the starts of a sparsity pattern must rise from 0 to its number of connections")
        if len(columns) and not (columns.min() >= 0 and columns.max() < self.speakers):
            raise StateError(f"the columns of a sparsity pattern must be from 0 to {self.speakers - 1}")
        falls = np.flatnonzero(np.diff(columns) <= 0) + 1
        if not np.isin(falls, starts).all():
            raise StateError("the columns of a sparsity pattern must rise within each row, each given once")

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> Pattern:
        """Return the pattern of a mask (J, I)."""
        counts = mask.sum(axis=1)
        return cls(mask.shape[1], _starts(counts), np.nonzero(mask)[1].astype(np.int32))

    @classmethod
    def of_edges(
        cls, listeners: NDArray[Any], speakers: NDArray[Any], shape: tuple[int, int]
    ) -> tuple[Pattern, NDArray[np.int64]]:
        """Return the pattern of edges, and their order in it.

        Args:
            listeners: (E,), listener of each edge, 0 to J - 1.
            speakers: (E,), speaker of each edge, 0 to I - 1; no edge may be given twice.
            shape: (J, I).
        """
        keys = listeners.astype(np.int64) * shape[1] + speakers
        order = np.arange(len(keys)) if (np.diff(keys) > 0).all() else np.argsort(keys, kind="stable")
        counts = np.bincount(listeners, minlength=shape[0])
        return cls(shape[1], _starts(counts), speakers[order].astype(np.int32)), order

    @classmethod
    def full(cls, shape: tuple[int, int]) -> Pattern:
        """Return the pattern in which every listener has every speaker, for a shape (J, I)."""
        listeners, speakers = shape
        starts = np.arange(listeners + 1, dtype=np.int64) * speakers
        return cls(speakers, starts, np.tile(np.arange(speakers, dtype=np.int32), listeners))

    @property
    def shape(self) -> tuple[int, int]:
        """(J, I)."""
        return len(self.starts) - 1, self.speakers

    @property
    def count(self) -> int:
        """E, number of connections."""
        return len(self.columns)

    @property
    def is_full(self) -> bool:
        """Whether every listener has every speaker."""
        return self.count == self.shape[0] * self.shape[1]

    @property
    def in_degrees(self) -> NDArray[np.int64]:
        """Number of speakers of each listener, (J,)."""
        return np.diff(self.starts)

    @cached_property
    def out_degrees(self) -> NDArray[np.int64]:
        """Number of listeners of each speaker, (I,)."""
        return np.bincount(self.columns, minlength=self.speakers)

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """The listener of each connection, (E,)."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), self.in_degrees)

    @cached_property
    def transposed(self) -> tuple[Pattern, NDArray[np.int64]]:
        """The same connections ordered by speaker, and the place of each of them in this pattern, (E,)."""
        from scipy.sparse import csr_array  # lists of plug-ins need none of it

        matrix = csr_array((np.arange(self.count), self.columns, self.starts), shape=self.shape).tocsc()
        starts, rows = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
        return Pattern(len(self.starts) - 1, starts, rows), matrix.data.astype(np.int64)

    def equals(self, other: Pattern) -> bool:
        """Return whether both have the same connections."""
        return (
            self.shape == other.shape
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.columns, other.columns)
        )

    def to_dense(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values by connection as a matrix (J, I), 0 where there is no connection.

        Raises:
            StateError: The matrix would be too large.
        """
        check_dense(self.shape)
        return self.matrix(values)

    def matrix(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values by connection as a matrix (J, I), 0 where there is no connection, however large it is."""
        matrix = np.zeros(self.shape, dtype=values.dtype)
        matrix[self.rows, self.columns] = values
        return matrix

    def mask(self) -> NDArray[np.bool_]:
        """Return True where there is a connection, (J, I).

        Raises:
            StateError: The matrix would be too large.
        """
        mask: NDArray[np.bool_] = self.to_dense(np.ones(self.count, dtype=np.bool_))
        return mask


def check_dense(shape: tuple[int, int]) -> None:
    """Refuse a layer that is too large for a matrix.

    Raises:
        StateError: It is.
    """
    if shape[0] * shape[1] > MAX_DENSE_ENTRIES:
        raise StateError(
            f"a sparse layer of {shape[0]} x {shape[1]} neurons has too many entries for a matrix: "
            f"what needs one works up to {MAX_DENSE_ENTRIES}"
        )


def _starts(counts: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))

"""Standardisation of columns by the training samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, Standardisation

LARGEST = 1e100
"""Largest number whose variance cannot overflow."""


def check_magnitude(arrays: Sequence[NDArray[Any]], name: str) -> None:
    """Raise an error if a number is too large for a standardisation.

    Args:
        arrays: Arrays of finite numbers, none of them empty.
        name: Source of the arrays, for the message.

    Raises:
        DataError: A number is beyond 1e100.
    """
    if max(float(np.abs(array).max()) for array in arrays) > LARGEST:  # as float32, LARGEST would be infinite
        raise DataError(f"{name}: numbers must be at most {LARGEST:g} to be standardised")


def standardisation(columns: NDArray[Any]) -> Standardisation:
    """Return the map that gives each column mean 0 and standard deviation 1; a constant column becomes 0.

    Args:
        columns: (N, I) finite numbers, of the training samples alone.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(columns)
    return Standardisation(scaler.mean_, scaler.scale_)

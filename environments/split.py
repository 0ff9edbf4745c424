"""The split of samples that have no test set of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError


def split(count: int, classes: NDArray[Any] | None, test_share: float, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of training and test samples: drawn with a fixed seed, with the same share of every class.

    Args:
        count: Number of samples.
        classes: (count,) integers from 0; None for values, which are split without stratification.
        test_share: Share of the test set, above 0 and below 1.
        name: Source of the samples, for messages.

    Raises:
        DataError: There are too few samples, or too few of a class.
    """
    from sklearn.model_selection import train_test_split

    if classes is not None:
        sizes = np.bincount(classes)
        rare = np.flatnonzero(sizes == 1)
        if rare.size:
            raise DataError(f"{name}: a class needs two samples, class {rare[0]} has one; for values use payoff squared-error")
    try:
        train, test = train_test_split(np.arange(count), test_size=test_share, random_state=0, stratify=classes)
    except ValueError:
        raise DataError(f"{name}: {count} samples are too few to split into training and test") from None
    return train, test

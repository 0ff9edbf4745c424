"""The one rule by which samples without a test part of their own are split."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError


def split(count: int, classes: NDArray[Any] | None, test_share: float, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which samples are to learn from and which to be judged by: drawn with a fixed seed, the same share of every class.

    Args:
        count: How many samples there are.
        classes: (count,) integers from 0; None for values, which are split without regard to them.
        test_share: Share of the samples kept for the test, above 0 and below 1.
        name: Where they come from, for messages.

    Raises:
        NeuroNetError: There are too few samples, or too few of a class.
    """
    from sklearn.model_selection import train_test_split

    if classes is not None:
        sizes = np.bincount(classes)
        rare = np.flatnonzero(sizes == 1)
        if rare.size:
            raise NeuroNetError(
                f"{name}: every class needs two samples, class number {rare[0]} has one; "
                "if they are values, say payoff squared-error"
            )
    try:
        train, test = train_test_split(np.arange(count), test_size=test_share, random_state=0, stratify=classes)
    except ValueError:
        raise NeuroNetError(f"{name}: {count} samples are too few to split into training and test") from None
    return train, test

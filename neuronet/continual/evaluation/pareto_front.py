"""What a method can have: the frontier of final against learning accuracy, over everything that it tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def configuration_points(tuning: pd.DataFrame) -> dict[str, Floats]:
    """Each method's (learning, final), a row for each configuration: the means of its seeds.

    Args:
        tuning: A line for each game: policy, learning_rate, settings, seed, final, learning.
    """
    means = tuning.groupby(["policy", "learning_rate", "settings"])[["learning", "final"]].mean()
    return {str(name): means.loc[name].to_numpy(dtype=np.float64) for name in dict.fromkeys(tuning["policy"])}


def pareto_front(points: Floats) -> Floats:
    """The rows (learning, final) that no other row is above in one and not below in the other, by ascending learning."""
    front: list[Floats] = []
    for point in points[np.lexsort((-points[:, 1], -points[:, 0]))]:
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return np.stack(front[::-1])


def hypervolume(points: Floats) -> float:
    """The part of the unit square, 0 to 1, whose points some dot is not below in either: the area under the frontier's steps.

    The hypervolume of Zitzler and Thiele (1998), from the reference point (0, 0): learning nothing and keeping nothing.

    Args:
        points: (configurations, 2), rows (learning, final), each 0 to 1.
    """
    best = pareto_front(points)
    widths = np.diff(best[:, 0], prepend=0.0)
    return float(np.sum(widths * best[:, 1]))

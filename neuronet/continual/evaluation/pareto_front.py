"""Pareto front of final and learning accuracy over all configurations that a method tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def configuration_points(tuning: pd.DataFrame) -> dict[str, Floats]:
    """Return each method's points (learning, final), a row for each configuration: means over its seeds.

    Args:
        tuning: A row for each run: policy, learning_rate, settings, seed, final, learning.
    """
    means = tuning.groupby(["policy", "learning_rate", "settings"], dropna=False)[["learning", "final"]].mean()
    return {str(name): means.loc[name].to_numpy(dtype=np.float64) for name in dict.fromkeys(tuning["policy"])}


def pareto_front(points: Floats) -> Floats:
    """Return the rows (learning, final) that no other row dominates, in ascending order of learning."""
    front: list[Floats] = []
    for point in points[np.lexsort((-points[:, 1], -points[:, 0]))]:
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return np.stack(front[::-1])


def hypervolume(points: Floats) -> float:
    """Return the hypervolume (0 to 1): the area of the unit square that the points dominate.

    Zitzler and Thiele (1998), with the reference point (0, 0): nothing learned and nothing kept.

    Args:
        points: (configurations, 2), rows (learning, final), both 0 to 1.
    """
    front = pareto_front(points)
    widths = np.diff(front[:, 0], prepend=0.0)
    return float(np.sum(widths * front[:, 1]))

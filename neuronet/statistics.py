"""Paired differences: the same seeds with one method and with the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.comparison.result import interval

Floats = NDArray[np.float64]

ROUNDED = 12
"""Digits after the point from which on two differences of accuracies are the same but for rounding."""


@dataclass(frozen=True)
class Paired:
    """What paired differences say.

    Attributes:
        mean: Of the differences.
        low: Of the mean's 95% interval by Student's t; nan for a single pair, as all that follows.
        high: Of the same.
        p_t: Two-sided, of Student's paired t test.
        p_wilcoxon: Two-sided, of Wilcoxon's signed rank test, exact.
    """

    mean: float
    low: float
    high: float
    p_t: float
    p_wilcoxon: float


def paired(differences: Floats) -> Paired:
    """The differences, (pairs,), summed up."""
    return Paired(*interval(differences), t_test(differences), wilcoxon(differences))


def t_test(differences: Floats) -> float:
    """The two-sided p of Student's paired t test (1908); where all differences are the same number, 0, or 1 if it is 0."""
    from scipy import stats

    count = len(differences)
    if count < 2 or not np.isfinite(differences).all():
        return math.nan
    mean, deviation = float(np.mean(differences)), float(np.std(differences, ddof=1))
    if deviation == 0:
        return float(mean == 0)
    return float(2 * stats.t.sf(abs(mean) / deviation * math.sqrt(count), count - 1))


def wilcoxon(differences: Floats) -> float:
    """The two-sided p of Wilcoxon's signed rank test (1945), over all ways to sign the ranks.

    Differences of 0 are left out, and equal ones share the mean of their ranks; rounding makes no two different.
    """
    from scipy import stats

    if len(differences) < 2 or not np.isfinite(differences).all():
        return math.nan
    near = np.round(differences, ROUNDED)
    some = near[near != 0]
    doubled = np.rint(2 * stats.rankdata(np.abs(some))).astype(np.int64)  # integers, in spite of shared ranks
    sign_counts = np.ones(1)
    for rank in doubled:  # how many of the signings have each sum of positive ranks
        sign_counts = np.concatenate((sign_counts, np.zeros(rank))) + np.concatenate((np.zeros(rank), sign_counts))
    total, probabilities = int(doubled[some > 0].sum()), sign_counts / sign_counts.sum()
    return min(1.0, 2 * float(min(probabilities[: total + 1].sum(), probabilities[total:].sum())))


def holm(values: Sequence[float]) -> list[float]:
    """The p values adjusted for that there are several (Holm 1979); those that are no numbers stay so and do not count."""
    known = sorted((value, place) for place, value in enumerate(values) if not math.isnan(value))
    adjusted = [math.nan] * len(values)
    least = 0.0
    for rank, (value, place) in enumerate(known):
        least = max(least, min(1.0, value * (len(known) - rank)))
        adjusted[place] = least
    return adjusted

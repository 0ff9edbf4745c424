"""Statistics of results: intervals, paired tests, corrections for many tests, the bootstrap, and Gini's coefficient.

Built on scipy, which is imported when it is first needed, and on nothing else of NeuroNet but its errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Confidence level of every interval, unless another one is stated."""

TIE_DIGITS = 12
"""Decimal places at which two differences count as tied: beyond it they differ by rounding only."""


@lru_cache(maxsize=64)
def t_quantile(tail: float, degrees: int) -> float:
    """Return the value that Student's t distribution (1908) exceeds with a given probability.

    Args:
        tail: Probability of the upper tail, between 0 and 1.
        degrees: Degrees of freedom (>= 1).
    """
    from scipy import stats

    return float(stats.t.isf(tail, degrees))


def interval(values: Floats) -> tuple[float, float, float]:
    """Return the mean of values (n,) and its 95% interval by Student's t (1908): mean, low, high.

    The bounds are nan for a single value and where the mean is not finite.
    """
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2 or not math.isfinite(mean):
        return mean, math.nan, math.nan
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Paired:
    """Summary of paired differences: the same seeds with one method and with another.

    Attributes:
        mean: Mean of the differences.
        low: Lower bound of the mean's 95% interval by Student's t; nan for a single pair, like everything after it.
        high: Upper bound.
        p_t: Two-sided p-value of Student's paired t-test.
        p_wilcoxon: Two-sided p-value of Wilcoxon's signed-rank test, exact.
    """

    mean: float
    low: float
    high: float
    p_t: float
    p_wilcoxon: float


def paired(differences: Floats) -> Paired:
    """Summarise paired differences, (pairs,)."""
    return Paired(*interval(differences), t_test(differences), wilcoxon(differences))


def t_test(differences: Floats) -> float:
    """Return the two-sided p-value of Student's paired t-test (1908) for differences (pairs,).

    It is 0 where all differences are the same non-zero number and 1 where all are 0. It is nan for fewer than two pairs, or
    where a difference is not finite.
    """
    from scipy import stats

    if len(differences) < 2 or not np.isfinite(differences).all():
        return math.nan
    if np.std(differences, ddof=1) == 0:
        return float(np.mean(differences) == 0)
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def wilcoxon(differences: Floats) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test (1945) for differences (pairs,), exact in spite of ties.

    The distribution is counted over all signs of the ranks, where scipy falls back to a normal approximation. Zeros are dropped,
    and ties (up to TIE_DIGITS) share the mean of their ranks. The value is nan for fewer than two pairs, or where a difference is
    not finite.
    """
    from scipy import stats

    if len(differences) < 2 or not np.isfinite(differences).all():
        return math.nan
    rounded = np.round(differences, TIE_DIGITS)
    nonzero = rounded[rounded != 0]
    doubled_ranks = np.rint(2 * stats.rankdata(np.abs(nonzero))).astype(np.int64)  # integers, even where ranks are shared
    counts = np.ones(1)
    for rank in doubled_ranks:  # counts[s]: number of sign patterns with positive doubled ranks that add up to s
        counts = np.concatenate((counts, np.zeros(rank))) + np.concatenate((np.zeros(rank), counts))
    total, probabilities = int(doubled_ranks[nonzero > 0].sum()), counts / counts.sum()
    return min(1.0, 2 * float(min(probabilities[: total + 1].sum(), probabilities[total:].sum())))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for multiple tests by Holm's method (1979); nan stays nan and does not count as a test."""
    ordered = sorted((value, index) for index, value in enumerate(p_values) if not math.isnan(value))
    adjusted = [math.nan] * len(p_values)
    least = 0.0
    for rank, (value, index) in enumerate(ordered):
        least = max(least, min(1.0, value * (len(ordered) - rank)))
        adjusted[index] = least
    return adjusted


def bootstrap_means(values: Floats, count: int, seed: int = 0) -> Floats:
    """Return bootstrap means (Efron 1979) over the first axis of values: (n, ...) to (count, ...).

    All entries of the other axes share the resampled indices, since they come from the same seeds.
    """
    drawn = np.random.default_rng(seed).multinomial(len(values), np.full(len(values), 1 / len(values)), size=count)
    means: Floats = np.tensordot(drawn / len(values), values, axes=1)
    return means


def bootstrap_ratio(
    numerator: Floats, denominator: Floats, rng: np.random.Generator, resamples: int = 2000
) -> tuple[float, float, float]:
    """Return the ratio of two means over the same seeds, (n,) each, with its 95% percentile bootstrap interval (Efron 1979)."""
    drawn = rng.integers(len(numerator), size=(resamples, len(numerator)))
    ratios = numerator[drawn].mean(axis=1) / denominator[drawn].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(numerator.mean() / denominator.mean()), float(low), float(high)


def gini(values: Iterable[float]) -> float:
    """Return Gini's coefficient (1912) of n values >= 0, such as neurons' attention: 0 where all are equal, towards 1 otherwise.

    It is half the mean absolute difference in units of the mean; 1 - 1/n where one has everything.

    Raises:
        DataError: A value is negative, or none is positive.
    """
    values = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    if len(values) == 0 or values.min() < 0 or values.sum() <= 0:
        raise DataError("Gini's coefficient needs values >= 0, at least one of them > 0")
    ranks, count = np.arange(1, len(values) + 1), len(values)
    return float(2 * np.sum(ranks * np.sort(values)) / (count * values.sum()) - (count + 1) / count)

"""Statistics of results: intervals, paired tests, corrections for many tests, draws of plausible means, and Gini's coefficient.

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


def sampled_means(values: Floats, count: int, seed: int | np.random.Generator = 0) -> Floats:
    """Return means that are as plausible as the mean of values over seeds, (n, ...) to (count, ...).

    A draw adds to the mean a combination of the seeds' deviations with normal weights, divided by the root of a chi-squared
    variable. Every linear combination of the drawn entries has Student's t distribution (1908) around its mean, with its standard
    error and n - 1 degrees of freedom. Percentiles of these draws are thus intervals for any function of the means, and the usual
    t interval for a linear one. All entries of the other axes share the weights, since they come from the same seeds. Percentiles
    of the usual bootstrap (Efron 1979) cover a mean of five normal values in 83% of cases, not in 95%.

    Args:
        values: One row for each of n seeds, 2 or more.
        count: Number of draws.
        seed: Seed of the draws, or their generator.
    """
    rng, n = np.random.default_rng(seed), len(values)
    scale = np.sqrt(rng.chisquare(n - 1, size=count) / (n - 1)) * math.sqrt(n * (n - 1))
    weights = rng.normal(size=(count, n)) / scale[:, None]
    mean: Floats = values.mean(axis=0)
    return np.asarray(mean + np.tensordot(weights, values - mean, axes=1))


def ratio_interval(
    numerator: Floats, denominator: Floats, rng: np.random.Generator, draws: int = 4000
) -> tuple[float, float, float]:
    """Return the ratio of two positive means over the same seeds, (n,) each, with its 95% interval by `sampled_means`.

    Of normal values it is the interval of Fieller (Fieller 1954).
    The bounds are nan where the denominator is not sure to be positive.
    """
    above, below = sampled_means(np.stack((numerator, denominator), axis=1), draws, rng).T
    ratio = float(numerator.mean() / denominator.mean())
    if np.quantile(below, (1 - CONFIDENCE) / 2) <= 0:
        return ratio, math.nan, math.nan
    low, high = np.quantile(above / below, [0.025, 0.975])
    return ratio, float(low), float(high)


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

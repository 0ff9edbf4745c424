"""Statistics against scipy, against values computed by hand, and against their own symmetries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuronet.core.errors import DataError
from neuronet.statistics import gini, holm, interval, paired, ratio_interval, sampled_means, t_quantile, t_test, wilcoxon

DIFFERENCES = np.array([0.3, -0.1, 0.25, 0.7, 0.05, 0.41])


def test_intervals_and_paired_tests_equal_scipys():
    summary, reference = paired(DIFFERENCES), stats.ttest_1samp(DIFFERENCES, 0.0)
    assert summary.p_t == pytest.approx(reference.pvalue, rel=1e-12)
    assert (summary.low, summary.high) == pytest.approx(tuple(reference.confidence_interval(0.95)), rel=1e-12)
    assert (summary.mean, summary.low, summary.high) == interval(DIFFERENCES)
    assert summary.mean == pytest.approx(DIFFERENCES.mean())
    assert summary.p_wilcoxon == pytest.approx(stats.wilcoxon(DIFFERENCES, method="exact").pvalue)
    assert t_quantile(0.025, 5) == pytest.approx(stats.t.ppf(0.975, 5), rel=1e-12)


def test_interval_is_nan_for_a_single_value_and_for_values_that_are_not_finite():
    assert interval(np.array([0.5]))[0] == 0.5
    assert all(math.isnan(bound) for values in ([0.5], [0.5, math.inf]) for bound in interval(np.array(values))[1:])


@given(st.lists(st.integers(-50, 50).filter(bool), min_size=2, max_size=9, unique_by=abs))
def test_wilcoxon_without_ties_equals_scipys(values):
    differences = np.array(values, dtype=float)
    assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_wilcoxon_with_ties_equals_values_by_hand():
    """Ranks 1.5, 1.5, 3, all positive: one of eight sign patterns, on either side."""
    assert wilcoxon(np.array([0.1, 0.1, 0.2])) == pytest.approx(2 / 8)
    assert wilcoxon(np.array([0.1, -0.1, 0.2])) == pytest.approx(2 * 3 / 8)  # sums 6, 4.5, 4.5 are as high
    assert wilcoxon(np.array([0.0, 0.1, 0.1, 0.2])) == pytest.approx(2 / 8)
    assert wilcoxon(np.array([0.3 - 0.2, -0.1, 0.2])) == wilcoxon(np.array([0.1, -0.1, 0.2]))  # 0.3 - 0.2 is not quite 0.1


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=7))
def test_p_values_do_not_depend_on_the_sign_of_all_differences(values):
    differences = np.array(values, dtype=float)
    for test in (wilcoxon, t_test):
        assert test(differences) == pytest.approx(test(-differences))
        assert 0 <= test(differences) <= 1


def test_p_values_of_equal_differences():
    assert (t_test(np.zeros(3)), wilcoxon(np.zeros(3))) == (1.0, 1.0)
    assert t_test(np.ones(3)) == 0.0
    assert all(math.isnan(test(np.ones(1))) for test in (t_test, wilcoxon))
    assert math.isnan(t_test(np.array([1.0, math.nan])))


def test_holm_equals_values_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    adjusted = holm([math.nan, 0.02])
    assert math.isnan(adjusted[0])
    assert adjusted[1] == 0.02


def test_sampled_means_have_students_t_distribution():
    """Any linear combination of the entries, in units of its standard error; seeds are shared by the entries."""
    values = np.random.default_rng(0).normal(size=(6, 2, 3))
    means = sampled_means(values, 20_000)
    assert means.shape == (20_000, 2, 3)
    weights = np.random.default_rng(1).normal(size=(2, 3))
    combined = (values * weights).sum(axis=(1, 2))
    drawn = ((means * weights).sum(axis=(1, 2)) - combined.mean()) / (combined.std(ddof=1) / np.sqrt(6))
    assert stats.kstest(drawn, stats.t(5).cdf).pvalue > 1e-3
    assert sampled_means(np.repeat(values[:, :1], 2, axis=1), 5)[:, 0] == pytest.approx(sampled_means(values[:, :1], 5)[:, 0])


def test_ratio_of_losses():
    losses = np.array([2.0, 4.0, 6.0])
    assert ratio_interval(losses + 10, (losses + 10) / 2, np.random.default_rng(0)) == pytest.approx((2.0, 2.0, 2.0))
    ratio, low, high = ratio_interval(losses, np.ones(3), np.random.default_rng(0), 100_000)
    assert (ratio, low, high) == pytest.approx(interval(losses), abs=0.15)
    assert np.isnan(ratio_interval(np.ones(3), losses - 3, np.random.default_rng(0))[1:]).all()


def test_ratio_interval_is_fiellers():
    """Of paired normal values: the ratios rho at which the t test of numerator - rho * denominator does not reject."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=8)
    numerator, denominator = 3 + common + rng.normal(size=8), 5 + 0.5 * common + 0.5 * rng.normal(size=8)
    grid = np.linspace(0.1, 1.2, 4000)
    inside = grid[[t_test(numerator - rho * denominator) >= 0.05 for rho in grid]]
    _, low, high = ratio_interval(numerator, denominator, rng, 200_000)
    assert (low, high) == pytest.approx((inside.min(), inside.max()), abs=0.01)


def test_gini_equals_its_definition():
    assert gini(np.ones(5)) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 1.0])) == pytest.approx(0.75)
    values = np.random.default_rng(0).random(9)
    assert gini(values) == pytest.approx(np.abs(values[:, None] - values).mean() / (2 * values.mean()))


@pytest.mark.parametrize("values", [np.zeros(3), np.array([1.0, -1.0]), np.array([])], ids=["zeros", "negative", "empty"])
def test_gini_refuses_values_without_an_inequality(values):
    with pytest.raises(DataError, match="Gini"):
        gini(values)

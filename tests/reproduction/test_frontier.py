"""Frontiers: cross-fitted best rates, and final accuracy at equal learning accuracy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.reproduction import Frontier
from neuronet.statistics import sampled_means

RATES = np.array([0.01, 0.1, 1.0, 10.0])


def make_frontier(seeds=40, noise=0.02, seed=0):
    """Return a frontier of four rates, with noise that final and learning accuracy of a seed share."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, noise, (seeds, 1))
    learning = np.array([0.6, 0.8, 0.95, 0.9]) + shared + rng.normal(0, noise, (seeds, 4))
    final = np.array([0.6, 0.75, 0.8, 0.5]) + 0.5 * shared + rng.normal(0, noise, (seeds, 4))
    return Frontier(RATES, learning, final)


def interpolated(learning, final, level):
    """Return final accuracy interpolated between the first two rates whose means enclose the level."""
    order = np.argsort(learning[:3])
    return np.interp(level, learning[:3][order], final[:3][order])


def test_records_become_columns_of_rates_in_ascending_order():
    rows = [(rate, seed, seed + rate, seed - rate) for rate in (1.0, 0.1) for seed in (2, 0, 1)]
    front = Frontier.from_records(pd.DataFrame(rows, columns=["learning_rate", "seed", "learning", "final"]))
    assert front.rates.tolist() == [0.1, 1.0]
    np.testing.assert_allclose(front.learning, [[0.1, 1.0], [1.1, 2.0], [2.1, 3.0]])
    np.testing.assert_allclose(front.final, [[-0.1, -1.0], [0.9, 0.0], [1.9, 1.0]])


@given(level=st.floats(0.65, 0.93), seed=st.integers(0, 20))
def test_mean_at_equal_learning_is_interpolated_between_the_means(level, seed):
    front = make_frontier(seed=seed)
    values = front.at_learning(level)
    expected = interpolated(front.learning.mean(axis=0), front.final.mean(axis=0), level)
    assert values.mean() == pytest.approx(expected, abs=1e-12)


def test_spread_at_equal_learning_is_that_of_plausible_means():
    front = make_frontier(seeds=200)
    both = sampled_means(np.concatenate([front.learning, front.final], axis=1), 4000)
    resampled = [interpolated(row[:4], row[4:], 0.85) for row in both]
    values = front.at_learning(0.85)
    assert values.std(ddof=1) / np.sqrt(len(values)) == pytest.approx(np.std(resampled), rel=0.08)


@pytest.mark.parametrize("level", [0.3, 0.99])
def test_level_outside_what_was_learned_has_no_value(level):
    assert make_frontier().at_learning(level) is None


def test_best_rate_is_chosen_by_the_other_half_of_the_seeds():
    final = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    best = Frontier(RATES[:3], final / 2, final).best()
    assert best.final.tolist() == [0.0, 0.0, 0.0, 0.0]  # what suits one half is bad for the other
    assert best.learning.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert sorted(best.rates) == [0.01, 0.1]
    assert best.at_edge


def test_best_rate_in_the_middle_is_not_at_the_edge():
    best = make_frontier().best()
    assert best.rates == (1.0,)
    assert not best.at_edge


def test_cross_fitting_has_no_bias_of_selection():
    rng = np.random.default_rng(0)
    means = [Frontier(RATES, noise, noise).best().final.mean() for noise in rng.normal(0.5, 0.1, (300, 10, 4))]
    assert np.mean(means) == pytest.approx(0.5, abs=0.006)  # the best of four in-sample means would be 0.53

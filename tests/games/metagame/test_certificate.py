"""Certificates of mixes cover: of 1,000 simulated games with known truth, at least 93% of bounds and conclusions are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from neuronet.core import ConfigurationError
from neuronet.games import certify_mix
from neuronet.games.metagame.empirical_game import MetaGame
from neuronet.games.metagame.symmetric_game import compositions
from neuronet.games.simulation.payoffs import KINDS
from tests.games.metagame.fixtures import meta_game_of


def simulated(true, noise, seeds, rng, skewed=False):
    """Return a measured game whose mean payoffs are known."""
    count = len(true)
    others = compositions(1, count)
    table = true[:, [int(np.flatnonzero(row)[0]) for row in others]]
    common = rng.gamma(4.0, 0.5, size=(seeds, count, 1)) - 2.0 if skewed else rng.normal(size=(seeds, count, 1))
    drawn = common + 0.5 * rng.normal(size=(seeds, *table.shape))
    paid = table + noise * drawn
    zeros = np.zeros(paid.shape)
    return MetaGame(tuple("abcd"[:count]), 2, 10, others * 9, dict.fromkeys(KINDS, paid), zeros, zeros, tuple(range(seeds)))


@pytest.mark.parametrize(
    ("seeds", "skewed", "least"),
    [(5, False, 0.93), (12, False, 0.93), (30, False, 0.93), (5, True, 0.91), (12, True, 0.93), (30, True, 0.93)],
)
def test_bounds_and_conclusions_are_right(seeds, skewed, least):
    """A thousand games with a given mix, whose true gains are known; five seeds of skewed noise are too few for t."""
    rng = np.random.default_rng(seeds)
    right = covered = decided = 0
    for _ in range(1000):
        true, mix = rng.normal(size=(3, 3)), rng.dirichlet(np.ones(3))
        found = certify_mix(simulated(true, 0.5, seeds, rng, skewed), mix)
        gains = true @ mix - mix @ true @ mix
        covered += bool((found.upper >= gains).all())
        tolerance = max(float(gains.max()) + rng.normal() * 0.3, 0.0)
        conclusion = found.conclusion(tolerance)
        truth = "certain" if gains.max() <= tolerance else "refuted"
        decided += conclusion != "undecided"
        right += conclusion in (truth, "undecided")
    print(f"{seeds} seeds, {'skewed' if skewed else 'normal'} noise: bounds {covered / 1000:.1%}, conclusions {right / 1000:.1%}")
    assert covered >= least * 1000
    assert right >= 0.93 * 1000
    assert decided > 100


def test_bounds_of_one_policy_equal_students_t():
    meta = meta_game_of([[-1, 2], [0, 1]], noise=0.3)
    found = certify_mix(meta, np.array([0.5, 0.5]))
    paid = meta.payoffs_by_seed["attention"]
    gain = (paid[:, 0].mean(axis=-1) - paid[:, 1].mean(axis=-1)) / 2
    half = t.ppf(1 - 0.05 / 2, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
    assert (found.lower[0], found.upper[0]) == pytest.approx((gain.mean() - half, gain.mean() + half))


def test_as_many_seeds_as_needed_decide():
    """With three times the number of seeds that is named, most games are decided; with a quarter of it few are."""
    rng = np.random.default_rng(1)
    true, mix = np.array([[0.0, 1.0], [0.6, 0.0]]), np.array([1.0, 0.0])
    needed = certify_mix(simulated(true, 1.0, 400, rng), mix).seeds_needed()
    assert needed is not None
    decided = [
        np.mean([certify_mix(simulated(true, 1.0, count, rng), mix).conclusion() == "refuted" for _ in range(60)])
        for count in (max(needed // 4, 2), 3 * needed)
    ]
    assert decided[0] < 0.5
    assert decided[1] > 0.8


def test_equal_policies_are_told_apart_as_rarely_as_the_confidence_says():
    rng, mix = np.random.default_rng(2), np.array([0.5, 0.5])
    found = [certify_mix(simulated(np.zeros((2, 2)), 1.0, 10, rng), mix).conclusion() for _ in range(1000)]
    assert 0.93 <= found.count("undecided") / 1000 <= 0.97


def test_wrong_arguments_are_refused():
    meta = meta_game_of([[-1, 2], [0, 1]], noise=0.3)
    with pytest.raises(ConfigurationError, match="mix"):
        certify_mix(meta, np.array([0.5, 0.6]))
    with pytest.raises(ConfigurationError, match="tolerance"):
        certify_mix(meta, np.array([0.5, 0.5])).conclusion(-1.0)

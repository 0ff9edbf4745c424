"""Play until a conclusion holds: errors over all looks, and where play stops, against the noncentral t distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct, t

from neuronet.core import ConfigurationError
from neuronet.games import certify_until, look_error, pure_equilibria_until, with_more_seeds
from neuronet.games.metagame.empirical_game import MetaGame
from neuronet.games.metagame.symmetric_game import compositions
from neuronet.games.simulation.payoffs import KINDS


def simulated(true, noise, rng):
    """Return a function that measures a game with known mean payoffs on given seeds, with independent normal noise."""
    others = compositions(1, len(true))
    table = true[:, [int(np.flatnonzero(row)[0]) for row in others]]

    def measure(seeds):
        paid = table + noise * rng.normal(size=(len(seeds), *table.shape))
        zeros = np.zeros(paid.shape)
        names = tuple("abcd"[: len(true)])
        return MetaGame(names, 2, 10, others * 9, dict.fromkeys(KINDS, paid), zeros, zeros, tuple(seeds))

    return measure


def test_conclusions_are_right_whenever_play_stops():
    """Of 200 simulated games with known truth at least 93% of the 95% conclusions are right; most of them are decided."""
    rng, right, decided = np.random.default_rng(0), 0, 0
    for _ in range(200):
        true, mix = rng.normal(size=(3, 3)), rng.dirichlet(np.ones(3))
        best = float((true @ mix - mix @ true @ mix).max())
        tolerance = max(best + rng.normal() * 0.3, 0.0)
        found = certify_until(simulated(true, 0.5, rng), mix, tolerance=tolerance, relative=False, first=4, most=64)
        right += found.conclusion in ("certain" if best <= tolerance else "refuted", "undecided")
        decided += found.conclusion != "undecided"
        assert len(found.measured.seeds) == found.looks[-1].seeds == 4 * 2 ** (len(found.looks) - 1) <= 64
    print(f"{right} of 200 right, {decided} decided")
    assert right >= 0.93 * 200
    assert decided > 100


def test_gain_of_the_tolerance_stays_undecided_as_often_as_the_confidence_says():
    """Where the gain equals the tolerance, every look may err in either direction; together they seldom do."""
    rng, mix = np.random.default_rng(1), np.array([1.0, 0.0])
    measure = simulated(np.array([[0.0, 0.0], [0.3, 0.0]]), 1.0, rng)
    found = [certify_until(measure, mix, tolerance=0.3, relative=False, first=5, most=40).conclusion for _ in range(400)]
    assert found.count("undecided") >= 0.95 * 400 - 12  # three standard deviations


@pytest.mark.parametrize("power", [0.3, 0.7])
def test_play_stops_where_the_theory_says(power):
    """At each look a game is decided with the power of a one-sided t test at that look's error."""
    first, spread = 8, np.sqrt(2.0)  # a gain is the difference of two payoffs with unit noise
    critical = t.isf(look_error(1) / 2, first - 1)
    gains = np.linspace(0.01, 4, 4000)
    gain = float(gains[np.searchsorted(nct.sf(critical, first - 1, gains * np.sqrt(first) / spread), power)])
    rng, mix = np.random.default_rng(2), np.array([1.0, 0.0])
    measure = simulated(np.array([[0.0, 0.0], [gain, 0.0]]), 1.0, rng)
    stopped = [len(certify_until(measure, mix, tolerance=0.0, relative=False, first=first, most=32).looks) for _ in range(400)]
    assert np.mean(np.array(stopped) == 1) == pytest.approx(power, abs=0.08)
    later = nct.sf(t.isf(look_error(2) / 2, 2 * first - 1), 2 * first - 1, gain * np.sqrt(2 * first) / spread)
    assert np.mean(np.array(stopped) <= 2) >= later - 0.06


def test_conclusions_about_all_policies_are_right_together():
    """All 95% conclusions of a game are right in at least 93% of 200 games; more than half of the policies are decided."""
    rng, right, decided = np.random.default_rng(6), 0, 0
    for _ in range(200):
        true = rng.normal(size=(3, 3))
        best = np.max(true - np.diag(true), axis=0)
        tolerance = float(np.median(np.maximum(best, 0)) + rng.normal() * 0.2)
        found = pure_equilibria_until(simulated(true, 0.5, rng), tolerance=max(tolerance, 0), relative=False, first=4, most=32)
        truth = ["certain" if gain <= max(tolerance, 0) else "refuted" for gain in best]
        right += all(one.conclusion in (expected, "undecided") for one, expected in zip(found, truth, strict=True))
        decided += sum(one.conclusion != "undecided" for one in found)
        last = max(len(one.looks) for one in found)
        assert {len(one.measured.seeds) for one in found} == {4 * 2 ** (last - 1)}
    print(f"{right} of 200 right, {decided} decided")
    assert right >= 0.93 * 200
    assert decided > 300


@pytest.mark.parametrize("power", [0.4, 0.8])
def test_play_about_all_policies_stops_where_the_theory_says(power):
    """One of two gains is decided at the first look; the other with the power of a t test whose error is halved for two gains."""
    first, spread = 8, np.sqrt(2.0)
    critical = t.isf(look_error(1) / 2, first - 1)
    gains = np.linspace(0.01, 4, 4000)
    gain = float(gains[np.searchsorted(nct.sf(critical, first - 1, gains * np.sqrt(first) / spread), power)])
    rng = np.random.default_rng(7)
    measure = simulated(np.array([[0.0, -50.0], [gain, 0.0]]), 1.0, rng)
    found = [pure_equilibria_until(measure, tolerance=0.0, relative=False, first=first, most=16) for _ in range(400)]
    assert {second.conclusion for _, second in found} == {"certain"}
    assert {len(second.looks) for _, second in found} == {1}
    stopped = np.array([len(one.looks) for one, _ in found])
    assert np.mean(stopped == 1) == pytest.approx(power, abs=0.08)
    assert all(one.looks[-1].seeds == len(one.measured.seeds) for one, _ in found)


def test_errors_of_all_looks_sum_to_that_of_the_conclusion():
    assert sum(look_error(number, 0.9) for number in range(1, 10_000)) == pytest.approx(0.1, abs=1e-4)


def test_tolerance_is_in_units_of_the_first_mean_payoff():
    rng, mix = np.random.default_rng(3), np.array([1.0, 0.0])
    found = certify_until(simulated(np.array([[-20.0, 0.0], [-19.5, 0.0]]), 1e-3, rng), mix, tolerance=0.05)
    assert found.unit == pytest.approx(20, abs=0.1)
    assert found.tolerance == pytest.approx(1, abs=0.01)
    assert (found.conclusion, len(found.looks)) == ("certain", 1)


def test_seeds_are_joined_in_order_and_never_twice():
    measure = simulated(np.eye(2), 1.0, np.random.default_rng(4))
    one, two = measure(range(3)), measure(range(3, 5))
    joined = with_more_seeds(one, two)
    assert joined.seeds == (0, 1, 2, 3, 4)
    assert (joined.payoffs_by_seed["share"][3:] == two.payoffs_by_seed["share"]).all()
    with pytest.raises(ConfigurationError, match="different seeds"):
        with_more_seeds(one, one)


@pytest.mark.parametrize("wrong", [{"first": 1}, {"first": 9, "most": 8}, {"confidence": 1.0}, {"tolerance": -0.1}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(reversed(wrong)))):
        certify_until(simulated(np.eye(2), 1.0, np.random.default_rng(5)), np.array([1.0, 0.0]), **wrong)

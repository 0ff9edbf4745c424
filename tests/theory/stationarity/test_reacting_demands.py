"""The check of reacting demands holds, and can fail."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.theory.stationarity import reacting_demands
from neuronet.theory.stationarity.reacting_demands import (
    checks,
    gain_of_whispering,
    predicted_gain,
    ratios,
    reacting_term,
)
from neuronet.theory.stationarity.second_order import ETA
from neuronet.theory.stationarity.stationary_points import noisy_teacher, stationary_points


def test_check_holds():
    row, _ = checks()
    assert row.passed
    assert len(ratios()) == 24


@pytest.mark.parametrize(
    "wrong",
    [
        lambda attention, activity: 2.0 * predicted_gain(attention, activity),
        lambda attention, activity: -predicted_gain(attention, activity),
        lambda attention, activity: ETA * attention.norm(dim=0) * activity.square().mean(dim=0),  # not squared
        lambda attention, activity: ETA * attention.square().sum(dim=0) * activity.var(dim=0),  # not the mean square
        lambda attention, activity: (1.0 + 1e-5) * predicted_gain(attention, activity),
    ],
)
def test_another_prediction_fails(wrong):
    row, _ = checks(wrong)
    assert not row.passed


def test_check_is_nan_without_points(monkeypatch):
    monkeypatch.setattr(reacting_demands, "stationary_points", lambda activation: ())
    row, _ = checks()
    assert np.isnan(row.measured)
    assert not row.passed


def test_whispering_gains_nothing_at_frozen_demands():
    point = stationary_points("relu")[0]
    assert abs(gain_of_whispering(point, 0, react=False)) < 1e-9 < gain_of_whispering(point, 0)


def test_prediction_does_not_hold_away_from_stationary_points():
    start = noisy_teacher("tanh", 0)
    predicted = predicted_gain(start.attention, start.activity(start.hidden))
    assert abs(gain_of_whispering(start, 0) / predicted[0] - 1.0) > 1e-3


def test_gain_equals_a_difference_of_utilities():
    point, fall = stationary_points("sigmoid")[0], 1e-5
    activity = point.activity(point.hidden)

    def utility(e: float) -> torch.Tensor:
        spoken = activity * torch.tensor([1.0 - e, 1.0], dtype=torch.float64)
        responses = point.demand(spoken).T @ spoken[:, 0] / len(spoken)
        return 0.5 * torch.sum((point.attention[:, 0] + ETA * responses) ** 2)

    difference = (utility(fall) - utility(-fall)) / (2 * fall)
    assert float(difference) == pytest.approx(float(gain_of_whispering(point, 0)), rel=1e-7)


def test_whole_slope_holds():
    assert [row.passed for row in checks()] == [True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *parts: 0.99 * reacting_term(*parts),
        lambda anticipated, attention, activity, probabilities: reacting_term(attention, attention, activity, probabilities),
        lambda anticipated, attention, activity, probabilities: reacting_term(anticipated, attention, activity, None),
        lambda anticipated, attention, activity, probabilities: 0 * activity,
    ],
    ids=["1% less", "without the response", "softmax as if linear", "fixed demands"],
)
def test_wrong_reacting_term_is_found(wrong):
    assert [row.passed for row in checks(term=wrong)] == [True, False]

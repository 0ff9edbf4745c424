from __future__ import annotations

import numpy as np
import pytest

from neuronet.policies import AttentionSeeking, Greedy
from neuronet.theory.comparison import largest_gap
from neuronet.theory.reference import descent
from neuronet.theory.stationarity import equilibrium


@pytest.mark.parametrize("policy", [AttentionSeeking(p=3.0), AttentionSeeking(p=1.0), Greedy()], ids=repr)
def test_demands_of_other_policies_do_not_descend_the_loss(policy, monkeypatch):
    monkeypatch.setattr(equilibrium, "ROUNDS", 5)  # training concerns the third check only
    first, order, _ = equilibrium.checks(policy)
    assert not first.passed
    assert not order.passed


def test_contrarian_does_not_descend_the_loss(contrarian, monkeypatch):
    monkeypatch.setattr(equilibrium, "ROUNDS", 5)
    first, order, _ = equilibrium.checks(contrarian)
    assert not first.passed
    assert not order.passed


def test_check_is_nan_before_convergence(monkeypatch):
    monkeypatch.setattr(equilibrium, "ROUNDS", 5)
    *_, rest = equilibrium.checks()
    assert np.isnan(rest.measured)
    assert not rest.passed


def test_slopes_that_remain_after_training_fail(monkeypatch):
    monkeypatch.setattr(equilibrium, "remaining_fractions", lambda policy: (1e-6, 1e-3))
    *_, rest = equilibrium.checks()
    assert not rest.passed


def test_demands_remain_at_rest():
    """Without demands the point of rest would be trivial."""
    start = equilibrium.teacher_case(equilibrium.MYOPIC)
    end = equilibrium.trained(start)
    demands = [np.abs(game.records("tensors")[0].demand).mean() for game in (start, end)]
    assert demands[1] > 0.05 * demands[0]


def test_whole_utility_is_the_first_order_gain_plus_a_term_in_eta():
    game = equilibrium.two_layer_case()
    record = game.records("tensors")[0]
    response = record.demand.T @ record.activity / len(record.activity)
    before = 0.5 * np.sum(record.attention**2, axis=0)
    whole = equilibrium.whole_utility(0.5)(record, record.activity) - before / 0.5
    first = equilibrium.first_order_gain(record, record.activity)
    np.testing.assert_allclose(whole, first + 0.25 * np.sum(response**2, axis=0), rtol=1e-12)


def test_slopes_have_the_shape_of_the_layers_own_synapses():
    game = equilibrium.two_layer_case()
    assert [slope.shape for slope in equilibrium.slopes(game, "agents")] == [(14, 11), (12, 15)]
    assert largest_gap(equilibrium.slopes(game, "tensors"), [-layer for layer in descent(game)[:-1]]) > 1

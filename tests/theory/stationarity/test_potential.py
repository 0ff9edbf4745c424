"""The checks of the potential hold, each can fail, and the slopes are those of the engines."""

from __future__ import annotations

import pytest
import torch

from neuronet.policies import AttentionSeeking
from neuronet.theory.comparison import largest_gap
from neuronet.theory.reference import descent
from neuronet.theory.stationarity.potential import (
    checks,
    hidden_synapses,
    marginal_worth,
    payoff_slopes,
    two_layer_case,
)
from neuronet.theory.test_case import ENGINES


def test_checks_hold():
    assert [row.claim for row in checks() if not row.passed] == []


@pytest.mark.parametrize(
    ("worth", "passed"),
    [
        (lambda weights, p: weights, [True, False]),  # the exponent is ignored
        (lambda weights, p: marginal_worth(weights, 3.0), [False, True]),
        (lambda weights, p: marginal_worth(weights, p) * (1.0 + 1e-6 * weights), [False, True]),
        (lambda weights, p: weights.sign() if p == 2.0 else weights, [False, False]),
    ],
)
def test_each_check_can_fail(worth, passed):
    assert [row.passed for row in checks(worth)] == passed


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("p", [1.5, 2.0, 3.0, 4.0])
def test_slopes_are_the_changes_of_a_round(p, engine):
    case = two_layer_case(0)
    slopes = [slope.numpy() for slope in payoff_slopes(case, p, hidden_synapses(case))]
    changes = case.with_policy(AttentionSeeking(p=p)).intents(engine)[:-1]
    assert largest_gap(slopes, changes) < 1e-10


def test_slopes_for_squared_attention_descend_the_loss():
    case = two_layer_case(1)
    slopes = [slope.numpy() for slope in payoff_slopes(case, 2.0, hidden_synapses(case))]
    assert largest_gap(slopes, descent(case)[:-1]) < 1e-12


def test_marginal_worth_is_the_derivative_of_the_measure():
    weights = torch.tensor([-2.0, -0.5, 0.5, 3.0], dtype=torch.float64)
    for p in (1.5, 2.0, 3.0):
        slope = torch.func.grad(lambda values, p=p: (values.abs() ** p / p).sum())(weights)
        torch.testing.assert_close(marginal_worth(weights, p), slope)

"""Diminishing returns: the marginal utility of attention, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import DiminishingReturns, Greedy
from neuronet.testing import Scene, glimpse
from tests.helpers.engine_fixtures import ENGINES, game, play


def incomes(seen):
    listeners, neurons = seen.attention.shape
    return np.array([sum(seen.attention[k, j] ** 2 / 2 for k in range(listeners)) for j in range(neurons)])


@pytest.mark.parametrize("alpha", [0, 0.5, 1, 2.5])
def test_plasticity_is_the_marginal_utility_relative_to_that_at_the_start(alpha):
    """The derivative of `(U0 + U)^(1 - alpha) / (1 - alpha)`, or of the logarithm, by finite differences."""
    seen, used_to = glimpse(), np.array([0.5, 1.0, 2.0, 40.0])
    response = np.random.default_rng(1).standard_normal((4, 7))

    def utility(income):
        wealth = used_to + income
        return np.log(wealth) if alpha == 1 else wealth ** (1 - alpha) / (1 - alpha)

    def marginal(income):
        return (utility(income * (1 + 1e-6)) - utility(income * (1 - 1e-6))) / (2e-6 * income)

    expected = marginal(incomes(seen)) / marginal(used_to)
    changed = DiminishingReturns(alpha=alpha).adapt(response, seen, {"used_to": used_to})
    np.testing.assert_allclose(changed / response, np.repeat(expected[:, None], 7, axis=1), rtol=1e-6)
    assert alpha == 0 or expected.min() < 1 < expected.max()


def test_the_poorest_are_at_most_so_eager_and_the_richest_have_enough():
    seen, response = glimpse(), np.ones((4, 7))
    seen.attention = np.array([[0.0, 1.0, 1e3, 1e6]] * 3)
    plasticity = DiminishingReturns(alpha=2).adapt(response, seen, {"used_to": np.full(4, 1.5)})[:, 0]
    np.testing.assert_allclose(plasticity, [4.0, 1.0, (2e-6) ** 2, (2e-12) ** 2], rtol=1e-5)


def test_in_its_first_round_a_neuron_follows_the_policy_it_holds():
    seen, response = glimpse(), np.random.default_rng(1).standard_normal((4, 7))
    np.testing.assert_array_equal(DiminishingReturns().adapt(response, seen, {"used_to": np.zeros(4)}), response)


@pytest.mark.parametrize("habit", [0.0, 0.25])
def test_it_is_used_to_its_first_income_and_to_what_habit_makes_of_it(habit):
    policy, memory, expected = DiminishingReturns(habit=habit), {"used_to": np.zeros(4)}, None
    for number in range(4):
        seen = glimpse(number=number)
        memory = policy.remember(None, None, seen, memory)
        expected = incomes(seen) if expected is None else expected + habit * (incomes(seen) - expected)
        np.testing.assert_allclose(memory["used_to"], expected)


def test_whoever_is_not_paid_waits_for_a_first_income():
    policy, memory = DiminishingReturns(), {"used_to": np.zeros(4)}
    nothing = glimpse(Scene(silent=("attention",)))
    memory = policy.remember(None, None, nothing, memory)
    np.testing.assert_array_equal(memory["used_to"], np.zeros(4))
    np.testing.assert_array_equal(policy.adapt(np.ones((4, 7)), nothing, memory), np.ones((4, 7)))
    memory = policy.remember(None, None, glimpse(), memory)
    np.testing.assert_allclose(memory["used_to"], incomes(glimpse()))


@pytest.mark.parametrize("engine", ENGINES)
def test_output_neurons_follow_the_policy_they_hold(engine):
    """They have no listeners, and no income: they never get used to any."""
    held, wrapped = (play(ENGINES[engine](game(policy)), 1) for policy in (Greedy(), DiminishingReturns(Greedy())))
    np.testing.assert_allclose(held.state().arrays["3.weights"], wrapped.state().arrays["3.weights"], rtol=1e-12)
    later = play(wrapped, 5).state()
    assert not next(array for name, array in later.arrays.items() if name.startswith("3.") and name.endswith("used_to")).any()


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": Greedy}, "diminishing-returns wraps a policy, got <class"),
        ({"alpha": -1}, "alpha must be a finite number of 0 or more, got -1"),
        ({"habit": 1}, "habit must be a number from 0 to below 1, got 1"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        DiminishingReturns(**parameters)

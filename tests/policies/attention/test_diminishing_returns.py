"""Diminishing returns: the marginal utility of attention, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import DiminishingReturns, Greedy
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.engine_fixtures import ENGINES, game, play


def incomes(obs):
    listeners, neurons = obs.attention.shape
    return np.array([sum(obs.attention[k, j] ** 2 / 2 for k in range(listeners)) for j in range(neurons)])


@pytest.mark.parametrize("alpha", [0, 0.5, 1, 2.5])
def test_plasticity_is_the_marginal_utility_relative_to_that_at_the_start(alpha):
    """The derivative of `(U0 + U)^(1 - alpha) / (1 - alpha)`, or of the logarithm, by finite differences."""
    obs, reference_income = example_observation(), np.array([0.5, 1.0, 2.0, 40.0])
    response = np.random.default_rng(1).standard_normal((4, 7))

    def utility(income):
        wealth = reference_income + income
        return np.log(wealth) if alpha == 1 else wealth ** (1 - alpha) / (1 - alpha)

    def marginal(income):
        return (utility(income * (1 + 1e-6)) - utility(income * (1 - 1e-6))) / (2e-6 * income)

    expected = marginal(incomes(obs)) / marginal(reference_income)
    changed = DiminishingReturns(alpha=alpha).adapt(response, obs, {"reference_income": reference_income})
    np.testing.assert_allclose(changed / response, np.repeat(expected[:, None], 7, axis=1), rtol=1e-6)
    assert alpha == 0 or expected.min() < 1 < expected.max()


def test_plasticity_is_bounded_for_low_and_small_for_high_incomes():
    obs, response = example_observation(), np.ones((4, 7))
    obs.attention = np.array([[0.0, 1.0, 1e3, 1e6]] * 3)
    plasticity = DiminishingReturns(alpha=2).adapt(response, obs, {"reference_income": np.full(4, 1.5)})[:, 0]
    np.testing.assert_allclose(plasticity, [4.0, 1.0, (2e-6) ** 2, (2e-12) ** 2], rtol=1e-5)


def test_first_round_equals_the_wrapped_policy():
    obs, response = example_observation(), np.random.default_rng(1).standard_normal((4, 7))
    np.testing.assert_array_equal(DiminishingReturns().adapt(response, obs, {"reference_income": np.zeros(4)}), response)


@pytest.mark.parametrize("adaptation_rate", [0.0, 0.25])
def test_reference_income_starts_at_the_first_income_and_adapts(adaptation_rate):
    policy, memory, expected = DiminishingReturns(adaptation_rate=adaptation_rate), {"reference_income": np.zeros(4)}, None
    for number in range(4):
        obs = example_observation(number=number)
        memory = policy.remember(None, None, obs, memory)
        expected = incomes(obs) if expected is None else expected + adaptation_rate * (incomes(obs) - expected)
        np.testing.assert_allclose(memory["reference_income"], expected)


def test_reference_income_waits_for_first_income():
    policy, memory = DiminishingReturns(), {"reference_income": np.zeros(4)}
    nothing = example_observation(SyntheticLayer(zero_fields=("attention",)))
    memory = policy.remember(None, None, nothing, memory)
    np.testing.assert_array_equal(memory["reference_income"], np.zeros(4))
    np.testing.assert_array_equal(policy.adapt(np.ones((4, 7)), nothing, memory), np.ones((4, 7)))
    memory = policy.remember(None, None, example_observation(), memory)
    np.testing.assert_allclose(memory["reference_income"], incomes(example_observation()))


@pytest.mark.parametrize("engine", ENGINES)
def test_output_neurons_follow_the_wrapped_policy(engine):
    """They have no listeners, and no income: they never get used to any."""
    held, wrapped = (play(ENGINES[engine](game(policy)), 1) for policy in (Greedy(), DiminishingReturns(Greedy())))
    np.testing.assert_allclose(held.state().to_arrays()["3.weights"], wrapped.state().to_arrays()["3.weights"], rtol=1e-12)
    later = play(wrapped, 5).state()
    (income,) = (array for name, array in later.layer(3).memories[0].items() if name.endswith("reference_income"))
    assert not income.any()


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": Greedy}, "wraps a policy, got the class"),
        ({"alpha": -1}, "alpha must be a finite number of 0 or more, got -1"),
        ({"adaptation_rate": 1}, "adaptation_rate must be a number from 0 to below 1, got 1"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        DiminishingReturns(**parameters)

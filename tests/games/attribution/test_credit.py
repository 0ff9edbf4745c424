from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from scipy import stats

from neuronet.core.errors import ConfigurationError
from neuronet.environments import Table, Xor
from neuronet.games.attribution.credit import Credit, attribute_credit, correlation_interval, credit_study
from neuronet.games.attribution.shapley import Coalitions, exact_shapley, sampled_shapley
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.plotting.games.credit import credit_figure
from neuronet.registry import build_network

RNG = np.random.default_rng(0)
ENVIRONMENT = Table(RNG.normal(size=(150, 4)), RNG.integers(0, 3, 150), payoff="cross-entropy", name="three-classes")


def reference_coalition_value(network, speaking):
    """Return minus the mean loss with the other neurons of the first hidden layer at their mean, by numpy alone."""
    test = ENVIRONMENT.test.scaled()
    activity = np.maximum(test.inputs @ network.weights[0].T + network.biases[0], 0)
    activity = np.where(speaking, activity, activity.mean(axis=0))
    for layer in range(1, len(network.weights) - 1):
        activity = np.maximum(activity @ network.weights[layer].T + network.biases[layer], 0)
    outputs = activity @ network.weights[-1].T + network.biases[-1]
    probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    return np.log(probabilities[np.arange(len(test)), test.targets]).mean()


def test_shapley_values_of_twelve_neurons_equal_all_coalitions():
    network = build_network((4, 12, 3), seed=1)
    credit = attribute_credit(network, ENVIRONMENT)
    members = (np.arange(1 << 12)[:, None] >> np.arange(12) & 1).astype(bool)
    coalition_value = {tuple(coalition): reference_coalition_value(network, coalition) for coalition in members}
    for neuron in (0, 7, 11):
        expected = 0.0
        for coalition in members[~members[:, neuron]]:
            size, joined = int(coalition.sum()), coalition.copy()
            joined[neuron] = True
            weight = factorial(size) * factorial(11 - size) / factorial(12)
            expected += weight * (coalition_value[tuple(joined)] - coalition_value[tuple(coalition)])
        assert credit.shapley[neuron] == pytest.approx(expected, abs=1e-12)
    assert credit.exact
    assert credit.shapley.sum() == pytest.approx(coalition_value[(True,) * 12] - coalition_value[(False,) * 12], abs=1e-12)


def test_shapley_values_of_five_neurons_equal_all_orders():
    network = build_network((4, 5, 6, 3), seed=2)
    credit, expected = attribute_credit(network, ENVIRONMENT), np.zeros(5)
    for order in permutations(range(5)):
        speaking = np.zeros(5, dtype=bool)
        before = reference_coalition_value(network, speaking)
        for neuron in order:
            speaking[neuron] = True
            after = reference_coalition_value(network, speaking)
            expected[neuron] += (after - before) / factorial(5)
            before = after
    assert credit.shapley == pytest.approx(expected, abs=1e-12)
    without = [reference_coalition_value(network, np.arange(5) != neuron) for neuron in range(5)]
    assert credit.leave_one_out == pytest.approx(
        reference_coalition_value(network, np.ones(5, dtype=bool)) - np.array(without), abs=1e-12
    )


def test_sampled_shapley_values_are_near_the_exact_ones_and_keep_their_sum():
    coalitions = Coalitions(build_network((4, 6, 3), seed=3), ENVIRONMENT, 1)
    exact, sampled = exact_shapley(coalitions), sampled_shapley(coalitions, 64, seed=5)
    assert sampled.sum(axis=1) == pytest.approx(exact.sum(axis=1), abs=1e-12)
    gaps = sampled - exact
    error = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
    assert (np.abs(gaps.mean(axis=0)) < 4 * error + 1e-12).all()
    rough = np.abs(sampled_shapley(coalitions, 4, seed=5) - exact).mean()
    assert np.abs(gaps).mean() < 0.5 * rough


def test_disconnected_neuron_has_no_credit_and_equal_neurons_have_equal_credit():
    network = build_network((4, 6, 3), seed=4)
    network.weights[1][:, 2] = 0
    for array in (network.weights[0], network.biases[0]):
        array[5] = array[4]
    network.weights[1][:, 5] = network.weights[1][:, 4]
    credit = attribute_credit(network, ENVIRONMENT)
    assert credit.shapley[2] == credit.leave_one_out[2] == 0
    assert credit.shapley[4] == pytest.approx(credit.shapley[5], abs=1e-12)
    assert credit.attention[2] == credit.scaled[2] == 0


def test_free_riders_have_attention_without_significant_credit():
    ones = np.ones(4)
    credit = Credit(
        shapley=np.array([1.0, 0.1, 0.1, -1.0]),
        low=np.array([0.5, -0.1, -0.1, -2.0]),
        high=np.array([1.5, 0.3, 0.3, -0.5]),
        leave_one_out=ones,
        attention=np.array([4.0, 3.0, 0.5, 4.5]),
        scaled=ones,
        exact=True,
    )
    assert credit.free_riding.tolist() == [False, True, False, False]
    assert credit.correlation("attention") == pytest.approx(stats.spearmanr(credit.shapley, credit.attention).statistic)
    assert np.isnan(credit.correlation("scaled"))


def test_correlation_interval_stays_within_one():
    mean, low, high = correlation_interval(np.array([0.99, 0.9, 0.95]))
    assert -1 < low < 0.9 < mean < high < 1
    z = np.arctanh([0.99, 0.9, 0.95])
    assert np.arctanh(low) == pytest.approx(stats.t.interval(0.95, 2, z.mean(), stats.sem(z))[0])


def test_credit_study_has_one_row_per_seed_and_neuron():
    game_setup = GameSetup(Xor(), hidden=(5,), rounds=30)
    study = credit_study(game_setup, "attention:0.6,free-rider:0.4", [3, 4])
    table, summary = study.table(), study.summary()
    assert table.groupby(["seed", "policy"]).size().to_dict() == {
        (3, "attention"): 3,
        (3, "free-rider"): 2,
        (4, "attention"): 3,
        (4, "free-rider"): 2,
    }
    assert table.groupby("seed")["attention_share"].sum().to_numpy() == pytest.approx([1, 1])
    assert summary["mean"].between(-1, 1).all()
    figure = credit_figure(study)
    assert "rank correlation" in figure.axes[0].get_title(loc="left")


def test_invalid_settings_are_refused():
    network = build_network((4, 5, 3))
    with pytest.raises(ConfigurationError, match="layer must be"):
        attribute_credit(network, ENVIRONMENT, layer=2)
    with pytest.raises(ConfigurationError, match="even number, got 3"):
        attribute_credit(network, ENVIRONMENT, permutations=3)
    with pytest.raises(ConfigurationError, match="seeds"):
        credit_study(GameSetup(Xor(), hidden=(5,)), "attention", [])

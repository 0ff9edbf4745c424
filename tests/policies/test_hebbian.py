"""Hebbian: Oja's rule, and what it leads to."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Hebbian
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.engine_fixtures import ENGINES, game, play


def oja_by_hand(rate, obs):
    samples, neurons = obs.activity.shape
    change = np.zeros_like(obs.synapses)
    for j in range(neurons):
        for i in range(obs.speaker_activity.shape[1]):
            for x in range(samples):
                said = obs.activity[x, j]
                change[j, i] += rate * said * (obs.speaker_activity[x, i] - said * obs.synapses[j, i]) / samples
    return change


@pytest.mark.parametrize("rate", [0.01, 1.0, 3])
def test_change_equals_ojas_rule(rate):
    obs = example_observation()
    response = np.full(obs.synapses.shape, 7.0)  # not heard
    np.testing.assert_allclose(Hebbian(rate).adapt(response, obs, {}), oja_by_hand(rate, obs), rtol=1e-12, atol=1e-15)


def test_hidden_neurons_ignore_demands():
    obs = example_observation()
    assert not Hebbian().feedback(obs, {}).any()
    assert Hebbian().feedback(obs, {}).shape == obs.activity.shape
    assert Hebbian().needs == {"synapses"}


def test_output_neurons_follow_their_payoff():
    obs = example_observation(SyntheticLayer(lengths={"K": 0}))
    response = np.arange(obs.synapses.size, dtype=float).reshape(obs.synapses.shape)
    np.testing.assert_array_equal(Hebbian().adapt(response, obs, {}), response)


def test_a_linear_neuron_finds_the_first_principal_component():
    rng = np.random.default_rng(0)
    heard = rng.standard_normal((400, 5)) @ np.diag([1.0, 2.0, 0.5, 0.3, 1.2]) @ np.linalg.qr(rng.standard_normal((5, 5)))[0]
    _, directions = np.linalg.eigh(heard.T @ heard)
    obs = example_observation(SyntheticLayer(lengths={"J": 2, "I": 5, "B": 400}))
    obs.speaker_activity, obs.synapses = heard, rng.standard_normal((2, 6))
    obs.synapses[:, -1] = 0.0
    for _ in range(2000):
        obs.activity = heard @ obs.synapses[:, :-1].T
        obs.synapses = obs.synapses + 0.05 * Hebbian(rate=1.0).adapt(np.zeros((2, 6)), obs, {})
    np.testing.assert_allclose(np.abs(obs.synapses[:, :-1] @ directions[:, -1]), 1.0, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(obs.synapses[:, :-1], axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_demands_to_speakers_are_zero_and_outputs_learn(engine):
    policies = [AttentionSeeking(), Hebbian(), Hebbian()]
    model = ENGINES[engine](game(policies))
    before = model.network().weights
    play(model, 3)
    after = model.network().weights
    model.close()
    np.testing.assert_array_equal(after[0], before[0])
    assert np.all(after[1] != before[1])
    assert np.all(after[2] != before[2])


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "1", None])
def test_bad_rates_are_refused(rate):
    with pytest.raises(NeuroNetError, match="rate must be a finite number above 0, got "):
        Hebbian(rate)

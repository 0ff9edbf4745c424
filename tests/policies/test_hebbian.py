"""Hebbian: Oja's rule, and what it leads to."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Hebbian
from neuronet.testing import Scene, glimpse
from tests.helpers.engine_fixtures import ENGINES, game, play


def oja_by_hand(rate, seen):
    samples, neurons = seen.activity.shape
    change = np.zeros_like(seen.synapses)
    for j in range(neurons):
        for i in range(seen.heard.shape[1]):
            for x in range(samples):
                said = seen.activity[x, j]
                change[j, i] += rate * said * (seen.heard[x, i] - said * seen.synapses[j, i]) / samples
    return change


@pytest.mark.parametrize("rate", [0.01, 1.0, 3])
def test_the_change_is_ojas(rate):
    seen = glimpse()
    response = np.full(seen.synapses.shape, 7.0)  # not heard
    np.testing.assert_allclose(Hebbian(rate).adapt(response, seen, {}), oja_by_hand(rate, seen), rtol=1e-12, atol=1e-15)


def test_it_wants_nothing_and_hears_nothing():
    seen = glimpse()
    assert not Hebbian().feedback(seen, {}).any()
    assert Hebbian().feedback(seen, {}).shape == seen.activity.shape
    assert Hebbian().needs == {"synapses"}


def test_who_has_no_listener_follows_its_payoff():
    seen = glimpse(Scene(lengths={"K": 0}))
    response = np.arange(seen.synapses.size, dtype=float).reshape(seen.synapses.shape)
    np.testing.assert_array_equal(Hebbian().adapt(response, seen, {}), response)


def test_a_linear_neuron_finds_the_first_principal_component():
    chance = np.random.default_rng(0)
    heard = (
        chance.standard_normal((400, 5)) @ np.diag([1.0, 2.0, 0.5, 0.3, 1.2]) @ np.linalg.qr(chance.standard_normal((5, 5)))[0]
    )
    _, directions = np.linalg.eigh(heard.T @ heard)
    seen = glimpse(Scene(lengths={"J": 2, "I": 5, "B": 400}))
    seen.heard, seen.synapses = heard, chance.standard_normal((2, 6))
    seen.synapses[:, -1] = 0.0
    for _ in range(2000):
        seen.activity = heard @ seen.synapses[:, :-1].T
        seen.synapses = seen.synapses + 0.05 * Hebbian(rate=1.0).adapt(np.zeros((2, 6)), seen, {})
    np.testing.assert_allclose(np.abs(seen.synapses[:, :-1] @ directions[:, -1]), 1.0, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(seen.synapses[:, :-1], axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_its_speakers_are_asked_for_nothing_and_outputs_still_learn(engine):
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

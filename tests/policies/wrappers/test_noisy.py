"""Noisy: the right amount of noise, known from the seed."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Greedy, Noisy
from tests.helpers.stochastic_policies import NEURONS, REFERENCE_FEEDBACK, SAMPLES, look, rms

FIVE_SIGMA = 5 / np.sqrt(2 * SAMPLES)  # of a root mean square, in units of itself


@pytest.mark.parametrize("policy", [AttentionSeeking(), AttentionSeeking(p=1), Greedy()])
def test_zero_sigma_equals_the_wrapped_policy(policy):
    np.testing.assert_array_equal(Noisy(policy, sigma=0).feedback(look(), {}), policy.feedback(look(), {}))


@pytest.mark.parametrize("sigma", [0.1, 1.0, 3])
def test_noise_is_relative_to_each_neurons_feedback(sigma):
    noise = Noisy(sigma=sigma).feedback(look(), {}) - REFERENCE_FEEDBACK
    np.testing.assert_allclose(rms(noise), sigma * rms(REFERENCE_FEEDBACK), rtol=FIVE_SIGMA)
    assert np.all(np.abs(noise.mean(axis=0)) < 5 * sigma * rms(REFERENCE_FEEDBACK) / np.sqrt(SAMPLES))
    correlations = np.corrcoef(noise, REFERENCE_FEEDBACK, rowvar=False)[:NEURONS, NEURONS:]
    assert np.abs(correlations).max() < 5 / np.sqrt(SAMPLES)


@pytest.mark.parametrize("policy", [Noisy(), Noisy(Noisy())])
def test_noise_depends_on_its_key_only(policy):
    first = policy.feedback(look(), {})
    np.testing.assert_array_equal(policy.feedback(look(), {}), first)
    for other in (look(seed=1), look(number=1), look(layer=2)):
        assert np.all(np.any(policy.feedback(other, {}) != first, axis=0))


def test_nested_noisy_policies_draw_independent_noise():
    once = Noisy().feedback(look(), {})
    inner = once - REFERENCE_FEEDBACK
    outer = Noisy(Noisy()).feedback(look(), {})
    # The wrapped policy draws under another name than the wrapper: the variances add up, they are not those of one number twice.
    np.testing.assert_allclose(
        rms(outer - REFERENCE_FEEDBACK), rms(REFERENCE_FEEDBACK) * np.sqrt(0.25 + 0.25 * 1.25), rtol=2 * FIVE_SIGMA
    )
    assert np.abs(np.corrcoef(outer - REFERENCE_FEEDBACK, inner, rowvar=False)[:NEURONS, NEURONS:]).max() < 0.9


def test_needs_and_memory_are_those_of_the_wrapped_policy():
    assert Noisy(AttentionSeeking(foresight=1)).needs == {"response"}
    assert Noisy(Greedy()).needs == frozenset()
    assert Noisy().memory_axes == {}


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": AttentionSeeking}, "wraps a policy, got the class"),
        ({"policy": "attention"}, "wraps a policy, got 'attention'"),
        ({"policy": None}, "wraps a policy, got None"),
        ({"sigma": -0.1}, "sigma must be a finite number of 0 or more, got -0.1"),
        ({"sigma": float("nan")}, "sigma must be a finite number of 0 or more, got nan"),
        ({"sigma": float("inf")}, "sigma must be a finite number of 0 or more, got inf"),
        ({"sigma": "0.1"}, "sigma must be a finite number of 0 or more, got '0.1'"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        Noisy(**parameters)

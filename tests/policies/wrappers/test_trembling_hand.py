"""Trembling hand: slips as often and as large as they should be, known from the seed."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Greedy, TremblingHand
from tests.helpers.stochastic_policies import NEURONS, REFERENCE_FEEDBACK, SAMPLES, look, rms


@pytest.mark.parametrize("policy", [AttentionSeeking(), AttentionSeeking(p=1), Greedy()])
def test_zero_tremble_equals_the_wrapped_policy(policy):
    np.testing.assert_array_equal(TremblingHand(policy, tremble=0).feedback(look(), {}), policy.feedback(look(), {}))


@pytest.mark.parametrize("tremble", [0.01, 0.1, 0.5])
def test_trembles_occur_at_the_given_rate(tremble):
    slipped = TremblingHand(tremble=tremble).feedback(look(), {}) != REFERENCE_FEEDBACK
    spread = np.sqrt(tremble * (1 - tremble) / SAMPLES)
    np.testing.assert_allclose(slipped.mean(axis=0), tremble, atol=5 * spread)
    together = np.corrcoef(slipped, rowvar=False) - np.eye(NEURONS)
    assert np.abs(together).max() < 5 / np.sqrt(SAMPLES)  # each by itself


def test_tremble_has_the_size_of_the_feedback_and_is_uncorrelated():
    answer = TremblingHand(tremble=1).feedback(look(), {})
    np.testing.assert_allclose(rms(answer), rms(REFERENCE_FEEDBACK), rtol=5 / np.sqrt(2 * SAMPLES))
    correlations = np.corrcoef(answer, REFERENCE_FEEDBACK, rowvar=False)[:NEURONS, NEURONS:]
    assert np.abs(correlations).max() < 5 / np.sqrt(SAMPLES)


def test_trembles_depend_on_their_key_only():
    policy = TremblingHand(tremble=0.5)
    first = policy.feedback(look(), {})
    np.testing.assert_array_equal(policy.feedback(look(), {}), first)
    for other in (look(seed=1), look(number=1), look(layer=2)):
        assert np.all(np.any(policy.feedback(other, {}) != first, axis=0))


def test_nested_trembling_hands_are_independent():
    twice = TremblingHand(TremblingHand(tremble=0.5), tremble=0.5).feedback(look(), {})
    np.testing.assert_allclose((twice != REFERENCE_FEEDBACK).mean(), 0.75, atol=5 * np.sqrt(0.75 * 0.25 / SAMPLES / NEURONS))


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": AttentionSeeking}, "wraps a policy, got the class"),
        ({"policy": None}, "wraps a policy, got None"),
        ({"tremble": -0.1}, "tremble must be a number from 0 to 1, got -0.1"),
        ({"tremble": 1.5}, "tremble must be a number from 0 to 1, got 1.5"),
        ({"tremble": float("nan")}, "tremble must be a number from 0 to 1, got nan"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        TremblingHand(**parameters)

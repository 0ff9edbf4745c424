"""Attention-seeking against its closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.errors import NeuroNetError
from neuronet.policies import AttentionSeeking
from neuronet.testing import Scene, glimpse

SCENES = st.builds(
    lambda seed, samples, neurons, listeners, sparse: Scene(
        (seed,), lengths={"B": samples, "J": neurons, "K": listeners}, sparse=sparse
    ),
    st.integers(0, 2**20),
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
)


def slope_by_hand(p, attention):
    if attention == 0.0:
        return 0.0
    return abs(attention) ** (p - 1) * (1.0 if attention > 0 else -1.0)


def feedback_by_hand(p, foresight, seen):
    """Equation (1) for every sample and neuron, listener by listener."""
    samples, neurons = seen.activity.shape
    listeners = seen.attention.shape[0]
    feedback = np.zeros((samples, neurons))
    for x in range(samples):
        for j in range(neurons):
            for k in range(listeners):
                response = sum(seen.demand[y, k] * seen.activity[y, j] for y in range(samples)) / samples
                reckoned = response if seen.attention[k, j] else 0.0  # who does not listen does not respond
                expected = seen.attention[k, j] + foresight * seen.learning_rate * reckoned
                feedback[x, j] += slope_by_hand(p, expected) * seen.demand[x, k]
    return feedback


@given(SCENES, st.sampled_from([1, 1.5, 2, 2.0, 3, 7.5]), st.sampled_from([0, 0.3, 1]))
def test_feedback_is_equation_1(scene, p, foresight):
    seen = glimpse(scene)
    expected = feedback_by_hand(p, foresight, seen)
    np.testing.assert_allclose(AttentionSeeking(p, foresight).feedback(seen, {}), expected, rtol=1e-10, atol=1e-12)


@given(SCENES, st.sampled_from([1.5, 2.0, 3.0]))
def test_feedback_with_foresight_is_the_gradient_of_the_attention_to_come(scene, p):
    """By finite differences: move one thing a neuron says, and see what attention it holds after the response."""
    seen = glimpse(scene)
    listens = seen.attention != 0
    batch = seen.activity.shape[0]

    def to_come(activity):
        after = seen.attention + seen.learning_rate * (seen.demand.T @ activity / batch) * listens
        return np.sum(np.abs(after) ** p / p, axis=0)

    gradient = np.zeros_like(seen.activity)
    step = 1e-6
    for x in range(batch):
        move = np.zeros_like(seen.activity)
        move[x] = step
        gradient[x] = (to_come(seen.activity + move) - to_come(seen.activity - move)) / (2 * step)
    feedback = AttentionSeeking(p, foresight=1).feedback(seen, {})
    np.testing.assert_allclose(gradient, seen.learning_rate / batch * feedback, rtol=1e-4, atol=1e-8)


def test_p_1_counts_signs():
    seen = glimpse()
    np.testing.assert_array_equal(AttentionSeeking(p=1).weighing(seen, {}), np.sign(seen.attention))


@pytest.mark.parametrize("p", [2, 2.0])
def test_p_2_is_the_attention_itself_and_no_copy_is_made(p):
    seen = glimpse()
    assert AttentionSeeking(p).weighing(seen, {}) is seen.attention


def test_only_foresight_looks_at_the_response():
    assert AttentionSeeking(p=3).needs == frozenset()
    assert AttentionSeeking(foresight=0.1).needs == {"response"}


@pytest.mark.parametrize("p", [0.5, 0, -2, float("inf"), float("nan"), "2", None, 1j])
def test_bad_exponents_are_refused(p):
    with pytest.raises(NeuroNetError, match="measure exponent p must be a finite number of 1 or more, got "):
        AttentionSeeking(p=p)


@pytest.mark.parametrize("foresight", [-0.1, 1.1, float("nan"), float("inf"), "1", None])
def test_bad_foresight_is_refused(foresight):
    with pytest.raises(NeuroNetError, match="foresight must be a number from 0 to 1, got "):
        AttentionSeeking(foresight=foresight)

"""Greedy against its closed form."""

from __future__ import annotations

from dataclasses import replace

import array_api_compat.numpy as xp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation
from neuronet.policies import AttentionSeeking, Greedy
from neuronet.testing import example_observation
from tests.helpers.backends import BACKENDS, array, plain
from tests.helpers.engine_fixtures import ENGINES, game, max_difference, play

# few values, so that there are many ties
ATTENTION = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.sampled_from([-2, -1, -0.5, 0, 1, 2])
)


def weighing_by_hand(top, attention):
    feedback_weights = np.zeros_like(attention)
    listeners, neurons = attention.shape
    for j in range(neurons):
        paid = sorted((abs(attention[k, j]) for k in range(listeners)), reverse=True)
        least = paid[min(top, listeners) - 1]
        for k in range(listeners):
            if abs(attention[k, j]) >= least:
                feedback_weights[k, j] = attention[k, j]
    return feedback_weights


@given(ATTENTION, st.integers(1, 8))
def test_feedback_follows_the_strongest_listeners(attention, top):
    obs = Observation(xp=xp, attention=attention)
    np.testing.assert_array_equal(Greedy(top).feedback_weights(obs, {}), weighing_by_hand(top, attention))


def test_listeners_tied_with_the_last_one_are_included():
    obs = Observation(xp=xp, attention=np.array([[0.5], [-2.0], [2.0], [1.0]]))
    np.testing.assert_array_equal(Greedy(1).feedback_weights(obs, {}), [[0.0], [-2.0], [2.0], [0.0]])
    np.testing.assert_array_equal(Greedy(2).feedback_weights(obs, {}), [[0.0], [-2.0], [2.0], [0.0]])
    np.testing.assert_array_equal(Greedy(3).feedback_weights(obs, {}), [[0.0], [-2.0], [2.0], [1.0]])


def test_each_neuron_has_its_own_strongest_listener():
    obs = Observation(xp=xp, attention=np.array([[3.0, 1.0], [1.0, -3.0]]))
    np.testing.assert_array_equal(Greedy().feedback_weights(obs, {}), [[3.0, 0.0], [0.0, -3.0]])


def one_bit_apart(size, dtype):
    """The number, and its neighbours below and above."""
    size = np.asarray(size, dtype)
    return size, np.nextafter(size, dtype(0)), np.nextafter(size, dtype(np.inf))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("library", BACKENDS)
def test_listeners_tied_up_to_rounding_are_equal(library, dtype):
    space = BACKENDS[library]
    for paid in one_bit_apart(0.7, dtype):
        attention = np.array([[0.7], [-paid], [0.3], [0.0]], dtype)
        for top in (1, 2, 3):
            feedback_weights = plain(Greedy(top).feedback_weights(Observation(xp=space, attention=array(space, attention)), {}))
            followed = [[True], [True], [top == 3], [False]]
            np.testing.assert_array_equal(feedback_weights, np.where(followed, attention, 0))


@pytest.mark.parametrize("dtype, gap", [(np.float32, 1e-4), (np.float64, 1e-10)])
def test_listeners_weaker_by_more_than_rounding_are_excluded(dtype, gap):
    obs = Observation(xp=xp, attention=np.array([[0.7], [-0.7 * (1 - gap)]], dtype))
    np.testing.assert_array_equal(Greedy().feedback_weights(obs, {}) != 0, [[True], [False]])


@pytest.mark.parametrize("name", ENGINES)
def test_rounding_does_not_choose_listeners_in_a_game(name):
    """Two of three outputs pay the last hidden layer equally, but for the last bit."""
    setup = game(Greedy())
    size = np.abs(setup.network.weights[2][0]) + 1.0
    states = []
    for paid in one_bit_apart(size, np.float64):
        attention = np.stack((size, -paid, np.full(4, 0.1)))
        network = replace(setup.network, weights=(*setup.network.weights[:2], attention))
        states.append(play(ENGINES[name](replace(setup, network=network)), 1).state())
    assert max(max_difference(states[0], state) for state in states[1:]) <= 1e-14


@pytest.mark.parametrize("more", [0, 1, 100])
def test_all_listeners_equal_attention_seeking(more):
    obs = example_observation()
    listeners = obs.attention.shape[0]
    np.testing.assert_array_equal(Greedy(listeners + more).feedback(obs, {}), AttentionSeeking().feedback(obs, {}))


def test_greedy_is_the_limit_of_a_large_exponent():
    """Up to its length, which the exponent changes."""
    obs = example_observation()
    far = AttentionSeeking(p=200).feedback(obs, {})
    near = Greedy().feedback(obs, {})
    np.testing.assert_allclose(far / np.linalg.norm(far, axis=0), near / np.linalg.norm(near, axis=0), atol=1e-6)


@pytest.mark.parametrize("top", [0, -1, 1.0, 2.5, True, "1", None])
def test_bad_tops_are_refused(top):
    with pytest.raises(NeuroNetError, match="top must be an integer of 1 or more, got "):
        Greedy(top)

"""Greedy against its closed form."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation
from neuronet.policies import AttentionSeeking, Greedy
from neuronet.testing import glimpse

# few values, so that there are many ties
ATTENTION = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.sampled_from([-2, -1, -0.5, 0, 1, 2])
)


def weighing_by_hand(top, attention):
    weighing = np.zeros_like(attention)
    listeners, neurons = attention.shape
    for j in range(neurons):
        paid = sorted((abs(attention[k, j]) for k in range(listeners)), reverse=True)
        least = paid[min(top, listeners) - 1]
        for k in range(listeners):
            if abs(attention[k, j]) >= least:
                weighing[k, j] = attention[k, j]
    return weighing


@given(ATTENTION, st.integers(1, 8))
def test_the_strongest_listeners_are_followed(attention, top):
    seen = Observation(xp=xp, attention=attention)
    np.testing.assert_array_equal(Greedy(top).weighing(seen, {}), weighing_by_hand(top, attention))


def test_who_pays_as_much_as_the_last_is_followed_too():
    seen = Observation(xp=xp, attention=np.array([[0.5], [-2.0], [2.0], [1.0]]))
    np.testing.assert_array_equal(Greedy(1).weighing(seen, {}), [[0.0], [-2.0], [2.0], [0.0]])
    np.testing.assert_array_equal(Greedy(2).weighing(seen, {}), [[0.0], [-2.0], [2.0], [0.0]])
    np.testing.assert_array_equal(Greedy(3).weighing(seen, {}), [[0.0], [-2.0], [2.0], [1.0]])


def test_each_neuron_follows_its_own_favourite():
    seen = Observation(xp=xp, attention=np.array([[3.0, 1.0], [1.0, -3.0]]))
    np.testing.assert_array_equal(Greedy().weighing(seen, {}), [[3.0, 0.0], [0.0, -3.0]])


@pytest.mark.parametrize("more", [0, 1, 100])
def test_who_follows_everybody_seeks_attention(more):
    seen = glimpse()
    listeners = seen.attention.shape[0]
    np.testing.assert_array_equal(Greedy(listeners + more).feedback(seen, {}), AttentionSeeking().feedback(seen, {}))


def test_greedy_is_the_limit_of_a_large_exponent():
    """Up to its length, which the exponent changes."""
    seen = glimpse()
    far = AttentionSeeking(p=200).feedback(seen, {})
    near = Greedy().feedback(seen, {})
    np.testing.assert_allclose(far / np.linalg.norm(far, axis=0), near / np.linalg.norm(near, axis=0), atol=1e-6)


@pytest.mark.parametrize("top", [0, -1, 1.0, 2.5, True, "1", None])
def test_bad_tops_are_refused(top):
    with pytest.raises(NeuroNetError, match="top must be an integer of 1 or more, got "):
        Greedy(top)

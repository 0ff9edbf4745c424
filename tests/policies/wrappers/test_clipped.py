"""Clipped against its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Clipped, DirectFeedback, Greedy, Noisy
from neuronet.testing import example_observation


@pytest.mark.parametrize("bound", [1e-3, 0.5, 2])
@pytest.mark.parametrize("policy", [AttentionSeeking(), Greedy()])
def test_feedback_is_clipped_per_sample(policy, bound):
    obs = example_observation()
    free = policy.feedback(obs, {})
    expected = [[min(max(value, -bound), bound) for value in row] for row in free.tolist()]
    np.testing.assert_array_equal(Clipped(policy, bound).feedback(obs, {}), expected)
    assert np.abs(free).max() > bound or bound == 2


def test_a_wide_bound_changes_nothing():
    obs = example_observation()
    np.testing.assert_array_equal(Clipped(bound=1e6).feedback(obs, {}), AttentionSeeking().feedback(obs, {}))


def test_inner_noise_is_bounded_and_outer_noise_is_not():
    obs = example_observation()
    assert np.abs(Clipped(Noisy(sigma=5.0), bound=0.1).feedback(obs, {})).max() == 0.1
    assert np.abs(Noisy(Clipped(bound=0.1), sigma=5.0).feedback(obs, {})).max() > 0.1


def test_needs_and_memory_are_those_of_the_wrapped_policy():
    assert Clipped(DirectFeedback()).needs == {"broadcast"}
    assert Clipped(DirectFeedback()).memory_axes == {"policy.direct": "JO"}


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": Greedy}, "wraps a policy, got the class"),
        ({"policy": None}, "wraps a policy, got None"),
        ({"bound": 0}, "bound must be a finite number above 0, got 0"),
        ({"bound": float("inf")}, "bound must be a finite number above 0, got inf"),
        ({"bound": float("nan")}, "bound must be a finite number above 0, got nan"),
        ({"bound": "1"}, "bound must be a finite number above 0, got '1'"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        Clipped(**parameters)

"""Best response: no other move of the same length gains more, and small ones follow attention-seeking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, BestResponse
from neuronet.testing import SyntheticLayer, example_observation

RATE = 20.0
"""A learning rate at which moves make listeners change their minds."""

SCENES = st.builds(
    lambda seed, samples, listeners, sparse: SyntheticLayer(
        (seed,), lengths={"B": samples, "J": 3, "K": listeners}, sparse=sparse
    ),
    st.integers(0, 2**20),
    st.integers(1, 7),
    st.integers(1, 6),
    st.booleans(),
)
RADII = st.sampled_from([0.01, 0.3, 1.0, 10.0])


def look(scene, rate=RATE):
    obs = example_observation(scene)
    obs.learning_rate = rate
    return obs


def attention_after(obs, neuron, moves):
    """What each listener pays the neuron after the response to its moved activity, as a round is defined: (N, B) to (N, K)."""
    said = obs.activity[:, neuron] + moves
    intended = np.mean(said[:, :, None] * obs.demand, axis=1)
    return obs.attention[:, neuron] + obs.learning_rate * intended * obs.listener_mask[:, neuron]


def utility_after(obs, neuron, moves):
    return 0.5 * np.sum(attention_after(obs, neuron, moves) ** 2, axis=1)


def moves(policy, obs):
    """Each neuron's move: along its feedback, as far as it may."""
    feedback = policy.feedback(obs, {})
    reach = policy.radius * np.sqrt(len(feedback))
    return [reach * direction / np.linalg.norm(direction) for direction in feedback.T]


@given(SCENES, RADII)
def test_no_random_move_gains_more(scene, radius):
    obs = look(scene)
    for neuron, move in enumerate(moves(BestResponse(radius), obs)):
        others = np.random.default_rng(1).standard_normal((300, len(move)))
        others[::2] = move / np.linalg.norm(move) + 0.2 * others[::2]
        others *= np.linalg.norm(move) / np.linalg.norm(others, axis=1, keepdims=True)
        own = utility_after(obs, neuron, move[None])[0]
        assert own >= utility_after(obs, neuron, others).max() * (1 - 1e-12)


@pytest.mark.parametrize("radius", [0.01, 0.3, 1.0, 10.0])
@pytest.mark.parametrize("seed", range(2))
def test_numerical_optimizers_find_no_better_move(seed, radius):
    obs = look(SyntheticLayer((seed,), lengths={"B": 4, "J": 2, "K": 3}))
    for neuron, move in enumerate(moves(BestResponse(radius), obs)):
        reach, own = np.linalg.norm(move), utility_after(obs, neuron, move[None])[0]

        def loss(direction, neuron=neuron, reach=reach, own=own):
            return 1 - utility_after(obs, neuron, reach * direction[None] / np.linalg.norm(direction))[0] / own

        starts = np.random.default_rng(seed).standard_normal((6, len(move)))
        found = min(minimize(loss, start, method="BFGS").fun for start in starts)
        assert -1e-9 <= found <= 1e-6


@given(SCENES, RADII)
def test_feedback_is_weighted_by_the_earned_attention(scene, radius):
    obs = look(scene)
    policy = BestResponse(radius)
    feedback_weights = policy.feedback_weights(obs, {})
    for neuron, move in enumerate(moves(policy, obs)):
        np.testing.assert_allclose(feedback_weights[:, neuron], attention_after(obs, neuron, move[None])[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("radius", [1e-3, 1e-5])
def test_small_moves_equal_attention_seeking_with_foresight(radius):
    obs = look(SyntheticLayer())
    feedback = BestResponse(radius).feedback(obs, {})
    limit = AttentionSeeking(foresight=1).feedback(obs, {})
    max_difference = np.abs(feedback - limit).max() / np.abs(limit).max()
    assert max_difference < 100 * radius
    assert max_difference > radius / 100


def test_hard_case_gives_one_of_the_best_moves():
    """Nothing pulls it along the listeners' leading direction, and yet it should go there."""
    obs = look(SyntheticLayer(lengths={"B": 6, "J": 3, "K": 4}))
    matrix = RATE / 6 * obs.demand.T
    leading = np.linalg.svd(matrix)[0][:, 0]
    coming = obs.attention + RATE * obs.response
    obs.attention = obs.attention - np.outer(leading, leading @ coming)
    for neuron, move in enumerate(moves(BestResponse(30.0), obs)):
        start = obs.attention[:, neuron] + matrix @ obs.activity[:, neuron]
        lam = np.linalg.norm(matrix, 2) ** 2
        np.testing.assert_allclose(lam * move - matrix.T @ (matrix @ move + start), 0, atol=1e-8 * lam * np.linalg.norm(move))
        assert abs(np.linalg.svd(matrix)[2][0] @ move) > 1


def test_zero_demand_gives_zero_move():
    obs = look(SyntheticLayer(zero_fields=("demand",)))
    np.testing.assert_array_equal(BestResponse().feedback_weights(obs, {}), obs.attention)


def test_nan_demand_gives_nan_feedback():
    obs = look(SyntheticLayer())
    obs.demand = np.full_like(obs.demand, np.nan)
    obs.response = np.full_like(obs.response, np.nan)
    assert np.isnan(BestResponse().feedback(obs, {})).all()


@pytest.mark.parametrize("radius", [0, -1.0, float("inf"), float("nan"), "1", None])
def test_bad_radii_are_refused(radius):
    with pytest.raises(NeuroNetError, match="radius must be a finite number above 0, got "):
        BestResponse(radius)

"""Attention-seeking against its closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.utility import LogTotal, Measure, Power, Saturating
from neuronet.policies import AttentionSeeking
from neuronet.testing import SyntheticLayer, example_observation
from neuronet.theory.inflation import inflated
from neuronet.theory.test_case import ENGINES, make_case

SCENES = st.builds(
    lambda seed, samples, neurons, listeners, sparse: SyntheticLayer(
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


def feedback_by_hand(p, foresight, obs):
    """Equation (1) for every sample and neuron, listener by listener."""
    samples, neurons = obs.activity.shape
    listeners = obs.attention.shape[0]
    feedback = np.zeros((samples, neurons))
    for x in range(samples):
        for j in range(neurons):
            for k in range(listeners):
                response = sum(obs.demand[y, k] * obs.activity[y, j] for y in range(samples)) / samples
                reckoned = response if obs.attention[k, j] else 0.0  # who does not listen does not respond
                expected = obs.attention[k, j] + foresight * obs.learning_rate * reckoned
                feedback[x, j] += slope_by_hand(p, expected) * obs.demand[x, k]
    return feedback


@given(SCENES, st.sampled_from([1, 1.5, 2, 2.0, 3, 7.5]), st.sampled_from([0, 0.3, 1]))
def test_feedback_is_equation_1(scene, p, foresight):
    obs = example_observation(scene)
    expected = feedback_by_hand(p, foresight, obs)
    np.testing.assert_allclose(AttentionSeeking(p, foresight).feedback(obs, {}), expected, rtol=1e-10, atol=1e-12)


@given(SCENES, st.sampled_from([1.5, 2.0, 3.0]))
def test_feedback_with_foresight_is_the_gradient_of_future_attention(scene, p):
    """By finite differences: move one thing a neuron says, and see what attention it holds after the response."""
    obs = example_observation(scene)
    listens = obs.attention != 0
    batch = obs.activity.shape[0]

    def to_come(activity):
        after = obs.attention + obs.learning_rate * (obs.demand.T @ activity / batch) * listens
        return np.sum(np.abs(after) ** p / p, axis=0)

    gradient = np.zeros_like(obs.activity)
    step = 1e-6
    for x in range(batch):
        move = np.zeros_like(obs.activity)
        move[x] = step
        gradient[x] = (to_come(obs.activity + move) - to_come(obs.activity - move)) / (2 * step)
    feedback = AttentionSeeking(p, foresight=1).feedback(obs, {})
    np.testing.assert_allclose(gradient, obs.learning_rate / batch * feedback, rtol=1e-4, atol=1e-8)


def test_p_1_counts_signs():
    obs = example_observation()
    np.testing.assert_array_equal(AttentionSeeking(p=1).feedback_weights(obs, {}), np.sign(obs.attention))


@pytest.mark.parametrize("p", [2, 2.0])
def test_p_2_returns_the_attention_without_a_copy(p):
    obs = example_observation()
    assert AttentionSeeking(p).feedback_weights(obs, {}) is obs.attention


def test_only_foresight_needs_the_response():
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


# What each measure makes of one neuron's attention (K,), written a second time for torch.
WORTH = {
    "power": lambda u, p: (u.abs() ** p / p).sum(),
    "log": lambda u, p: (1 + (u.abs() ** p / p).sum()).log(),
    "saturating": lambda u, p: (1 - 1 / (1 + u.abs() ** p / p)).sum(),
}


def gradient_to_come(obs, worth, *, foresight=1.0, volume="none"):
    """By autograd: the slope of each neuron's utility after the response in what it says, per eta / B, (B, J).

    volume: "none" for plain attention; scaled by the standard deviation, it is "fixed" if that is held fixed, else "moving".
    """
    activity = torch.tensor(obs.activity, requires_grad=True)
    attention, demand, there = (torch.tensor(each) for each in (obs.attention, obs.demand, obs.listener_mask))
    response = there * (demand.T @ activity) / len(activity)
    # a myopic neuron takes the slope where attention is now
    expected = attention + obs.learning_rate * (response - (1 - foresight) * response.detach())
    if volume != "none":
        deviation = activity.std(dim=0, correction=0)
        expected = expected * (deviation.detach() if volume == "fixed" else deviation)
    utility = sum(worth(column) for column in expected.T)
    (gradient,) = torch.autograd.grad(utility, activity)
    return gradient.numpy() * len(activity) / obs.learning_rate


by_measure = pytest.mark.parametrize("measure", WORTH)
by_exponent = pytest.mark.parametrize("p", [1.5, 2.0, 3.0])


@by_measure
@by_exponent
@pytest.mark.parametrize("foresight", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("scaled", [False, True])
def test_feedback_is_the_gradient_by_autograd(measure, p, foresight, scaled):
    obs = example_observation(SyntheticLayer(sparse=True))
    expected = gradient_to_come(obs, lambda u: WORTH[measure](u, p), foresight=foresight, volume="fixed" if scaled else "none")
    feedback = AttentionSeeking(p, foresight, measure, scaled).feedback(obs, {})
    np.testing.assert_allclose(feedback, expected, rtol=1e-9, atol=1e-12)


@by_measure
@by_exponent
def test_scaled_feedback_is_the_finite_difference_at_fixed_scale(measure, p):
    obs = example_observation()
    samples = len(obs.activity)
    yardstick = obs.activity.std(axis=0)

    def to_come(activity):
        after = yardstick * (obs.attention + obs.learning_rate * obs.demand.T @ activity / samples)
        return [float(WORTH[measure](torch.tensor(column), p)) for column in after.T]

    gradient = np.zeros_like(obs.activity)
    for x in range(samples):
        move = np.zeros_like(obs.activity)
        move[x] = 1e-5
        gradient[x] = np.subtract(to_come(obs.activity + move), to_come(obs.activity - move)) / 2e-5
    feedback = AttentionSeeking(p, 1, measure, scaled=True).feedback(obs, {})
    np.testing.assert_allclose(gradient, obs.learning_rate / samples * feedback, rtol=1e-4, atol=1e-8)


@by_exponent
def test_scaled_feedback_omits_the_term_that_increases_activity(p):
    """The whole slope has a second term: the neuron's own deviation from its mean, by a positive factor of the order 1 / eta."""
    obs = example_observation()
    whole = gradient_to_come(obs, lambda u: WORTH["power"](u, p), volume="moving")
    left_out = whole - AttentionSeeking(p, 1, scaled=True).feedback(obs, {})
    volume = obs.activity.std(axis=0)
    expected = obs.attention + obs.learning_rate * obs.demand.T @ obs.activity / len(obs.activity)
    gain = np.sum(np.abs(volume * expected) ** p, axis=0) / volume  # sum_k phi'(u) u for the power measure, divided by std
    standardised = (obs.activity - obs.activity.mean(axis=0)) / volume
    np.testing.assert_allclose(left_out, gain * standardised / obs.learning_rate, rtol=1e-8, atol=1e-10)


FACTOR = 3.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@by_measure
def test_scaled_attention_is_invariant_to_rescaling(measure, p, engine):
    """(c w_in, c b, w_out / c): its synapses are c times as large, and so is their change."""
    quiet = make_case([10, 16, 12, 4], "relu").with_policy(AttentionSeeking(p, measure=measure, scaled=True))
    loud = inflated(quiet, FACTOR)
    before, after = (game.intents(engine)[0] for game in (quiet, loud))
    assert np.abs(before).max() > 0
    np.testing.assert_allclose(after, FACTOR * before, rtol=1e-10, atol=1e-14)
    worth = AttentionSeeking(p, measure=measure).worth
    records = (quiet.records(engine)[0], loud.records(engine)[0])
    utilities = [worth.utility(np, record.attention * record.activity.std(axis=0)) for record in records]
    np.testing.assert_allclose(utilities[1], utilities[0], rtol=1e-12)


def test_unscaled_change_falls_with_activity():
    quiet = make_case([10, 16, 12, 4], "relu").with_policy(AttentionSeeking())
    before, after = (game.intents("tensors")[0] for game in (quiet, inflated(quiet, FACTOR)))
    np.testing.assert_allclose(after, before / FACTOR, rtol=1e-10, atol=1e-14)


@dataclass(frozen=True)
class Cubed(Measure):
    """A measure of one's own."""

    def utility(self, xp, attention):
        return xp.sum(attention**4 / 4, axis=-2)

    def slope(self, xp, attention):
        return attention**3


@pytest.mark.parametrize(
    ("named", "given"),
    [
        (AttentionSeeking(3), Power(3)),
        (AttentionSeeking(3, measure="log"), LogTotal(3)),
        (AttentionSeeking(measure="saturating"), Saturating()),
        (AttentionSeeking(4), Cubed()),
    ],
    ids=repr,
)
def test_a_measure_can_be_given_instead_of_named(named, given):
    obs = example_observation()
    np.testing.assert_allclose(AttentionSeeking(measure=given).feedback(obs, {}), named.feedback(obs, {}), rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"measure": "logs"}, "unknown measure 'logs': did you mean 'log'"),
        ({"measure": 2}, "measure must be a name or a Measure, got 2"),
        ({"measure": None}, "measure must be a name or a Measure, got None"),
        ({"measure": Power}, "measure must be a name or a Measure, got <class"),
        (
            {"p": 3, "measure": LogTotal()},
            r"p=3 .*LogTotal",
        ),
        ({"p": 0.5, "measure": "log"}, "measure exponent p must be a finite number of 1 or more, got 0.5"),
        ({"scaled": 1}, "scaled must be true or false, got 1"),
        ({"scaled": "yes"}, "scaled must be true or false, got 'yes'"),
    ],
)
def test_bad_measures_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        AttentionSeeking(**parameters)
